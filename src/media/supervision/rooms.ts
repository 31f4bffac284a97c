import type { types } from "mediasoup";
import type { MediaCommand } from "../engine/protocol.ts";
import type { MediaWorker } from "./media-worker.ts";

/** What browser and telephone share: forwarded as it is, without transcoding (RFC 3551 §4.5.14). */
export const PCMU = { mimeType: "audio/PCMU", clockRate: 8000, channels: 1 } as const;

/** Loopback ports to and from the media thread; away from what Asterisk and the engine use. */
export const LOOPBACK_PORTS = { min: 50_000, max: 59_999 };

/** A supervised call inside the mediasoup worker. */
export interface Room {
  readonly callId: string;
  readonly router: types.Router;
  readonly webRtcServer: types.WebRtcServer;
  readonly producers: Readonly<Record<"callee" | "agent", types.Producer>>;
}

/**
 * One room per supervised call. A room is made when the first listener comes, takes a copy of both parties from the
 * media thread as PCMU over loopback, and is closed with the last listener or the call.
 */
export class Rooms {
  readonly #worker: MediaWorker;
  readonly #send: (command: MediaCommand) => void;
  readonly #rooms = new Map<string, Promise<Room | null>>();
  /** What asks for the copies of each room. */
  readonly #copies = new Map<string, Extract<MediaCommand, { type: "tap" }>>();
  #taps = 0;

  constructor(options: { worker: MediaWorker; send: (command: MediaCommand) => void }) {
    this.#worker = options.worker;
    this.#send = options.send;
  }

  /** Calls that have a room. */
  get callIds(): string[] {
    return [...this.#rooms.keys()];
  }

  /** The room of this call, made if need be; null when there is no worker. Throws when mediasoup refuses. */
  open(callId: string): Promise<Room | null> {
    const known = this.#rooms.get(callId);
    if (known) return known;
    const made: Promise<Room | null> = this.#make(callId).then(
      (room) => {
        // A room that was closed, or lost with its worker, while it was made must not stay behind in the worker.
        if (!room || this.#rooms.get(callId) === made) return this.#kept(callId, made, room);
        room.router.close();
        return null;
      },
      (thrown) => {
        if (this.#rooms.get(callId) === made) this.#rooms.delete(callId);
        throw thrown;
      },
    );
    this.#rooms.set(callId, made);
    return made;
  }

  #kept(callId: string, made: Promise<Room | null>, room: Room | null): Room | null {
    if (!room && this.#rooms.get(callId) === made) this.#rooms.delete(callId);
    return room;
  }

  async #make(callId: string): Promise<Room | null> {
    const running = await this.#worker.get();
    if (!running) return null;
    const router = await running.worker.createRouter({
      mediaCodecs: [{ kind: "audio", ...PCMU, preferredPayloadType: 0 }],
    });
    try {
      const [callee, agent] = await Promise.all([this.#entrance(router), this.#entrance(router)]);
      const tapId = `tap_${++this.#taps}`;
      const tap = {
        type: "tap",
        callId,
        tapId,
        target: {
          host: "127.0.0.1",
          calleePort: callee.port,
          calleeSsrc: callee.ssrc,
          agentPort: agent.port,
          agentSsrc: agent.ssrc,
        },
      } as const;
      router.observer.once("close", () => {
        if (this.#copies.get(callId) === tap) this.#copies.delete(callId);
        this.#send({ type: "untap", callId, tapId });
      });
      this.#copies.set(callId, tap);
      this.#send(tap);
      return {
        callId,
        router,
        webRtcServer: running.webRtcServer,
        producers: { callee: callee.producer, agent: agent.producer },
      };
    } catch (thrown) {
      router.close();
      throw thrown;
    }
  }

  /** The media thread has this call now: what was asked of it before went nowhere. */
  callOpened(callId: string): void {
    const tap = this.#copies.get(callId);
    if (tap) this.#send(tap);
  }

  /** Where one party's packets enter: a loopback port, and the SSRC they must carry. */
  async #entrance(router: types.Router): Promise<{ port: number; ssrc: number; producer: types.Producer }> {
    const transport = await router.createPlainTransport({
      listenInfo: { protocol: "udp", ip: "127.0.0.1", portRange: LOOPBACK_PORTS },
      rtcpMux: true,
      comedia: true,
    });
    const ssrc = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const producer = await transport.produce({
      kind: "audio",
      rtpParameters: { codecs: [{ ...PCMU, payloadType: 0 }], encodings: [{ ssrc }] },
    });
    return { port: transport.tuple.localPort, ssrc, producer };
  }

  /** Closes the room of this call, if there is one, and stops the copies. */
  close(callId: string): void {
    const made = this.#rooms.get(callId);
    if (!made) return;
    this.#rooms.delete(callId);
    made.then(
      (room) => room?.router.close(),
      () => {},
    );
  }

  /** Forgets all rooms: their worker is gone. The media thread is told to stop the copies. */
  forgetAll(): void {
    for (const callId of this.callIds) this.close(callId);
  }
}
