import { toneAmplitude } from "../../src/media/audio/tone.ts";

const SAMPLES_PER_MS = 8;
/** Neighbours that say how loud the noise is around a tone, in Hz beside it. */
const BESIDE_HZ = [-260, -180, -110, 110, 180, 260];

/** How loud a tone is in a stretch of sound, beside the noise around it; amplitudes in sample units. */
export interface ToneEvidence {
  tone: number;
  /** The loudest of some pitches around it, in the same sound. */
  noise: number;
}

/** Looks for a tone in 8 kHz sound, from one ms to another: the loudest block of 250 ms counts, for tone and noise alike. */
export const toneEvidence = (samples: Int16Array, fromMs: number, toMs: number, hz: number): ToneEvidence => {
  const block = 250 * SAMPLES_PER_MS;
  const evidence = { tone: 0, noise: 0 };
  const end = Math.min(samples.length, Math.floor(toMs) * SAMPLES_PER_MS) - block;
  for (let at = Math.floor(fromMs) * SAMPLES_PER_MS; at <= end; at += block / 2) {
    evidence.tone = Math.max(evidence.tone, toneAmplitude(samples, at, block, hz));
    for (const beside of BESIDE_HZ) {
      evidence.noise = Math.max(evidence.noise, toneAmplitude(samples, at, block, hz + beside));
    }
  }
  return evidence;
};

/** Amplitude of a tone in the frame of 20 ms that begins at a ms. */
export const toneAt = (samples: Int16Array, ms: number, hz: number): number =>
  toneAmplitude(samples, Math.round(ms * SAMPLES_PER_MS), 160, hz);

/** First ms from `fromMs` on at which a tone is louder than `threshold` for 20 ms; NaN when it never is. */
export const onsetMs = (samples: Int16Array, fromMs: number, hz: number, threshold: number): number => {
  for (let at = Math.floor(fromMs) * SAMPLES_PER_MS; at + 160 <= samples.length; at += SAMPLES_PER_MS) {
    if (toneAmplitude(samples, at, 160, hz) > threshold) return at / SAMPLES_PER_MS;
  }
  return Number.NaN;
};
