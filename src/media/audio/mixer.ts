/** Largest magnitude of a 16 bit sample that both signs have. */
const FULL = 32767;
/** A loud mix is turned down to this peak, −2 dB; above it, what the gain did not catch in time is bent, not cut off. */
const KNEE = 26000;
/** Samples over which the gain falls: 2 ms, fast for the ear and slow enough not to click. */
const ATTACK_SAMPLES = 16;
/** Rise of the gain each frame once the mix is quieter: 0.4 dB, back from −6 dB in 0.3 s. */
const RELEASE = 10 ** (0.4 / 20);

/** Adds `n` samples to the sums in `acc`. Sums are 32 bit: 65 536 inputs cannot wrap. */
export function mixInto(acc: Int32Array, pcm: Int16Array, off: number, n: number): void {
  for (let i = 0; i < n; i++) acc[i] = acc[i]! + pcm[off + i]!;
}

/**
 * Brings sums of many parties back to 16 bits: a mix that fits passes bit by bit, a louder one is turned down smoothly
 * and comes back slowly; no sample ever wraps. Keeps one gain, no audio, so it adds no delay.
 */
export class Limiter {
  /** Frames that had to be turned down. */
  limitedFrames = 0;
  #gain = 1;

  /** Gain applied last, 0..1. */
  get gain(): number {
    return this.#gain;
  }

  /** Writes `n` limited samples of `acc` to `out` and empties `acc` for the next frame. */
  drain(acc: Int32Array, out: Int16Array, off: number, n: number): void {
    let peak = 0;
    for (let i = 0; i < n; i++) {
      const sample = acc[i]!;
      const magnitude = sample < 0 ? ~sample : sample;
      if (magnitude > peak) peak = magnitude;
    }
    const from = this.#gain;
    if (from === 1 && peak <= FULL) {
      for (let i = 0; i < n; i++) out[off + i] = acc[i]!;
      acc.fill(0, 0, n);
      return;
    }
    if (peak > FULL) this.limitedFrames++;
    const risen = Math.min(1, from * RELEASE);
    const to = peak * risen > KNEE ? Math.min(from, KNEE / peak) : risen;
    const ramp = to < from ? Math.min(n, ATTACK_SAMPLES) : n;
    const step = (to - from) / ramp;
    for (let i = 0; i < n; i++) {
      out[off + i] = soften(acc[i]! * (i < ramp ? from + step * (i + 1) : to));
    }
    acc.fill(0, 0, n);
    this.#gain = to;
  }
}

/** Linear to the knee, then a hyperbola of the same slope that reaches full scale only at infinity. */
function soften(sample: number): number {
  const magnitude = sample < 0 ? -sample : sample;
  if (magnitude <= KNEE) return Math.round(sample);
  const over = magnitude - KNEE;
  const room = FULL - KNEE;
  const bent = Math.round(KNEE + (room * over) / (over + room));
  return sample < 0 ? -bent : bent;
}
