import { FRAME_SAMPLES, RATE_HZ } from "../../src/media/audio/frame.ts";
import { encodeUlaw } from "../../src/media/audio/g711.ts";

/** Syllables a second of ordinary speech. */
const SYLLABLES_HZ = 4;
const PITCH_HZ = 130;
/** Strongest harmonics: about the first two formants of a vowel. */
const HARMONICS = [
  [1, 0.5],
  [3, 0.6],
  [5, 1],
  [9, 0.4],
  [14, 0.2],
] as const;
const PEAK = 9000;

/** µ-law frames that rise and fall like speech; the first is loud at once, so that a stretch has a sharp beginning. */
export const speechFrames = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, frame) => {
    const bytes = new Uint8Array(FRAME_SAMPLES);
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const t = (frame * FRAME_SAMPLES + i) / RATE_HZ;
      let sum = 0;
      for (const [n, gain] of HARMONICS) sum += gain * Math.sin(2 * Math.PI * PITCH_HZ * n * t);
      const syllable = 0.55 + 0.45 * Math.cos(2 * Math.PI * SYLLABLES_HZ * t);
      bytes[i] = encodeUlaw(Math.round((PEAK * syllable * sum) / 2));
    }
    return bytes;
  });

/** Frames of a quiet line: a faint noise, the same on every run. */
export const quietFrames = (count: number): Uint8Array[] => {
  let state = 1;
  return Array.from({ length: count }, () =>
    Uint8Array.from({ length: FRAME_SAMPLES }, () => {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      return encodeUlaw(((state >> 16) % 33) - 16);
    }),
  );
};
