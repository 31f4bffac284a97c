import { FRAME_MS } from "../../src/media/audio/frame.ts";
import { RtpPorts } from "../../src/media/carriers/asterisk/leg.ts";
import { realEnds } from "../../src/media/engine/ends.ts";
import { Engine } from "../../src/media/engine/engine.ts";
import type { MediaHandle, MediaMessage } from "../../src/media/engine/handle.ts";
import { Meters } from "../../src/media/engine/meters.ts";
import type { MediaCommand } from "../../src/media/engine/protocol.ts";

/** The media thread's engine in the test's own thread: the same commands and events, with time moved by hand. */
export class InProcessMedia implements MediaHandle {
  readonly meters = new Meters();
  readonly #listeners = new Set<(event: MediaMessage) => void>();
  readonly #engine: Engine;
  nowMs = 0;
  up = true;

  constructor() {
    const nowMs = () => this.nowMs;
    this.#engine = new Engine({
      emit: (event) => this.tell(event),
      meters: this.meters,
      nowMs,
      ...realEnds({ host: "127.0.0.1", ports: new RtpPorts(29_000, 29_100), nowMs }),
      sendTap: () => {},
    });
  }

  /** Events that wait to be told, as they cross a thread border in production. */
  readonly #mail: MediaMessage[] = [];
  tell(event: MediaMessage): void {
    this.#mail.push(structuredClone(event));
  }
  send(command: MediaCommand): void {
    void this.#engine.handle(structuredClone(command));
  }
  subscribe(listener: (event: MediaMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  isUp(): boolean {
    return this.up;
  }
  async close(): Promise<void> {
    await this.#engine.handle({ type: "shutdown" });
  }
  supervisorPort(): number {
    return 0;
  }
  get calls(): number {
    return this.#engine.size;
  }

  /** One tick of the engine. */
  tick(): void {
    this.nowMs += FRAME_MS;
    this.#engine.tick(this.nowMs, 0);
  }
  /** Delivers what was said to the main thread. */
  deliver(): void {
    for (const event of this.#mail.splice(0)) for (const listener of this.#listeners) listener(event);
  }
}
