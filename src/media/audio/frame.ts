/** Samples per second of the engine: the rate of G.711 (RFC 3551 §4.5.14), so frames cross without resampling. */
export const RATE_HZ = 8000;

/** Length of one frame in ms; also the period of the engine's tick. */
export const FRAME_MS = 20;

/** Samples in one frame; in G.711 one sample is one byte, so also the bytes of a coded frame. */
export const FRAME_SAMPLES = 160;

/** Samples (G.711 bytes) per ms: turns byte counts into ms. */
export const SAMPLES_PER_MS = 8;

/** µ-law code of a zero sample (positive zero, ITU-T G.711 table 2). */
export const ULAW_SILENCE = 0xff;

/** A-law code of the smallest positive sample, the nearest to silence A-law has (ITU-T G.711 table 1). */
export const ALAW_SILENCE = 0xd5;
