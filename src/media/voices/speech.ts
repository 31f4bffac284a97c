import { type Schedule, systemSchedule } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { spokenText } from "./demo-action.ts";
import { type SpeakerVoice, toneSpeech } from "./speech-shape.ts";
import type { SpeechReply, SpeechRequest } from "./speech-worker.ts";

/** Longest text that is spoken, in characters; the rest is left out at a word. */
export const LONGEST_SPEECH = 700;
/** A sentence takes about 100 ms; a thread that needs this long for one is stuck and is replaced. */
export const SENTENCE_TIMEOUT_MS = 15_000;
/** An idle thread is given up after this long; it holds about 40 MB. */
export const IDLE_MS = 60_000;
/** Tries of one sentence before tones stand for it. */
const MAX_TRIES = 2;
/** Sentences that may wait; further ones become tones at once. */
const MAX_WAITING = 256;
/** Sound kept for texts that come again, in bytes: 17 minutes of speech. The longest unused goes first. */
const CACHE_BYTES = 8 * 1024 * 1024;

/** Languages that texts can be spoken in, BCP 47 without a region. */
export const SPEECH_LANGUAGES: readonly string[] = ["en", "es", "de", "fr", "pt", "it"];

/** Speaks texts for the demo and for tests, and the system's own sentences. */
export interface Speaker {
  /**
   * The text as µ-law at 8 kHz; the same text, voice and language give the same bytes. `language` is one of
   * `SPEECH_LANGUAGES`; without it, and for any other, English. Without a synthesiser, or when it fails, tones as long as
   * the text. Never rejects. The bytes are shared: they must not be changed.
   */
  speak(text: string, voice: SpeakerVoice, language?: string): Promise<Uint8Array>;
  /** What `speak` gave last. */
  readonly sounds: "nothing yet" | "words" | "tones";
  /** Ends its thread; what waits becomes tones. May be called twice. */
  close(): Promise<void>;
}

/** The thread that synthesises, as the speaker needs it. */
export interface SpeechThread {
  post(request: SpeechRequest): void;
  end(): void;
}

/** What a thread tells: replies, and that it died. */
export interface SpeechThreadEvents {
  reply(reply: SpeechReply): void;
  died(problem: string): void;
}

/** A speaker with a thread of its own, begun with the first sentence. */
export const createSpeaker = (parts: {
  log: Pick<Log, "info" | "warn">;
  schedule?: Schedule;
  spawn?: (events: SpeechThreadEvents) => SpeechThread;
}): Speaker => new ThreadSpeaker(parts.log, parts.schedule ?? systemSchedule, parts.spawn ?? spawnWorker);

interface Sentence {
  request: SpeechRequest;
  tries: number;
  done: (audio: Uint8Array) => void;
}

class ThreadSpeaker implements Speaker {
  sounds: Speaker["sounds"] = "nothing yet";
  readonly #log: Pick<Log, "info" | "warn">;
  readonly #schedule: Schedule;
  readonly #spawn: (events: SpeechThreadEvents) => SpeechThread;
  /** Sound by voice and text, the least lately used first; promises while they are being made. */
  readonly #cache = new Map<string, { audio: Promise<Uint8Array>; bytes: number }>();
  #cachedBytes = 0;
  #thread: SpeechThread | null = null;
  #waiting: Sentence[] = [];
  #current: Sentence | null = null;
  #cancelTimer: () => void = () => {};
  #ids = 0;
  #missing = false;
  #closed = false;

  constructor(
    log: Pick<Log, "info" | "warn">,
    schedule: Schedule,
    spawn: (events: SpeechThreadEvents) => SpeechThread,
  ) {
    this.#log = log;
    this.#schedule = schedule;
    this.#spawn = spawn;
  }

  speak(text: string, voice: SpeakerVoice, wanted = "en"): Promise<Uint8Array> {
    const words = speakable(text);
    const language = SPEECH_LANGUAGES.includes(wanted) ? wanted : "en";
    const key = `${language} ${voice} ${words}`;
    const known = this.#cache.get(key);
    if (known) {
      this.#cache.delete(key);
      this.#cache.set(key, known);
      return known.audio;
    }
    const mute = !/[\p{L}\p{N}]/u.test(words);
    if (this.#closed || this.#missing || mute || this.#waiting.length >= MAX_WAITING) {
      return Promise.resolve(this.#tones(words, voice));
    }
    const audio = new Promise<Uint8Array>((done) => {
      this.#waiting.push({ request: { id: ++this.#ids, text: words, voice, language }, tries: 0, done });
    });
    this.#keep(key, audio);
    this.#work();
    return audio;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#endThread();
    this.#giveUpAll();
  }

  #keep(key: string, audio: Promise<Uint8Array>): void {
    const entry = { audio, bytes: 0 };
    this.#cache.set(key, entry);
    void audio.then((bytes) => {
      entry.bytes = bytes.length;
      this.#cachedBytes += bytes.length;
      for (const [oldest, { bytes: size }] of this.#cache) {
        if (this.#cachedBytes <= CACHE_BYTES) break;
        // What is still being made has no size yet and stays.
        if (size === 0) continue;
        this.#cache.delete(oldest);
        this.#cachedBytes -= size;
      }
    });
  }

  #work(): void {
    if (this.#current) return;
    const next = this.#waiting.shift();
    this.#cancelTimer();
    if (!next) {
      this.#cancelTimer = this.#schedule(() => this.#endThread(), IDLE_MS);
      return;
    }
    this.#current = next;
    next.tries++;
    this.#cancelTimer = this.#schedule(
      () => this.#fail("the speech thread did not answer in time"),
      SENTENCE_TIMEOUT_MS,
    );
    try {
      this.#thread ??= this.#begin();
      this.#thread.post(next.request);
    } catch (thrown) {
      this.#fail(messageOf(thrown));
    }
  }

  #begin(): SpeechThread {
    const thread: SpeechThread = this.#spawn({
      reply: (reply) => {
        if (this.#thread === thread) this.#take(reply);
      },
      died: (problem) => {
        if (this.#thread === thread) this.#fail(problem);
      },
    });
    return thread;
  }

  #take(reply: SpeechReply): void {
    const sentence = this.#current;
    if (sentence?.request.id !== reply.id) return;
    if ("missing" in reply) {
      this.#missing = true;
      this.#log.info({}, "no speech synthesiser is installed (text2wav): demo calls are heard as tones");
      this.#endThread();
      this.#giveUpAll();
    } else if ("problem" in reply || reply.audio.length === 0) {
      this.#fail("problem" in reply ? reply.problem : "the synthesiser gave silence");
    } else {
      this.#current = null;
      this.sounds = "words";
      sentence.done(reply.audio);
      this.#work();
    }
  }

  /** The thread is not to be trusted any more: a new one tries the sentence again, then tones stand for it. */
  #fail(problem: string): void {
    this.#endThread();
    const sentence = this.#current;
    this.#current = null;
    if (sentence && sentence.tries < MAX_TRIES) this.#waiting.unshift(sentence);
    else if (sentence) {
      this.#log.warn({ problem }, "a sentence could not be spoken: tones stand for it");
      sentence.done(this.#tones(sentence.request.text, sentence.request.voice));
    }
    this.#work();
  }

  #endThread(): void {
    this.#cancelTimer();
    this.#thread?.end();
    this.#thread = null;
  }

  #giveUpAll(): void {
    const left = this.#current ? [this.#current, ...this.#waiting] : this.#waiting;
    this.#current = null;
    this.#waiting = [];
    for (const { request, done } of left) done(this.#tones(request.text, request.voice));
  }

  #tones(text: string, voice: SpeakerVoice): Uint8Array {
    this.sounds = "tones";
    return toneSpeech(text, voice);
  }
}

/**
 * Text that is safe for the synthesiser: its first character is a letter or digit, since the package would take a leading
 * hyphen for an option, and the marks it reads as commands are gone.
 */
const speakable = (text: string): string =>
  spokenText(text, LONGEST_SPEECH)
    .replace(/[[\]<>{}|\\^~@*_=]+/g, " ")
    .replace(/^[^\p{L}\p{N}]+/u, "");

const spawnWorker = (events: SpeechThreadEvents): SpeechThread => {
  // A thread that waits for sentences must not keep the process alive.
  const worker = new Worker(new URL("./speech-worker.ts", import.meta.url), { ref: false } as WorkerOptions);
  worker.onmessage = ({ data }: MessageEvent<SpeechReply>) => events.reply(data);
  worker.onerror = () => events.died("the speech thread failed");
  worker.addEventListener("close", () => events.died("the speech thread ended"));
  return { post: (request) => worker.postMessage(request), end: () => worker.terminate() };
};
