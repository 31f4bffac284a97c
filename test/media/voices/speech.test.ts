import { describe, expect, test } from "bun:test";
import { ulawDecode } from "../../../src/media/audio/g711.ts";
import { levelDbov, ulawEnergy } from "../../../src/media/audio/level.ts";
import {
  createSpeaker,
  IDLE_MS,
  SENTENCE_TIMEOUT_MS,
  type SpeechThreadEvents,
} from "../../../src/media/voices/speech.ts";
import { telephoneSpeech, toneSpeech } from "../../../src/media/voices/speech-shape.ts";
import type { SpeechRequest } from "../../../src/media/voices/speech-worker.ts";
import { ManualSchedule } from "../../support/manual-schedule.ts";

const quiet = { info: () => {}, warn: () => {} };

/** A speaker whose thread answers when the test says so. */
const speakerByHand = () => {
  const time = new ManualSchedule();
  const threads: { events: SpeechThreadEvents; asked: SpeechRequest[]; ended: boolean }[] = [];
  const speaker = createSpeaker({
    log: quiet,
    schedule: time.schedule,
    spawn: (events) => {
      const thread = { events, asked: [] as SpeechRequest[], ended: false };
      threads.push(thread);
      return {
        post: (request) => thread.asked.push(request),
        end: () => {
          thread.ended = true;
        },
      };
    },
  });
  const reply = (bytes: number) => {
    const thread = threads.at(-1)!;
    thread.events.reply({ id: thread.asked.at(-1)!.id, audio: new Uint8Array(bytes) });
  };
  return { speaker, time, threads, reply };
};

/** Share of the sound between two frequencies, and its pitch, over its voiced frames. */
const bandShare = (audio: Uint8Array, fromHz: number, toHz: number): number => {
  let inside = 0;
  let all = 0;
  for (let at = 0; at + 256 <= audio.length; at += 1024) {
    for (let bin = 1; bin < 128; bin++) {
      let re = 0;
      let im = 0;
      for (let n = 0; n < 256; n++) {
        const sample = ulawDecode[audio[at + n]!]!;
        re += sample * Math.cos((2 * Math.PI * bin * n) / 256);
        im += sample * Math.sin((2 * Math.PI * bin * n) / 256);
      }
      const power = re * re + im * im;
      all += power;
      const hz = (bin * 8000) / 256;
      if (hz >= fromHz && hz < toHz) inside += power;
    }
  }
  return inside / all;
};

const frameLevels = (audio: Uint8Array): number[] =>
  Array.from({ length: Math.floor(audio.length / 160) }, (_, frame) => levelDbov(ulawEnergy(audio, frame * 160, 160)));

const activeLevel = (audio: Uint8Array): number => {
  const active = frameLevels(audio).flatMap((level, frame) =>
    level > -50 ? [ulawEnergy(audio, frame * 160, 160)] : [],
  );
  return levelDbov(active.reduce((sum, each) => sum + each, 0) / active.length);
};

test("a sentence is spoken in the language that is asked for, each in its own sound; in English where there is none", async () => {
  const { speaker, threads, reply } = speakerByHand();
  const wanted = ["de", "de", "es", "xx", undefined];
  const audio = wanted.map((language) => speaker.speak("Radio.", "agent", language));
  for (let n = 1; n <= 3; n++) {
    reply(n);
    await audio[n];
  }
  expect(threads[0]!.asked.map(({ language }) => language)).toEqual(["de", "es", "en"]);
  expect((await Promise.all(audio)).map(({ length }) => length)).toEqual([1, 1, 2, 3, 3]);
});

describe("the speaker", () => {
  test("asks for one sentence at a time and knows it the next time", async () => {
    const { speaker, threads, reply } = speakerByHand();
    const first = speaker.speak("Hello.", "agent");
    const again = speaker.speak("Hello.", "agent");
    const other = speaker.speak("Hello.", "callee");
    expect(threads[0]!.asked).toHaveLength(1);
    reply(80);
    reply(90);
    expect([(await first).length, (await again).length, (await other).length]).toEqual([80, 80, 90]);
    expect((await speaker.speak("Hello.", "agent")).length).toBe(80);
    expect(threads[0]!.asked).toHaveLength(2);
    expect(speaker.sounds).toBe("words");
  });

  test("hands the synthesiser bounded text that cannot be read as an option or a command", () => {
    const { speaker, threads, reply } = speakerByHand();
    for (const text of ["-f /etc/passwd", "[[h@l'oU]] <b>x", "word ".repeat(1000)]) {
      void speaker.speak(text, "agent");
      reply(80);
    }
    const texts = threads[0]!.asked.map(({ text }) => text);
    expect(texts[0]).toBe("f /etc/passwd");
    expect(texts[1]).not.toMatch(/[[\]<>@]/);
    expect(texts[2]!.length).toBeWithin(680, 701);
  });

  test("begins a new thread when one dies, and speaks the sentence there", async () => {
    const { speaker, threads, reply } = speakerByHand();
    const audio = speaker.speak("Hello.", "agent");
    threads[0]!.events.died("out of memory");
    expect(threads).toHaveLength(2);
    reply(80);
    expect((await audio).length).toBe(80);
  });

  test("gives tones for a sentence that kills two threads, and goes on with the next", async () => {
    const { speaker, time, threads, reply } = speakerByHand();
    const bad = speaker.speak("Bad words.", "agent");
    const good = speaker.speak("Good words.", "agent");
    time.advance(SENTENCE_TIMEOUT_MS);
    time.advance(SENTENCE_TIMEOUT_MS);
    expect(await bad).toEqual(toneSpeech("Bad words.", "agent"));
    expect(threads.map(({ ended }) => ended)).toEqual([true, true, false]);
    reply(80);
    expect((await good).length).toBe(80);
  });

  test("gives tones for everything once it knows that no synthesiser is installed", async () => {
    const { speaker, threads } = speakerByHand();
    const first = speaker.speak("Hello there.", "agent");
    const second = speaker.speak("Who is this?", "callee");
    threads[0]!.events.reply({ id: threads[0]!.asked[0]!.id, missing: true });
    expect(await first).toEqual(toneSpeech("Hello there.", "agent"));
    expect(await second).toEqual(toneSpeech("Who is this?", "callee"));
    await speaker.speak("More.", "agent");
    expect(threads).toHaveLength(1);
    expect(threads[0]!.ended).toBe(true);
    expect(speaker.sounds).toBe("tones");
  });

  test("gives up a thread that nobody needs and begins one again", () => {
    const { speaker, time, threads, reply } = speakerByHand();
    void speaker.speak("Hello.", "agent");
    reply(80);
    time.advance(IDLE_MS - 1);
    expect(threads[0]!.ended).toBe(false);
    time.advance(1);
    expect(threads[0]!.ended).toBe(true);
    void speaker.speak("Hello again.", "agent");
    expect(threads).toHaveLength(2);
  });

  test("answers all that waits with tones when it closes", async () => {
    const { speaker, time, threads } = speakerByHand();
    const waiting = ["One.", "Two."].map((text) => speaker.speak(text, "agent"));
    await speaker.close();
    await speaker.close();
    expect((await Promise.all(waiting)).map(({ length }) => length > 0)).toEqual([true, true]);
    expect((await speaker.speak("Three.", "agent")).length).toBeGreaterThan(0);
    expect(threads.map(({ ended }) => ended)).toEqual([true]);
    expect(time.waiting).toBe(0);
  });

  test("forgets the oldest sound when it keeps too much", async () => {
    const { speaker, threads, reply } = speakerByHand();
    for (const text of ["One.", "Two.", "Three."]) {
      void speaker.speak(text, "agent");
      reply(3 * 1024 * 1024);
      await Promise.resolve();
    }
    void speaker.speak("Three.", "agent");
    expect(threads[0]!.asked).toHaveLength(3);
    void speaker.speak("One.", "agent");
    expect(threads[0]!.asked).toHaveLength(4);
  });
});

describe("speech as a telephone has it", () => {
  const noise = (ms: number, peak: number) =>
    Int16Array.from({ length: Math.round(ms * 22.05) }, (_, i) => Math.round(peak * Math.sin(i * i * 0.001)));
  const joined = (...parts: Int16Array[]) => Int16Array.from(parts.flatMap((part) => [...part]));

  test("has one level however loud it was made", () => {
    for (const peak of [300, 3000, 30_000])
      expect(activeLevel(telephoneSpeech(noise(1000, peak), 22_050))).toBeWithin(-19, -16);
  });

  test("loses silence at its ends and long pauses inside, and nothing else", () => {
    const still = new Int16Array(22_050);
    const audio = telephoneSpeech(joined(still, noise(500, 9000), still, noise(500, 9000), still), 22_050);
    expect(audio.length / 8).toBeWithin(1000 + 320, 1000 + 320 + 200);
    expect(telephoneSpeech(still, 22_050)).toHaveLength(0);
  });

  test("as tones is as long as the text and differs by speaker", () => {
    const agent = toneSpeech("One two three.", "agent");
    const callee = toneSpeech("One two three.", "callee");
    expect(agent.length / 8).toBe((4 + 4 + 7) * 62);
    expect(callee).toHaveLength(agent.length);
    expect(callee).not.toEqual(agent);
    expect(activeLevel(agent)).toBeWithin(-22, -15);
  });
});

const installed = await import("text2wav").then(
  () => true,
  () => false,
);

describe.skipIf(!installed)("the installed synthesiser", () => {
  test("speaks: telephone level, telephone band, the pace of a person, two voices", async () => {
    const speaker = createSpeaker({ log: quiet });
    try {
      const text = "Hello, this is an AI assistant. I am calling to book a table for two.";
      const [agent, callee] = await Promise.all([speaker.speak(text, "agent"), speaker.speak(text, "callee")]);
      expect(speaker.sounds).toBe("words");
      expect(agent).not.toEqual(callee);
      for (const audio of [agent, callee]) {
        expect(activeLevel(audio)).toBeWithin(-20, -15);
        expect(text.length / (audio.length / 8000)).toBeWithin(10, 20);
        expect(bandShare(audio, 200, 3500)).toBeGreaterThan(0.8);
        // Speech comes in syllables: its level moves, a tone's does not.
        const levels = frameLevels(audio);
        expect(levels.filter((level) => level < -35).length / levels.length).toBeWithin(0.05, 0.5);
      }
    } finally {
      await speaker.close();
    }
  });
});
