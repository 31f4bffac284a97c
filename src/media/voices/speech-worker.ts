import { parseWavHeader, WAV_HEADER_BYTES } from "../audio/wav.ts";
import { type SpeakerVoice, telephoneSpeech } from "./speech-shape.ts";

/** A sentence to be spoken. */
export interface SpeechRequest {
  id: number;
  text: string;
  voice: SpeakerVoice;
  /** Of `SPEECH_LANGUAGES`. */
  language: string;
}

/** Its sound, or why there is none: `missing` when no synthesiser is installed. */
export type SpeechReply = { id: number } & ({ audio: Uint8Array } | { missing: true } | { problem: string });

type Synthesiser = (text: string, options: Record<string, string | number>) => Promise<Uint8Array>;

/** Voices of espeak-ng: a lower and a higher one, of two accents and speeds. */
const VOICES: Record<SpeakerVoice, { accent: string; timbre: string; pitch: number; speed: number }> = {
  agent: { accent: "en-us", timbre: "f2", pitch: 58, speed: 170 },
  callee: { accent: "en-gb", timbre: "m3", pitch: 50, speed: 160 },
};

const optionsOf = (who: SpeakerVoice, language: string): Record<string, string | number> => {
  const { accent, timbre, pitch, speed } = VOICES[who];
  return { voice: `${language === "en" ? accent : language}+${timbre}`, pitch, speed };
};

declare const self: Worker;

let synthesiser: Promise<Synthesiser | null> | undefined;

/**
 * The synthesiser is an optional package under another licence (espeak-ng, GPL-3.0) and is loaded only here, at run time.
 */
const loadSynthesiser = async (): Promise<Synthesiser | null> => {
  // With it the package tries to stream its file from a URL that Bun refuses, and complains on every sentence.
  Reflect.deleteProperty(WebAssembly, "instantiateStreaming");
  try {
    return ((await import("text2wav")) as unknown as { default: Synthesiser }).default;
  } catch {
    return null;
  }
};

const speak = async ({ id, text, voice, language }: SpeechRequest): Promise<SpeechReply> => {
  synthesiser ??= loadSynthesiser();
  const synthesise = await synthesiser;
  if (!synthesise) return { id, missing: true };
  try {
    const wav = await synthesise(text, optionsOf(voice, language));
    const format = parseWavHeader(wav);
    if (format?.channels !== 1) return { id, problem: "the synthesiser gave no mono WAV" };
    const samples = Math.floor(Math.min(format.dataBytes, wav.length - WAV_HEADER_BYTES) / 2);
    // A copy, since samples of 16 bits must lie at an even place.
    const pcm = new Int16Array(wav.slice(WAV_HEADER_BYTES, WAV_HEADER_BYTES + samples * 2).buffer);
    return { id, audio: telephoneSpeech(pcm, format.rateHz) };
  } catch {
    // What the package throws may hold the words.
    return { id, problem: "the synthesiser failed" };
  } finally {
    // The package adds two of these for each sentence, and each holds that sentence's 16 MB of memory.
    process.removeAllListeners("uncaughtException");
    process.removeAllListeners("unhandledRejection");
  }
};

self.onmessage = ({ data }: MessageEvent<SpeechRequest>) => {
  void speak(data).then((reply) => {
    self.postMessage(reply, "audio" in reply ? [reply.audio.buffer as ArrayBuffer] : []);
  });
};
