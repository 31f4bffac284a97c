import { afterEach, describe, expect, test } from "bun:test";
import { FRAME_SAMPLES, ULAW_SILENCE } from "../../../src/media/audio/frame.ts";
import { Tone } from "../../../src/media/audio/tone.ts";
import type { TranscriberSettings, VoiceUsage } from "../../../src/media/engine/protocol.ts";
import { openTranscriber } from "../../../src/media/voices/open-transcriber.ts";
import type { Transcriber, TranscriberSink } from "../../../src/media/voices/transcriber.ts";
import type { RealtimeConnection } from "../../support/realtime-server/connection.ts";
import type { ConnectionScript } from "../../support/realtime-server/script.ts";
import { RealtimeServer } from "../../support/realtime-server/server.ts";
import { Wire } from "../../support/realtime-server/wire.ts";
import { PATIENCE_MS } from "../../support/until.ts";
import { WakingClock } from "../../support/waking-clock.ts";

const TONE = new Tone(300, 8000);
const SILENCE = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);

interface Told {
  key: string;
  text: string;
  startMs: number;
  endMs: number;
}

/** Turns in which all that is on its way over loopback has come. */
const SETTLED_TURNS = 15;

/** A supervisor's microphone, and what became of it. Time is that of this process, plus what a test moved it by. */
class Microphone implements TranscriberSink {
  readonly transcriber: Transcriber;
  readonly partials: string[] = [];
  readonly told: Told[] = [];
  readonly usages: VoiceUsage[] = [];
  readonly lost: string[] = [];
  readonly #frame = new Uint8Array(FRAME_SAMPLES);
  readonly #clock = new WakingClock();
  #movedMs = 0;

  constructor(settings: TranscriberSettings) {
    this.transcriber = openTranscriber(settings, this, { nowMs: () => this.nowMs });
  }

  get nowMs(): number {
    return this.#clock.nowMs() + this.#movedMs;
  }

  speak(speechMs: number, silenceMs = 0): void {
    for (let ms = 0; ms < speechMs; ms += 20) {
      TONE.fillUlaw(this.#frame, 0, FRAME_SAMPLES);
      this.transcriber.hear(this.#frame);
    }
    for (let ms = 0; ms < silenceMs; ms += 20) this.transcriber.hear(SILENCE);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const endAt = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > endAt) throw new Error(`never: ${what}; lost: ${this.lost.join(" | ")}`);
      await Bun.sleep(1);
      this.transcriber.tick(this.nowMs);
    }
  }

  async settle(ms = 40): Promise<void> {
    const endAt = this.#clock.nowMs() + ms;
    let turns = 0;
    await this.until("time passes", () => ++turns > SETTLED_TURNS && this.#clock.nowMs() > endAt);
  }

  /** Moves time on in steps of 20 ms, with room for the network between them. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 20) {
      this.#movedMs += 20;
      this.transcriber.tick(this.nowMs);
      if (left % 200 === 0) await Bun.sleep(1);
    }
  }

  supervisorText(key: string, text: string, startMs: number, endMs: number, final: boolean): void {
    if (final) this.told.push({ key, text, startMs, endMs });
    else this.partials.push(text);
  }
  usage(usage: VoiceUsage): void {
    this.usages.push(usage);
  }
  transcriberLost(detail: string): void {
    this.lost.push(detail);
  }
}

let server: RealtimeServer;
let microphone: Microphone;

const settingsAt = (baseUrl: string, language = "en-US", model = "gpt-transcribe"): TranscriberSettings => ({
  kind: "openai",
  apiKey: "sk-test",
  baseUrl,
  model,
  language,
  safetyId: "hash",
});

/** A microphone whose nth session runs by the nth script; the last one serves all later ones. */
const begin = (...scripts: ConnectionScript[]): void => {
  server = new RealtimeServer({ script: () => scripts[Math.min(server.handshakes, scripts.length) - 1] ?? {} });
  microphone = new Microphone(settingsAt(server.url));
};
const ready = (number = 1): Promise<void> =>
  microphone.until(
    `session ${number} is set up`,
    () => server.connections[number - 1]?.countOf("session.updated") === 1,
  );
const texts = (): string[] => microphone.told.map(({ text }) => text);
const seconds = (connection: RealtimeConnection): number => connection.appended.length / 8000;

afterEach(async () => {
  microphone.transcriber.close();
  await server.stop();
});

describe("a transcription session", () => {
  test("is set up for µ-law and ends turns only when it is told to", async () => {
    begin();
    await ready();
    const { session, headers, writesDown } = server.connection(1);
    expect(writesDown).toBe(true);
    expect(headers.authorization).toBe("Bearer sk-test");
    expect(headers["openai-safety-identifier"]).toBe("hash");
    expect(session).toMatchObject({
      type: "transcription",
      audio: {
        input: {
          format: { type: "audio/pcmu" },
          turn_detection: null,
          transcription: { model: "gpt-transcribe", languages: ["en"] },
        },
      },
    });
  });

  test("is told one language by models that take no more, and none where it is not known", async () => {
    server = new RealtimeServer();
    microphone = new Microphone(settingsAt(server.url, "de", "gpt-4o-transcribe"));
    await ready();
    expect(server.connection(1).session.audio.input.transcription).toEqual({
      model: "gpt-4o-transcribe",
      language: "de",
    });
    microphone.transcriber.close();
    microphone = new Microphone(settingsAt(server.url, ""));
    await ready(2);
    expect(server.connection(2).session.audio.input.transcription).toEqual({ model: "gpt-transcribe" });
  });
});

describe("an utterance", () => {
  test("is written down when its speaker ends it, with its time", async () => {
    begin({ hears: [{ text: "Offer them Friday.", deltas: true, delayMs: 20 }] });
    await ready();
    microphone.speak(0, 1000);
    microphone.speak(1200, 100);
    expect(microphone.transcriber.owesWords).toBe(false);
    microphone.transcriber.utteranceEnded();
    expect(microphone.transcriber.owesWords).toBe(true);
    await microphone.until("words", () => microphone.told.length === 1);
    expect(microphone.transcriber.owesWords).toBe(false);
    const [told] = microphone.told;
    expect(told).toMatchObject({ key: "supervisor-1", text: "Offer them Friday." });
    expect(told?.startMs).toBeWithin(640, 1001);
    expect(told?.endMs).toBeWithin(2200, 2421);
    expect(microphone.partials.at(-1)).toBe("Offer them Friday.");
  });

  test("takes the last sounds that were on their way when the button was let go", async () => {
    begin({ hears: ["Offer them Friday."] });
    await ready();
    microphone.speak(1000);
    microphone.transcriber.utteranceEnded();
    expect(microphone.transcriber.owesWords).toBe(true);
    microphone.speak(120, 3000);
    await microphone.until("words", () => microphone.told.length === 1);
    await microphone.settle();
    expect(texts()).toEqual(["Offer them Friday."]);
    expect(microphone.told[0]?.endMs).toBeWithin(1120, 1341);
    expect(server.connection(1).eventsOf("input_audio_buffer.commit")).toHaveLength(1);
  });

  test("that goes on long after the button was let go is another one", async () => {
    begin();
    await ready();
    microphone.speak(1000);
    microphone.transcriber.utteranceEnded();
    microphone.speak(1500, 3000);
    await microphone.until("words", () => microphone.told.length === 2);
    expect(microphone.told[0]?.endMs).toBeWithin(1300, 1441);
  });

  test("is all that is sent: silence costs nothing", async () => {
    begin();
    await ready();
    microphone.speak(1000, 4000);
    microphone.speak(0, 20_000);
    await microphone.until("words", () => microphone.told.length === 1);
    expect(seconds(server.connection(1))).toBeWithin(1, 3.5);
  });

  test("outlasts a pause to think, and ends by itself after two seconds of quiet", async () => {
    begin({ hears: ["Tell them … that Friday works."] });
    await ready();
    microphone.speak(800, 1500);
    microphone.speak(800, 1900);
    await microphone.settle();
    expect(microphone.told).toEqual([]);
    microphone.speak(0, 200);
    await microphone.until("words", () => microphone.told.length === 1);
    expect(server.connection(1).eventsOf("input_audio_buffer.commit")).toHaveLength(1);
  });

  test("without end is written down in pieces", async () => {
    begin();
    await ready();
    microphone.speak(45_000);
    await microphone.until("two pieces", () => microphone.told.length === 2);
    expect(microphone.told[0]?.endMs).toBe(microphone.told[1]?.startMs);
  });

  test("that was said before the session was ready reaches it whole", async () => {
    begin({ updatedAfterMs: 80, hears: ["Wait."] });
    microphone.speak(600, 100);
    microphone.transcriber.utteranceEnded();
    await microphone.until("words", () => microphone.told.length === 1);
    const one = server.connection(1);
    expect(one.appendsBeforeUpdated).toBe(0);
    expect(seconds(one)).toBeGreaterThan(0.6);
    expect(texts()).toEqual(["Wait."]);
  });

  test("keeps its words when another is said before they come", async () => {
    begin({ hears: [{ text: "First.", delayMs: 150 }, "Second."] });
    await ready();
    for (let i = 0; i < 2; i++) {
      microphone.speak(500, 200);
      microphone.transcriber.utteranceEnded();
    }
    await microphone.until("both", () => microphone.told.length === 2);
    expect(microphone.told.map(({ key, text }) => [key, text]).sort()).toEqual([
      ["supervisor-1", "First."],
      ["supervisor-2", "Second."],
    ]);
  });

  test("that nobody could make out is told as nothing", async () => {
    begin({ hears: [{ text: "", failed: true }] });
    await ready();
    microphone.speak(500);
    microphone.transcriber.utteranceEnded();
    await microphone.until("told", () => microphone.told.length === 1);
    expect(texts()).toEqual([""]);
  });

  test("whose words never come is given up in time", async () => {
    begin({ hears: [{ text: "never", delayMs: 600_000 }] });
    await ready();
    microphone.speak(500);
    microphone.transcriber.utteranceEnded();
    // Something else that the service says shows that it lives.
    for (let i = 0; i < 4; i++) {
      server.connection(1).sendRaw('{"type":"rate_limits.updated"}');
      await microphone.settle();
      await microphone.pass(4000);
    }
    expect(texts()).toEqual([""]);
    expect(microphone.transcriber.owesWords).toBe(false);
  });

  test("is silence where nobody spoke: ending it asks for nothing", async () => {
    begin();
    await ready();
    microphone.speak(0, 3000);
    microphone.transcriber.utteranceEnded();
    microphone.transcriber.utteranceEnded();
    await microphone.settle();
    expect(server.connection(1).appends).toBe(0);
    expect(server.connection(1).eventsOf("input_audio_buffer.commit")).toEqual([]);
    expect(microphone.transcriber.owesWords).toBe(false);
  });

  test("costs what the service says it lasted", async () => {
    begin();
    await ready();
    microphone.speak(3000);
    microphone.transcriber.utteranceEnded();
    await microphone.until("words", () => microphone.told.length === 1);
    const [usage] = microphone.usages;
    expect(usage).toMatchObject({ provider: "openai", model: "gpt-transcribe" });
    expect(usage?.costUsd).toBeCloseTo(((usage?.counters.seconds ?? 0) / 60) * 0.0045, 10);
    expect(usage?.counters.seconds).toBeGreaterThan(2.9);
  });
});

describe("a transcription session that breaks", () => {
  for (const code of [1006, 1011]) {
    test(`with ${code} in the middle of an utterance is replaced, and the new one hears all of it`, async () => {
      begin({}, { hears: ["Offer them Friday."] });
      await ready();
      microphone.speak(600);
      server.connection(1).drop(code);
      await ready(2);
      microphone.speak(600);
      microphone.transcriber.utteranceEnded();
      await microphone.until("words", () => microphone.told.length === 1);
      expect(texts()).toEqual(["Offer them Friday."]);
      expect(seconds(server.connection(2))).toBeGreaterThan(1.19);
      expect(microphone.lost).toEqual([]);
    });
  }

  test("with words owed says their utterance again, and no other", async () => {
    begin({ hears: ["First.", { text: "never", delayMs: 600_000 }] }, { hears: ["Second."] });
    await ready();
    microphone.speak(700);
    microphone.transcriber.utteranceEnded();
    await microphone.until("first", () => microphone.told.length === 1);
    microphone.speak(0, 500);
    microphone.speak(900);
    microphone.transcriber.utteranceEnded();
    await microphone.settle();
    server.connection(1).drop(1006);
    await microphone.until("second", () => microphone.told.length === 2);
    expect(texts()).toEqual(["First.", "Second."]);
    expect(seconds(server.connection(2))).toBeWithin(0.9, 1.5);
  });

  test("without a word is noticed while words are owed", async () => {
    server = new RealtimeServer({ script: () => ({ hears: ["Heard."] }) });
    const wire = await Wire.to(server.port);
    microphone = new Microphone(settingsAt(`http://127.0.0.1:${wire.port}/v1`));
    try {
      await ready();
      wire.freeze();
      microphone.speak(600);
      microphone.transcriber.utteranceEnded();
      await microphone.settle();
      await microphone.pass(6000);
      await microphone.until("words", () => microphone.told.length === 1);
      expect(wire.connections).toBe(2);
      expect(texts()).toEqual(["Heard."]);
    } finally {
      wire.stop();
    }
  });

  test("again and again is given up after bounded tries, and owes nothing any more", async () => {
    begin({}, { handshake: 500 });
    await ready();
    microphone.speak(600);
    microphone.transcriber.utteranceEnded();
    server.connection(1).drop(1006);
    for (let i = 0; i < 20 && microphone.lost.length === 0; i++) {
      await microphone.pass(500);
      await microphone.settle(10);
    }
    expect(microphone.lost).toEqual(["refused with HTTP 500"]);
    expect(server.handshakes).toBe(4);
    expect(microphone.transcriber.owesWords).toBe(false);
    microphone.speak(600);
    microphone.transcriber.utteranceEnded();
    expect(microphone.told).toEqual([]);
  });

  test("at its hour is replaced while nobody speaks", async () => {
    begin({}, { hears: ["Later."] });
    await ready();
    server.connection(1).expire();
    await ready(2);
    microphone.speak(600);
    microphone.transcriber.utteranceEnded();
    await microphone.until("words", () => microphone.told.length === 1);
    expect(texts()).toEqual(["Later."]);
  });

  for (const status of [401, 429]) {
    test(`over a handshake answered with ${status} is not tried again`, async () => {
      begin({ handshake: status });
      await microphone.until("lost", () => microphone.lost.length === 1);
      await microphone.pass(5000);
      expect(server.handshakes).toBe(1);
    });
  }

  test("over an address that is none is told, not thrown", () => {
    server = new RealtimeServer();
    microphone = new Microphone(settingsAt("nonsense"));
    expect(microphone.lost).toEqual([]);
    microphone.transcriber.tick(microphone.nowMs);
    expect(microphone.lost).toEqual(["the base URL or key cannot be used"]);
  });

  test("after it was closed tells nothing any more", async () => {
    begin({ hears: [{ text: "late", delayMs: 60 }] });
    await ready();
    microphone.speak(600);
    microphone.transcriber.utteranceEnded();
    microphone.transcriber.close();
    microphone.transcriber.close();
    expect(microphone.transcriber.owesWords).toBe(false);
    await Bun.sleep(100);
    expect(microphone.told).toEqual([]);
    expect(microphone.lost).toEqual([]);
  });
});

describe("without a model", () => {
  const quiet = (lines: string[]): Microphone => {
    server = new RealtimeServer();
    microphone = new Microphone({ kind: "scripted", lines });
    return microphone;
  };

  test("its lines are told in turn, one an utterance", () => {
    const { told, transcriber } = quiet(["Offer Friday.", "Good."]);
    for (let i = 0; i < 2; i++) {
      microphone.speak(500, 200);
      transcriber.utteranceEnded();
    }
    expect(told.map(({ text }) => text)).toEqual(["Offer Friday.", "Good."]);
    expect(told[0]!.startMs).toBeLessThan(told[0]!.endMs);
  });

  test("what was said when the line ended is told without another frame", () => {
    const { told, transcriber } = quiet(["Offer Friday."]);
    microphone.speak(500);
    transcriber.utteranceEnded();
    expect(transcriber.owesWords).toBe(true);
    transcriber.tick(500);
    expect(told.map(({ text }) => text)).toEqual(["Offer Friday."]);
    expect(transcriber.owesWords).toBe(false);
  });

  test("what is known is told: that somebody spoke, and for how long", () => {
    const { told, transcriber } = quiet([]);
    microphone.speak(2100, 700);
    transcriber.utteranceEnded();
    expect(told.map(({ text }) => text)).toEqual(["(spoke for 2.1 s; no transcriber is configured)"]);
    expect(transcriber.owesWords).toBe(false);
  });
});
