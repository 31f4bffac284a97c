import { describe, expect, test } from "bun:test";
import { FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE } from "../../../src/media/audio/frame.ts";
import { Tone } from "../../../src/media/audio/tone.ts";
import type { ScriptedVoiceSettings } from "../../../src/media/engine/protocol.ts";
import { scriptedVoice } from "../../../src/media/voices/scripted.ts";
import type { VoiceSink } from "../../../src/media/voices/voice.ts";

const SPEECH = new Uint8Array(FRAME_SAMPLES);
new Tone(500, 6000).fillUlaw(SPEECH, 0, FRAME_SAMPLES);
const SILENCE = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);
const LINE_MS = 2000;
const line = (text: string) => ({ text, audio: new Uint8Array(LINE_MS * 8).fill(text.length) });

const agent = (settings: Partial<ScriptedVoiceSettings> = {}) => {
  const told: string[] = [];
  const partials: string[] = [];
  const audioMs: Record<number, number> = {};
  const sink: VoiceSink = {
    voiceReady: () => told.push("ready"),
    voiceAudio: (item, _bytes, _offset, length) => {
      audioMs[item] = (audioMs[item] ?? 0) + length / 8;
    },
    voiceItemEnded: (item) => told.push(`end ${item}`),
    voiceText: (item, text, final) => (final ? told.push(`say ${item} ${text}`) : partials.push(text)),
    calleeText: (key, text, startMs, endMs) => told.push(`${key} ${text} ${startMs}-${endMs}`),
    calleeTurnEnded: () => told.push("turn ended"),
    toolCall: (id, name, json) => told.push(`${id} ${name} ${json}`),
    usage: ({ costUsd }) => told.push(`usage ${costUsd}`),
    voiceLost: () => told.push("lost"),
    log: () => {},
  };
  const brief = { instructions: "", opening: "", language: "en", tools: [] };
  const lines = [line("opening words"), line("the request"), line("goodbye")];
  const voice = scriptedVoice({ kind: "scripted", seed: 1, brief, lines, ...settings }, sink);
  let nowMs = 0;
  const live = (ms: number, calleeSpeaks = false) => {
    for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += FRAME_MS) {
      voice.tick(nowMs);
      voice.hear(calleeSpeaks ? SPEECH : SILENCE);
    }
  };
  /** The callee says something for a second and is then quiet. */
  const calleeSpeaks = () => {
    live(1000, true);
    live(1000);
  };
  return { voice, told, partials, audioMs, live, calleeSpeaks };
};

describe("the scripted agent", () => {
  test("gives out its opening while the phone rings, five times as fast as it is played", () => {
    const { voice, told, audioMs } = agent();
    voice.tick(0);
    expect(told).toEqual(["ready"]);
    voice.prepare();
    for (let tick = 1; tick * FRAME_MS < LINE_MS / 5; tick++) {
      expect(audioMs[1]).toBe(tick * 100);
      voice.tick(tick * FRAME_MS);
    }
    expect(told).toEqual(["ready", "say 1 opening words", "end 1"]);
    for (let tick = 0; tick < 1000; tick++) voice.tick(1000 + tick * FRAME_MS);
    expect(audioMs).toEqual({ 1: LINE_MS });
  });

  test("speaks at the answer when nothing was prepared, and only once when it was", () => {
    const late = agent();
    late.voice.answered();
    expect(late.audioMs[1]).toBe(100);
    const early = agent();
    early.voice.prepare();
    early.voice.answered();
    early.live(3000);
    expect(early.audioMs).toEqual({ 1: LINE_MS });
  });

  test("tells words as they sound and all of them in the end", () => {
    const { voice, partials, told, live } = agent();
    voice.answered();
    live(1000);
    expect(partials).toEqual(["opening"]);
    expect(told).toContain("say 1 opening words");
  });

  test("waits for the end of the callee's turn, then says its next line", () => {
    const { voice, told, live, audioMs } = agent();
    voice.answered();
    live(2000);
    voice.playedOut();
    live(1000, true);
    live(560);
    expect(audioMs[2]).toBeUndefined();
    live(100);
    expect(told).toContain("turn ended");
    expect(audioMs[2]).toBeGreaterThan(0);
  });

  test("does not answer words the callee said while it was listening to the agent", () => {
    const { voice, live, audioMs } = agent();
    voice.answered();
    live(500);
    live(500, true);
    live(1000);
    voice.playedOut();
    live(3000);
    expect(audioMs[2]).toBeUndefined();
  });

  test("calls end_call once after its last line, and tells usage once", () => {
    const { voice, told, live, calleeSpeaks } = agent();
    voice.answered();
    for (let turn = 0; turn < 5; turn++) {
      live(2000);
      voice.playedOut();
      calleeSpeaks();
    }
    expect(told.slice(-4)).toEqual([
      "say 3 goodbye",
      "end 3",
      "usage 0",
      'scripted-1 end_call {"reason":"goal_reached"}',
    ]);
  });

  test("goes on unasked before a silent callee and gives up after two lines", () => {
    const lines = ["a", "b", "c", "d", "e"].map(line);
    const { voice, told, live } = agent({ lines });
    voice.answered();
    for (let turn = 0; turn < 6; turn++) {
      live(2000);
      voice.playedOut();
      live(8000);
    }
    const said = told.filter((each) => each.startsWith("say"));
    expect(said).toEqual(["say 1 a", "say 2 b", "say 3 c", "say 4 e"]);
    expect(told.at(-1)).toContain("no_progress");
  });

  test("stops when it is talked over, lets the callee finish and says the line again", () => {
    const { voice, told, live, audioMs, calleeSpeaks } = agent({ asides: { yield: line("excuse me") } });
    voice.answered();
    live(2000);
    voice.playedOut();
    calleeSpeaks();
    live(100);
    const givenMs = audioMs[2]!;
    voice.interrupted([{ item: 2, heardMs: 300, receivedMs: givenMs }]);
    live(3000, true);
    expect(audioMs[2]).toBe(givenMs);
    live(700);
    expect(told.slice(-3)).not.toContain("say 3 excuse me");
    live(2000);
    expect(told.filter((each) => each.startsWith("say"))).toEqual([
      "say 1 opening words",
      "say 2 the request",
      "say 3 excuse me",
      "say 4 the request",
    ]);
  });

  test("ends an utterance that is cut while it is being given out, with the words that were", () => {
    const { voice, told, live } = agent();
    voice.answered();
    live(200);
    voice.interrupted([{ item: 1, heardMs: 200, receivedMs: 1100 }]);
    live(20, true);
    expect(told).toEqual(["ready", "say 1 opening", "end 1"]);
  });

  test("goes on with the next line when the one that was cut had nearly been heard", () => {
    const { voice, told, live } = agent();
    voice.answered();
    live(1000);
    voice.interrupted([{ item: 1, heardMs: LINE_MS * 0.8, receivedMs: LINE_MS }]);
    live(1000, true);
    live(2000);
    expect(told).toContain("say 2 the request");
  });

  test("says its goodbye again, and ends again, when the callee spoke into it", () => {
    const { voice, told, live, calleeSpeaks } = agent({ lines: [line("opening"), line("goodbye")] });
    voice.answered();
    live(2000);
    voice.playedOut();
    calleeSpeaks();
    live(600);
    expect(told.at(-1)).toStartWith("scripted-1 end_call");
    voice.interrupted([{ item: 2, heardMs: 1900, receivedMs: LINE_MS }]);
    live(1000, true);
    live(2000);
    expect(told.at(-1)).toStartWith("scripted-2 end_call");
    expect(told.filter((each) => each === "usage 0")).toHaveLength(1);
  });

  test("leaves its message when what it heard was a machine", () => {
    const { voice, told, live } = agent({ asides: { message: line("please call back") } });
    voice.answered();
    live(2000);
    voice.playedOut();
    live(1000, true);
    voice.overhear("Please leave a message after the beep.", 2000, 3000);
    live(2000);
    expect(told).toContain("callee-1 Please leave a message after the beep. 2000-3000");
    expect(told).toContain("say 2 please call back");
    expect(told.at(-1)).toBe('scripted-1 end_call {"reason":"voicemail"}');
  });

  test("says a polite sentence when it is told to speak, and its goodbye when that is asked for", () => {
    const { voice, told, live } = agent({ asides: { polite: line("one moment") } });
    voice.answered();
    live(1000);
    voice.say("Tell them that it takes a little longer.");
    live(1000);
    voice.toolResult("x", "Say one short goodbye now.", true);
    live(1000);
    const said = told.filter((each) => each.startsWith("say"));
    expect(said).toEqual(["say 1 opening words", "say 2 one moment", "say 3 goodbye"]);
  });

  /** An agent that has bidden its callee to hold the line and asked its owner. */
  const asking = () => {
    const asks = { afterLine: 1, question: "Which number?", timeoutS: 30 };
    const rig = agent({ asks, asides: { late: line("I call again") } });
    rig.voice.answered();
    rig.live(2000);
    rig.voice.playedOut();
    rig.calleeSpeaks();
    rig.live(2000);
    expect(rig.told.at(-1)).toBe('scripted-1 request_user_info {"question":"Which number?","timeout":30}');
    return { ...rig, said: () => rig.told.filter((each) => each.startsWith("say")).slice(2) };
  };
  const answer = line("the second number");

  test("says nothing of its own while its owner is asked, whatever the callee says", () => {
    const { voice, calleeSpeaks, live, said } = asking();
    voice.playedOut();
    calleeSpeaks();
    live(25_000);
    expect(said()).toEqual([]);
    voice.toolResult("scripted-1", "They answered.", true, answer);
    live(4000);
    expect(said()).toEqual(["say 3 the second number"]);
    voice.playedOut();
    calleeSpeaks();
    live(1000);
    expect(said().at(-1)).toBe("say 4 goodbye");
  });

  test("lets a callee who agrees to hold the line finish before it tells a quick answer", () => {
    const { voice, live, said } = asking();
    voice.toolResult("scripted-1", "They answered.", true, answer);
    live(500);
    voice.playedOut();
    live(800);
    live(1000, true);
    expect(said()).toEqual([]);
    live(1200);
    expect(said()).toEqual(["say 3 the second number"]);
  });

  test("tells the answer again when it was talked over", () => {
    const { voice, calleeSpeaks, live, said } = asking();
    voice.playedOut();
    calleeSpeaks();
    voice.toolResult("scripted-1", "They answered.", true, answer);
    live(600);
    voice.interrupted([{ item: 3, heardMs: 300, receivedMs: 2000 }]);
    calleeSpeaks();
    live(1000);
    expect(said()).toEqual(["say 3 the second number", "say 4 the second number"]);
  });

  test("without an answer in time it says that it calls again, and goodbye", () => {
    const { voice, live, said } = asking();
    voice.playedOut();
    voice.toolResult("scripted-1", "No answer came. Say goodbye.", true);
    live(1000);
    expect(said()).toEqual(["say 3 I call again"]);
    voice.playedOut();
    live(30_000);
    expect(said()).toHaveLength(1);
  });

  test("is silent after it was closed", () => {
    const { voice, told, live, audioMs } = agent();
    voice.prepare();
    voice.close();
    voice.close();
    voice.answered();
    voice.say("goodbye");
    voice.overhear("hello", 0, 1);
    live(5000);
    expect(told).toEqual(["ready"]);
    expect(audioMs).toEqual({ 1: 100 });
  });

  describe("with a supervisor", () => {
    const said = (told: readonly string[]): string[] => told.filter((each) => each.startsWith("say"));

    test("is silent while they speak in its place, and goes on hearing", () => {
      const { voice, told, live, audioMs, calleeSpeaks } = agent();
      voice.answered();
      live(2000);
      voice.playedOut();
      voice.hold();
      voice.hold();
      calleeSpeaks();
      voice.overhear("who is this", 3000, 4000);
      voice.say("Say goodbye.");
      voice.toolResult("x", "Say something.", true);
      live(20_000);
      expect(audioMs).toEqual({ 1: LINE_MS });
      expect(told.at(-1)).toBe("callee-1 who is this 3000-4000");
    });

    test("says that it is back and goes on with its next line, without greeting", () => {
      const { voice, told, live, calleeSpeaks } = agent({ asides: { back: line("back again"), yield: line("sorry") } });
      voice.answered();
      live(2000);
      voice.playedOut();
      voice.hold();
      calleeSpeaks();
      voice.resume([], "");
      live(2000);
      expect(said(told)).toEqual(["say 1 opening words", "say 2 back again", "say 3 the request"]);
    });

    test("says the line again that was cut off for them, and makes no excuse for it", () => {
      const { voice, told, live, audioMs, calleeSpeaks } = agent({
        asides: { back: line("back again"), yield: line("sorry") },
      });
      voice.answered();
      live(2000);
      voice.playedOut();
      calleeSpeaks();
      live(100);
      voice.interrupted([{ item: 2, heardMs: 300, receivedMs: audioMs[2]! }]);
      voice.hold();
      live(5000);
      expect(said(told).at(-1)).toStartWith("say 2");
      voice.resume([], "");
      live(2000);
      expect(said(told).slice(-2)).toEqual(["say 3 back again", "say 4 the request"]);
    });

    test("does not greet when its greeting was never heard", () => {
      const { voice, told, live } = agent({ asides: { back: line("back again") } });
      voice.answered();
      live(100);
      voice.interrupted([{ item: 1, heardMs: 100, receivedMs: 600 }]);
      voice.hold();
      live(3000);
      voice.resume([], "");
      live(2000);
      expect(said(told).slice(-2)).toEqual(["say 2 back again", "say 3 the request"]);
    });

    test("lets a callee who is speaking finish first", () => {
      const { voice, live, audioMs } = agent({ asides: { back: line("back again") } });
      voice.answered();
      live(2000);
      voice.playedOut();
      voice.hold();
      live(500, true);
      voice.resume([], "");
      live(2000, true);
      expect(audioMs[2]).toBeUndefined();
      live(700);
      expect(audioMs[2]).toBeGreaterThan(0);
    });

    test("keeps an answer of the owner until it is back", () => {
      const asks = { afterLine: 0, question: "Which?", timeoutS: 60 };
      const { voice, told, live } = agent({ asks });
      voice.answered();
      live(2000);
      voice.playedOut();
      expect(told.at(-1)).toStartWith("scripted-1 request_user_info");
      voice.hold();
      voice.toolResult("scripted-1", "the second", true, line("it is the second one"));
      live(5000);
      expect(said(told)).toHaveLength(1);
      voice.resume([], "");
      live(1000);
      expect(said(told)[1]).toBe("say 2 it is the second one");
    });

    test("does not act as if it understood guidance: at once means its next line, else nothing", () => {
      const { voice, told, live, calleeSpeaks } = agent();
      voice.answered();
      live(2000);
      voice.playedOut();
      voice.guide("Ask for Friday.", false);
      live(3000);
      expect(said(told)).toHaveLength(1);
      voice.guide("Ask for Friday.", true);
      live(2000);
      expect(said(told)).toEqual(["say 1 opening words", "say 2 the request"]);
      voice.playedOut();
      calleeSpeaks();
      live(1000);
      expect(said(told)).toHaveLength(3);
    });

    test("without having been taken from it, it goes on as before when the call is given back", () => {
      const { voice, told, live } = agent({ asides: { back: line("back again") } });
      voice.answered();
      live(2000);
      voice.playedOut();
      voice.resume([], "");
      live(3000);
      expect(said(told)).toHaveLength(1);
    });
  });
});
