/** Edge of the passband as a share of the lower Nyquist frequency: 3360 Hz at 8 kHz, the band of a telephone. */
const PASSBAND = 0.84;
/** Stopband attenuation the window is made for, in dB; the stopband begins at the lower Nyquist frequency itself. */
const STOPBAND_DB = 68;
/** Samples taken in at a time; bounds the kept history, longer inputs are taken in pieces. */
const BLOCK = 512;
/** Most filter phases: 22050 Hz → 8000 Hz needs 160, 44100 → 48000 as many. */
const MAX_PHASES = 640;

/**
 * Changes the sample rate by any rational ratio: a windowed sinc (Kaiser) in polyphase form, so only samples that are
 * kept are computed. Images and aliases are at least 60 dB down, the passband up to 84 % of the lower Nyquist frequency
 * is flat within 0.05 dB. State goes on from call to call: cutting the input differently changes no output sample.
 * Capacity: a history of one filter length plus 512 samples; nothing waits, nothing is dropped.
 */
export class Resampler {
  /** Delay of the signal through the filter (linear phase, the same for all frequencies), in ms. */
  readonly delayMs: number;

  readonly #up: number;
  readonly #down: number;
  readonly #taps: number;
  /** One row of `#taps` coefficients for each phase, oldest sample first. */
  readonly #rows: Float32Array;
  readonly #history: Float32Array;
  /** Samples in `#history`. */
  #held: number;
  /** Where the next output's window begins in `#history`, and its phase. */
  #at = 0;
  #phase = 0;

  /** @throws RangeError if the ratio in lowest terms needs more than 640 phases */
  constructor(fromHz: number, toHz: number) {
    const divisor = gcd(fromHz, toHz);
    this.#up = toHz / divisor;
    this.#down = fromHz / divisor;
    if (!(this.#up <= MAX_PHASES && this.#down >= 1)) throw new RangeError("sample rates have no small common ratio");

    if (this.#up === this.#down) {
      this.#taps = 1;
      this.#rows = Float32Array.of(1);
      this.delayMs = 0;
    } else {
      const rateHz = fromHz * this.#up;
      const nyquistHz = Math.min(fromHz, toHz) / 2;
      const prototype = lowpass(rateHz, nyquistHz, this.#up);
      this.#taps = prototype.length / this.#up;
      this.#rows = new Float32Array(prototype.length);
      for (let phase = 0; phase < this.#up; phase++)
        for (let tap = 0; tap < this.#taps; tap++)
          this.#rows[phase * this.#taps + (this.#taps - 1 - tap)] = prototype[tap * this.#up + phase]!;
      this.delayMs = ((prototype.length - this.#up) / 2 / rateHz) * 1000;
    }
    this.#history = new Float32Array(this.#taps - 1 + BLOCK);
    this.#held = this.#taps - 1;
  }

  /** Most samples `process` can write for an input of this length. */
  maxOutput(inputLength: number): number {
    return Math.ceil((inputLength * this.#up) / this.#down) + 1;
  }

  /**
   * Takes `inputLength` samples and writes all that can be computed, at most `maxOutput(inputLength)`, for which
   * `output` must have room; what does not fit is lost. Values beyond 16 bits are clipped. Returns samples written.
   */
  process(input: Int16Array, inputOff: number, inputLength: number, output: Int16Array, outputOff: number): number {
    let written = 0;
    for (let taken = 0; taken < inputLength; ) {
      const room = this.#history.length - this.#held;
      const count = Math.min(room, inputLength - taken);
      for (let i = 0; i < count; i++) this.#history[this.#held + i] = input[inputOff + taken + i]!;
      this.#held += count;
      taken += count;
      written += this.#drain(output, outputOff + written);
    }
    return written;
  }

  /** Forgets the signal so far, as if new. */
  reset(): void {
    this.#history.fill(0);
    this.#held = this.#taps - 1;
    this.#at = 0;
    this.#phase = 0;
  }

  #drain(output: Int16Array, outputOff: number): number {
    const history = this.#history;
    const rows = this.#rows;
    const taps = this.#taps;
    const last = this.#held - taps;
    let at = this.#at;
    let phase = this.#phase;
    let written = 0;
    while (at <= last) {
      // Independent sums let additions overlap; one chain would wait for each.
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      let row = phase * taps;
      let i = at;
      const end = at + taps;
      for (; i + 3 < end; i += 4, row += 4) {
        a += history[i]! * rows[row]!;
        b += history[i + 1]! * rows[row + 1]!;
        c += history[i + 2]! * rows[row + 2]!;
        d += history[i + 3]! * rows[row + 3]!;
      }
      for (; i < end; i++, row++) a += history[i]! * rows[row]!;
      const sum = Math.round(a + b + c + d);
      output[outputOff + written++] = Math.max(-32768, Math.min(32767, sum));
      phase += this.#down;
      while (phase >= this.#up) {
        phase -= this.#up;
        at++;
      }
    }
    // Only what later windows reach is kept. A window may begin beyond it when many samples are skipped.
    const keep = Math.min(at, this.#held);
    history.copyWithin(0, keep, this.#held);
    this.#held -= keep;
    this.#at = at - keep;
    this.#phase = phase;
    return written;
  }
}

/** Kaiser-windowed sinc at `rateHz`, gain `up`; its length is a multiple of `up`, symmetric about (length − up) / 2. */
function lowpass(rateHz: number, nyquistHz: number, up: number): Float64Array {
  const transition = (2 * Math.PI * nyquistHz * (1 - PASSBAND)) / rateHz;
  const wanted = (STOPBAND_DB - 7.95) / (2.285 * transition);
  const perPhase = Math.ceil(wanted / up) + 1;
  const length = perPhase * up;
  const middle = (length - up) / 2;
  const cutoff = (nyquistHz * (1 + PASSBAND)) / rateHz;
  const beta = 0.1102 * (STOPBAND_DB - 8.7);
  const taps = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const x = i - middle;
    const edge = x / (middle + 1);
    if (Math.abs(edge) >= 1) continue;
    const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
    taps[i] = (up * sinc * bessel(beta * Math.sqrt(1 - edge * edge))) / bessel(beta);
  }
  return taps;
}

/** Modified Bessel function of order zero, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
