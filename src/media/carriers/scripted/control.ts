import type { Disposition, HangupCause } from "../../../core/call.ts";
import type { Schedule } from "../../../core/clock.ts";
import type { Log } from "../../../core/log.ts";
import { MAX_ENGINE_CALLS } from "../../engine/meters.ts";
import type { SpokenLine } from "../../engine/protocol.ts";
import { demoScript } from "../../voices/demo-script.ts";
import type { CallSubject, CarrierControl, CarrierListener, OriginateRequest } from "../control.ts";
import { between, chanceOf, seedOf } from "./chance.ts";
import { type Persona, personaOf } from "./personas.ts";

/** From one ring to the next, in ms, as in most of Europe. */
export const RING_PERIOD_MS = 5000;
/** Between the start of the last ring and what comes of it, in ms. */
const PICK_UP_MS = [900, 2600] as const;
/** Before the network says anything about a number, in ms. */
const ROUTING_MS = [250, 700] as const;
/** From our hang-up until the network says that the call is over, in ms. */
const RELEASE_MS = 20;

const NOTHING_KNOWN: CallSubject = { action: "", context: "", calleeName: "", agentName: "", organization: "" };

/** What the scripted network is made of. */
export interface ScriptedControlParts {
  /** The same seed gives the same rings and the same words for the same number. */
  seed: number;
  /** Gives a line its sound. */
  speak: (text: string, who: "agent" | "callee") => Promise<SpokenLine>;
  schedule: Schedule;
  onEvent: CarrierListener;
  log: Pick<Log, "error">;
  /** Most calls at once; default all that an engine holds. */
  maxCalls?: number;
}

interface NetworkCall {
  answered: boolean;
  /** We have hung up; only the network's word is missing. */
  releasing: boolean;
  cancelTimer: () => void;
}

/**
 * A phone network in the process: who is reached depends on the last two digits of the number (`PERSONAS`). It knows no
 * packets, so it sends no `media` event. Key presses are taken and lead nowhere. Numbers of fewer than 3 or more than
 * 15 digits are unknown to it.
 */
export const scriptedControl = (parts: ScriptedControlParts): CarrierControl => new ScriptedControl(parts);

class ScriptedControl implements CarrierControl {
  readonly kind = "scripted";
  readonly #parts: ScriptedControlParts;
  readonly #calls = new Map<string, NetworkCall>();
  #up = false;

  constructor(parts: ScriptedControlParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#up = true;
  }

  async close(): Promise<void> {
    this.#up = false;
    for (const callId of [...this.#calls.keys()]) this.#release(callId);
  }

  health(): { state: "up" | "down"; detail: string } {
    return this.#up
      ? { state: "up", detail: "Calls stay in the process: callees are played by the machine." }
      : { state: "down", detail: "The scripted network is not started." };
  }

  capacity(): number {
    return this.#parts.maxCalls ?? MAX_ENGINE_CALLS;
  }

  async legFor(call: { callId: string; to: string; about?: CallSubject }) {
    const persona = personaOf(call.to);
    const seed = seedOf(this.#parts.seed, call.to);
    const { calleeLines } = demoScript({ ...(call.about ?? NOTHING_KNOWN), persona: persona.name, seed });
    const lines = await Promise.all(calleeLines.map((text) => this.#parts.speak(text, "callee")));
    return { kind: "scripted" as const, seed, persona: persona.name, lines };
  }

  async originate({ callId, to, timeoutMs, attempt = 1 }: OriginateRequest) {
    const persona = personaOf(to);
    if (!this.#up) return refused("trunk-failure", "the scripted network is not started");
    if (this.#calls.has(callId)) return refused("failed", "a call of this id is already on the network");
    if (this.#calls.size >= this.capacity()) return refused("trunk-failure", "all lines of the network are taken");
    if (!/^\+?\d{3,15}$/.test(to) || persona.network === "unknown") {
      return refused("invalid-number", "the network knows no such number");
    }
    const call: NetworkCall = { answered: false, releasing: false, cancelTimer: () => {} };
    this.#calls.set(callId, call);
    const isBusy = persona.network === "busy" || (persona.network === "busy-first" && attempt === 1);
    this.#route(callId, call, { persona, isBusy, seed: seedOf(this.#parts.seed, to) }, timeoutMs);
    return { ok: true as const };
  }

  async hangUp(callId: string): Promise<void> {
    const call = this.#calls.get(callId);
    if (!call || call.releasing) return;
    call.releasing = true;
    call.cancelTimer();
    call.cancelTimer = this.#parts.schedule(() => this.#release(callId), RELEASE_MS);
  }

  async sendDtmf(): Promise<void> {}

  #route(
    callId: string,
    call: NetworkCall,
    { persona, isBusy, seed }: { persona: Persona; isBusy: boolean; seed: number },
    timeoutMs: number,
  ): void {
    const chance = chanceOf(seed);
    const routingMs = between(chance, ...ROUTING_MS);
    const rings = between(chance, ...persona.rings);
    const pickUpMs = between(chance, ...PICK_UP_MS);
    const after = (ms: number, then: () => void): void => {
      call.cancelTimer = this.#parts.schedule(then, ms);
    };
    after(routingMs, () => {
      if (isBusy) return this.#end(callId, "busy", "busy", "the line is busy");
      this.#tell({ type: "ringing", callId });
      const ringsMs = persona.network === "rings" ? timeoutMs : (rings - 1) * RING_PERIOD_MS + pickUpMs;
      if (ringsMs >= timeoutMs) {
        return after(timeoutMs, () => this.#end(callId, "no-answer", "no-answer", "nobody answered in time"));
      }
      after(ringsMs, () => {
        if (persona.network === "rejects") return this.#end(callId, "rejected", "rejected", "the callee declined");
        call.answered = true;
        this.#tell({ type: "answered", callId });
      });
    });
  }

  #release(callId: string): void {
    const call = this.#calls.get(callId);
    if (!call) return;
    call.cancelTimer();
    if (call.answered) this.#end(callId, "agent-hung-up", "answered", "we hung up");
    else this.#end(callId, "cancelled", "cancelled", "ended before an answer");
  }

  #end(callId: string, cause: HangupCause, disposition: Disposition, detail: string): void {
    this.#calls.delete(callId);
    this.#tell({ type: "ended", callId, cause, disposition, detail });
  }

  #tell(event: Parameters<CarrierListener>[0]): void {
    try {
      this.#parts.onEvent(event);
    } catch (thrown) {
      this.#parts.log.error({ callId: event.callId, problem: String(thrown) }, "a listener of the carrier failed");
    }
  }
}

const refused = (why: Disposition & HangupCause, detail: string) => ({
  ok: false as const,
  disposition: why,
  cause: why,
  detail,
});
