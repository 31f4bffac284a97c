import { FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS } from "../audio/frame.ts";
import { encodeUlawFrame } from "../audio/g711.ts";
import { meanSquareOf } from "../audio/level.ts";
import { Resampler } from "../audio/resampler.ts";
import { Tone } from "../audio/tone.ts";

/** Who speaks: the two sound like two people. */
export type SpeakerVoice = "agent" | "callee";

/** Level that speech is brought to, over its voiced frames, in dBov: what telephone speech has (ITU-T P.56: −26 to −16). */
export const SPEECH_DBOV = -18;
/** A frame this much quieter than the loudest is a pause, in dB. */
const PAUSE_DB = 32;
/** Pauses are shortened to this, in ms: below what ends a turn, so that sentences stay together. */
const LONGEST_PAUSE_MS = 320;
/** Pause kept before the first and after the last sound, in ms. */
const EDGE_MS = 40;
/** Peaks above this are bent back smoothly; clipping them would crackle. */
const KNEE = 20_000;
const CEILING = 32_000;

/** How long one letter of a word sounds as a tone, in ms: about as long as it takes to say. */
const LETTER_MS = 62;
const TONE_PEAK = 4200;
const TONES_HZ: Record<SpeakerVoice, readonly number[]> = { agent: [392, 440, 523, 466], callee: [220, 247, 294, 262] };

/** Speech of any rate as a telephone has it: µ-law at 8 kHz, levelled, without long pauses. Silence becomes nothing. */
export const telephoneSpeech = (pcm: Int16Array, rateHz: number): Uint8Array => {
  const resampler = new Resampler(rateHz, RATE_HZ);
  const wide = new Int16Array(resampler.maxOutput(pcm.length));
  const samples = wide.subarray(0, resampler.process(pcm, 0, pcm.length, wide, 0));
  const squares = frameSquares(samples);
  const loudest = squares.reduce((most, each) => Math.max(most, each), 0);
  if (loudest === 0) return new Uint8Array(0);
  const pause = loudest * 10 ** (-PAUSE_DB / 10);
  const kept = withoutLongPauses(squares, pause);
  const voiced = squares.filter((each) => each > pause);
  const gain = Math.sqrt(meanSquareOf(SPEECH_DBOV) / (voiced.reduce((sum, each) => sum + each, 0) / voiced.length));
  const shaped = new Int16Array(kept.length * FRAME_SAMPLES);
  kept.forEach((frame, place) => {
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      shaped[place * FRAME_SAMPLES + i] = bent((samples[frame * FRAME_SAMPLES + i] ?? 0) * gain);
    }
  });
  const bytes = new Uint8Array(shaped.length);
  encodeUlawFrame(shaped, 0, bytes, 0, shaped.length);
  return bytes;
};

/** Tones that stand for words where no synthesiser is installed: one for each word, as long as it is written. */
export const toneSpeech = (text: string, voice: SpeakerVoice): Uint8Array => {
  const words = text.match(/\S+/g) ?? ["…"];
  const gap = LETTER_MS * SAMPLES_PER_MS;
  const length = words.reduce((sum, word) => sum + (word.length + 1) * gap, 0);
  const bytes = new Uint8Array(length).fill(0xff);
  let at = 0;
  words.forEach((word, place) => {
    const pitches = TONES_HZ[voice];
    const hz = pitches[(word.length + place) % pitches.length]!;
    new Tone(hz, TONE_PEAK, hz * 2).fillUlaw(bytes, at, word.length * gap);
    at += (word.length + 1) * gap;
  });
  return bytes;
};

const frameSquares = (samples: Int16Array): Float64Array => {
  const squares = new Float64Array(Math.ceil(samples.length / FRAME_SAMPLES));
  for (let i = 0; i < samples.length; i++) {
    const frame = Math.floor(i / FRAME_SAMPLES);
    squares[frame] = squares[frame]! + (samples[i]! * samples[i]!) / FRAME_SAMPLES;
  }
  return squares;
};

/** Places of the frames that stay. */
const withoutLongPauses = (squares: Float64Array, pause: number): number[] => {
  const kept: number[] = [];
  const first = squares.findIndex((each) => each > pause);
  const last = squares.findLastIndex((each) => each > pause);
  const edge = EDGE_MS / 20;
  let quiet = 0;
  for (let frame = Math.max(0, first - edge); frame < Math.min(squares.length, last + 1 + edge); frame++) {
    quiet = squares[frame]! > pause ? 0 : quiet + 1;
    if (quiet * 20 <= LONGEST_PAUSE_MS) kept.push(frame);
  }
  return kept;
};

const bent = (sample: number): number => {
  const size = Math.abs(sample);
  if (size <= KNEE) return Math.round(sample);
  const room = CEILING - KNEE;
  return Math.round(Math.sign(sample) * (KNEE + room * Math.tanh((size - KNEE) / room)));
};
