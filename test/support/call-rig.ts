import type { NoticeTone, SupervisionMode } from "../../src/core/supervision.ts";
import { FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE } from "../../src/media/audio/frame.ts";
import { encodeUlaw } from "../../src/media/audio/g711.ts";
import { writeRtpHeader } from "../../src/media/audio/rtp.ts";
import type { CarrierLeg, LegSink } from "../../src/media/carriers/leg.ts";
import { Engine } from "../../src/media/engine/engine.ts";
import { Meters } from "../../src/media/engine/meters.ts";
import type { MediaCommand, MediaEvent, OpenCall } from "../../src/media/engine/protocol.ts";
import type { Transcriber, TranscriberSink } from "../../src/media/voices/transcriber.ts";
import type { CutItem, LastWords, Voice, VoiceSink } from "../../src/media/voices/voice.ts";

/** One frame of a sine in µ-law; `phase` in frames keeps it continuous. */
export const toneFrame = (hz: number, phase: number, amplitude = 8000): Uint8Array => {
  const frame = new Uint8Array(FRAME_SAMPLES);
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const at = phase * FRAME_SAMPLES + i;
    frame[i] = encodeUlaw(Math.round(amplitude * Math.sin((2 * Math.PI * hz * at) / 8000)));
  }
  return frame;
};

/** `ms` of a sine in µ-law. */
export const toneBytes = (hz: number, ms: number): Uint8Array => {
  const bytes = new Uint8Array(ms * 8);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = encodeUlaw(Math.round(8000 * Math.sin((2 * Math.PI * hz * i) / 8000)));
  return bytes;
};

export const SILENT = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);

/** A callee's leg that keeps what it is given; the test speaks for it through `sink`. */
export class FakeLeg implements CarrierLeg {
  readonly counters = {
    packetsReceived: 0,
    packetsLost: 0,
    packetsLate: 0,
    packetsReordered: 0,
    packetsDuplicate: 0,
    framesConcealed: 0,
    jitterMs: 0,
  };
  readonly port = 0;
  readonly sent: { frame: Uint8Array; talkspurt: boolean; atMs: number }[] = [];
  skipped = 0;
  closed = 0;
  throwOnSend = false;
  throwOnClose = false;
  constructor(
    readonly sink: LegSink,
    readonly nowMs: () => number,
  ) {}
  setRemote(): void {}
  answered(): void {}
  send(frame: Uint8Array, talkspurt: boolean): void {
    if (this.throwOnSend) throw new Error("the leg is broken");
    this.sent.push({ frame: frame.slice(), talkspurt, atMs: this.nowMs() });
  }
  skip(frames: number): void {
    this.skipped += frames;
  }
  tick(): void {}
  close(): void {
    this.closed++;
    if (this.throwOnClose) throw new Error("the leg cannot be closed");
  }
}

/** A voice that keeps what it hears; the test speaks for it through `sink`. */
export class FakeVoice implements Voice, LastWords {
  heard = 0;
  prepared = 0;
  isAnswered = 0;
  openings = 0;
  played = 0;
  closed = 0;
  heardOut = 0;
  owesWords = false;
  said: string[] = [];
  results: [string, string, boolean][] = [];
  interruptions: CutItem[][] = [];
  guided: [string, boolean][] = [];
  held = 0;
  resumed: { said: readonly string[]; note: string }[] = [];
  /** Frames it heard, kept only when a test asks for them. */
  ear: Uint8Array[] | null = null;
  constructor(readonly sink: VoiceSink) {}
  prepare(): void {
    this.prepared++;
  }
  answered(): void {
    this.isAnswered++;
  }
  hear(frame: Uint8Array): void {
    this.heard++;
    this.ear?.push(frame.slice());
  }
  interrupted(cuts: readonly CutItem[]): void {
    this.interruptions.push([...cuts]);
  }
  openingOver(): void {
    this.openings++;
  }
  playedOut(): void {
    this.played++;
  }
  toolResult(id: string, output: string, respond: boolean): void {
    this.results.push([id, output, respond]);
  }
  hearOut(): void {
    this.heardOut++;
  }
  say(instructions: string): void {
    this.said.push(instructions);
  }
  guide(text: string, now: boolean): void {
    this.guided.push([text, now]);
  }
  hold(): void {
    this.held++;
  }
  resume(said: readonly string[], note: string): void {
    this.resumed.push({ said, note });
  }
  tick(): void {}
  close(): void {
    this.closed++;
  }
  /** Says `ms` of a tone as one utterance. */
  speak(item: number, ms: number, text = `line ${item}`, hz = 440): void {
    const bytes = toneBytes(hz, ms);
    this.sink.voiceAudio(item, bytes, 0, bytes.length);
    this.sink.voiceText(item, text, true);
    this.sink.voiceItemEnded(item);
  }
}

/** A transcriber that keeps what it hears; the test writes for it through `sink`. */
export class FakeTranscriber implements Transcriber {
  heard = 0;
  utterances = 0;
  closed = 0;
  owesWords = false;
  constructor(readonly sink: TranscriberSink) {}
  hear(): void {
    this.heard++;
  }
  utteranceEnded(): void {
    this.utterances++;
  }
  tick(): void {}
  close(): void {
    this.closed++;
  }
}

/** An engine in the test's own thread, with moved time, fake legs and fake voices. */
export class CallRig {
  now = 1000;
  readonly events: MediaEvent[] = [];
  readonly legs = new Map<string, FakeLeg>();
  readonly voices = new Map<string, FakeVoice>();
  readonly transcribers: FakeTranscriber[] = [];
  readonly meters = new Meters();
  readonly taps: { port: number; packet: Uint8Array }[] = [];
  readonly engine: Engine;
  #legsOpened: string[] = [];
  #requests = 0;
  readonly #sequences = new Map<number, number>();

  constructor(noticeTone: NoticeTone = "off") {
    let opening = "";
    this.engine = new Engine({
      emit: (event) => this.events.push(event),
      meters: this.meters,
      nowMs: () => this.now,
      openLeg: async (_settings, sink) => {
        opening = (sink as unknown as { callId: string }).callId;
        const leg = new FakeLeg(sink, () => this.now);
        this.legs.set(opening, leg);
        this.#legsOpened.push(opening);
        return leg;
      },
      openVoice: (_settings, sink) => {
        const voice = new FakeVoice(sink);
        this.voices.set(opening, voice);
        return voice;
      },
      openTranscriber: (_settings, sink) => {
        const transcriber = new FakeTranscriber(sink);
        this.transcribers.push(transcriber);
        return transcriber;
      },
      noticeTone,
      sendTap: (packet, port) => this.taps.push({ port, packet: packet.slice() }),
    });
  }

  /** Sends a command and waits until it is obeyed. */
  async do(command: MediaCommand): Promise<void> {
    await this.engine.handle(command);
  }

  /** Opens a call and answers it. */
  async call(
    callId = "c1",
    recordingPath: string | null = null,
    supervisorPath: string | null = null,
  ): Promise<{ leg: FakeLeg; voice: FakeVoice }> {
    const brief = { instructions: "", opening: "", language: "en", tools: [] };
    const voice: OpenCall["voice"] = { kind: "scripted", seed: 1, brief, lines: [] };
    await this.do({ type: "open", call: { callId, leg: { kind: "rtp" }, voice, recordingPath, supervisorPath } });
    await this.do({ type: "answer", callId });
    return { leg: this.legs.get(callId)!, voice: this.voices.get(callId)! };
  }

  /** Moves time on by whole ticks; before each, `each` may speak for the callee. */
  run(ms: number, each?: (tick: number) => void): void {
    for (let tick = 0; tick < ms / FRAME_MS; tick++) {
      this.now += FRAME_MS;
      each?.(tick);
      this.engine.tick(this.now, 0);
    }
  }

  /** The callee speaks (or, with null, is silent) for `ms`. */
  hear(callId: string, hz: number | null, ms: number): void {
    const leg = this.legs.get(callId)!;
    this.run(ms, (tick) => leg.sink.calleeFrame(hz === null ? SILENT : toneFrame(hz, tick), this.now));
  }

  /** Asks for a mode; the speaker's stream is `ssrc`. */
  async supervise(callId: string, mode: SupervisionMode, ssrc: number | null = 77, note = ""): Promise<void> {
    const transcriber = { kind: "scripted" as const, lines: [] };
    await this.do({ type: "supervise", callId, request: ++this.#requests, mode, ssrc, transcriber, note });
  }

  /** A packet of a supervisor comes in: the next of its stream. */
  talk(frame: Uint8Array, ssrc = 77): void {
    const sequence = this.#sequences.get(ssrc) ?? 0;
    this.#sequences.set(ssrc, sequence + 1);
    const packet = new Uint8Array(12 + frame.length);
    writeRtpHeader(packet, 0, sequence & 0xffff, (sequence * FRAME_SAMPLES) >>> 0, ssrc, false);
    packet.set(frame, 12);
    this.engine.speakers.receive(packet, this.now);
  }

  /** Events of one type, in order. */
  of<T extends MediaEvent["type"]>(type: T): Extract<MediaEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<MediaEvent, { type: T }> => event.type === type);
  }
}

/** Whether a frame holds sound. */
export const isSpeech = (frame: Uint8Array): boolean => frame.some((byte) => byte !== ULAW_SILENCE && byte !== 0x7f);
