import { messageOf } from "../../core/errors.ts";
import type { NoticeTone } from "../../core/supervision.ts";
import type { CarrierLeg, LegSink } from "../carriers/leg.ts";
import type { OpenTranscriber } from "../voices/transcriber.ts";
import type { LastWords, Listener, Voice, VoiceSink } from "../voices/voice.ts";
import { Bridge } from "./bridge.ts";
import { CalleeNotice, noticeTone } from "./callee-notice.ts";
import { MAX_ENGINE_CALLS, type Meters, TICK } from "./meters.ts";
import type { CarrierLegSettings, MediaCommand, MediaEvent, OpenCall, VoiceSettings } from "./protocol.ts";
import { Recorder, WriteBuffers } from "./recorder.ts";
import { SpeakerStreams } from "./speaker-streams.ts";
import { type SendPacket, Tap } from "./tap.ts";

/** Makes the callee's end of a call; rejects with an `OutsideError` when it cannot be had. */
export type OpenLeg = (settings: CarrierLegSettings, sink: LegSink) => Promise<CarrierLeg>;
/** Makes the voice's end of a call. */
export type OpenVoice = (settings: VoiceSettings, sink: VoiceSink) => Voice & Partial<Listener & LastWords>;

/** What an engine needs from where it runs. */
export interface EngineDeps {
  emit: (event: MediaEvent) => void;
  meters: Meters;
  /** Monotonic ms. */
  nowMs: () => number;
  openLeg: OpenLeg;
  openVoice: OpenVoice;
  openTranscriber: OpenTranscriber;
  /** Sends packets of supervisors' taps. */
  sendTap: SendPacket;
  /** When callees are told by a tone of whoever else is on the line. Default `off`. */
  noticeTone?: NoticeTone;
}

/** A tick this much after its deadline counts as late, in ms. */
const LATE_TICK_MS = 5;

/**
 * All live calls of one thread. It obeys commands, and everything in it moves on `tick`, which visits every call once
 * in 20 ms. A call that throws is ended; the others do not notice. The same engine runs in the media thread and, with
 * moved time, inside tests.
 */
export class Engine {
  /** Takes the packets of supervisors who speak. */
  readonly speakers = new SpeakerStreams();
  readonly #deps: EngineDeps;
  readonly #calls = new Map<string, Bridge>();
  /** Calls whose leg is being opened; false once they were closed meanwhile. */
  readonly #opening = new Map<string, boolean>();
  readonly #freeSlots: number[] = Array.from({ length: MAX_ENGINE_CALLS }, (_, i) => MAX_ENGINE_CALLS - 1 - i);
  readonly #writeBuffers = new WriteBuffers();
  readonly #noticeTone = noticeTone();
  #ticks = 0;
  #lateTicks = 0;
  #maxLatenessMs = 0;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  /** Calls that are open. */
  get size(): number {
    return this.#calls.size;
  }

  /** Obeys one command; what it leads to is told by events. Never throws. */
  async handle(command: MediaCommand): Promise<void> {
    if (command.type === "open") return await this.#open(command.call);
    if (command.type === "shutdown") return await this.#shutdown();
    const call = this.#calls.get(command.callId);
    if (!call) {
      if (command.type === "close" && this.#opening.has(command.callId)) this.#opening.set(command.callId, false);
      return;
    }
    try {
      await this.#obey(call, command);
    } catch (thrown) {
      call.fail(`the call broke on ${command.type}: ${messageOf(thrown)}`);
    }
  }

  async #obey(call: Bridge, command: Exclude<MediaCommand, { type: "open" | "shutdown" }>): Promise<void> {
    switch (command.type) {
      case "remote":
        return call.leg?.setRemote(command.host, command.port);
      case "prepare":
        return call.prepare();
      case "answer":
        return call.answer();
      case "tool-result":
        return call.toolResult(command.toolCallId, command.output, command.respond, command.spoken);
      case "say":
        return call.say(command.instructions, command.now ?? false, command.spoken);
      case "play":
        return call.play(command.line);
      case "drain":
        return call.drain(command.maxMs, command.expectSpeech, command.firm ?? false);
      case "tap":
        return call.tap(command.tapId, new Tap(command.target, this.#deps.sendTap));
      case "untap":
        return call.untap(command.tapId);
      case "supervise":
        return call.supervise(command);
      case "away":
        return call.away(command.on, command.note);
      case "guide":
        return call.guide(command.text, command.now);
      case "talk-ended":
        return call.talkEnded();
      case "hold-phrase":
        return call.holdPhrase(command.line);
      case "close":
        return await this.#close(call);
    }
  }

  async #open(open: OpenCall): Promise<void> {
    const { callId } = open;
    const { emit, meters, nowMs, openTranscriber } = this.#deps;
    const { supervisorPath } = open;
    const buffers = this.#writeBuffers;
    if (this.#calls.has(callId) || this.#opening.has(callId)) return;
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return emit({ type: "open-failed", callId, detail: "the media engine is full" });
    this.#opening.set(callId, true);
    let leg: CarrierLeg | null = null;
    let recorder: Recorder | null = null;
    try {
      const report = (detail: string) => emit({ type: "log", level: "error", message: detail, fields: { callId } });
      if (open.recordingPath !== null) recorder = new Recorder(open.recordingPath, report, buffers);
      const openSupervisorRecorder = (startFrame: number): Recorder | null => {
        if (supervisorPath === null) return null;
        try {
          return new Recorder(supervisorPath, report, buffers, { channels: 1, startFrame });
        } catch (thrown) {
          report(`supervisors' speech cannot be recorded: ${messageOf(thrown)}`);
          return null;
        }
      };
      const seams = { openTranscriber, streams: this.speakers, openSupervisorRecorder };
      const notice = this.#noticeFor(callId);
      const bridge = new Bridge({ callId, slot, meters, nowMs, emit, recorder, notice, ...seams });
      leg = await this.#deps.openLeg(open.leg, bridge);
      bridge.join(leg, this.#deps.openVoice(open.voice, bridge));
      this.#calls.set(callId, bridge);
      const wanted = this.#opening.get(callId);
      this.#opening.delete(callId);
      if (!wanted) return await this.#close(bridge);
      emit({ type: "opened", callId, port: leg.port, slot });
    } catch (thrown) {
      this.#opening.delete(callId);
      this.#freeSlots.push(slot);
      emit({ type: "open-failed", callId, detail: messageOf(thrown) });
      leg?.close();
      await recorder?.close();
    }
  }

  #noticeFor(callId: string): CalleeNotice | null {
    const { noticeTone: when = "off", emit } = this.#deps;
    if (when === "off") return null;
    return new CalleeNotice(when, this.#noticeTone, (why) => emit({ type: "notice-tone", callId, why }));
  }

  async #close(call: Bridge): Promise<void> {
    // It is visited by the tick until the callee's last words have come.
    await call.close();
    if (this.#calls.delete(call.callId)) this.#freeSlots.push(call.slot);
  }

  async #shutdown(): Promise<void> {
    for (const callId of this.#opening.keys()) this.#opening.set(callId, false);
    await Promise.all([...this.#calls.values()].map((call) => this.#close(call)));
  }

  /** One 20 ms beat of all calls, due at `deadlineMs`; `skipped` beats before it were given up after a stall. */
  tick(deadlineMs: number, skipped: number): void {
    const started = this.#deps.nowMs();
    for (const call of this.#calls.values()) {
      try {
        call.tick(deadlineMs, skipped);
      } catch (thrown) {
        call.fail(`the call broke while it ran: ${messageOf(thrown)}`);
      }
    }
    this.#measure(started - deadlineMs, this.#deps.nowMs() - started, skipped);
  }

  #measure(latenessMs: number, busyMs: number, skipped: number): void {
    const { meters } = this.#deps;
    this.#ticks += 1 + skipped;
    if (latenessMs > LATE_TICK_MS || skipped > 0) this.#lateTicks += 1 + skipped;
    if (latenessMs > this.#maxLatenessMs) this.#maxLatenessMs = latenessMs;
    meters.setTick(TICK.ticks, this.#ticks);
    meters.setTick(TICK.lateTicks, this.#lateTicks);
    meters.setTick(TICK.lastLatenessMs, latenessMs);
    meters.setTick(TICK.maxLatenessMs, this.#maxLatenessMs);
    meters.setTick(TICK.busyMs, busyMs);
    meters.setTick(TICK.calls, this.#calls.size);
  }
}
