/** What one recording has of another. */
export interface Match {
  /** Where it begins, in ms; NaN when it was not found. */
  atMs: number;
  /** Normalised correlation of its middling piece: 1 is the same up to loudness, 0 has nothing to do with it. */
  likeness: number;
  /** Share of its pieces with a likeness over 0.95. */
  whole: number;
  /** How far its pieces moved against each other, in ms: what was left out, put in or delayed on the way. */
  slipMs: number;
}

/** One piece: a syllable or two. */
const PIECE = 2400;
/** Pieces move at most this much against each other, in samples. */
const SLIP = 1600;
/** Mean square of a piece that is worth comparing. */
const AUDIBLE = 200 ** 2;

const energyOf = (samples: Int16Array, from: number, length: number): number => {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += (samples[i] ?? 0) ** 2;
  return sum;
};

/** Best place of a piece of `sound` between two places of `heard`, with its normalised correlation there. */
const findPiece = (heard: Int16Array, from: number, to: number, sound: Int16Array, piece: number) => {
  const energy = energyOf(sound, piece, PIECE);
  const best = { at: from, likeness: -1 };
  let there = energyOf(heard, from, PIECE);
  for (let at = Math.max(0, from); at <= to; at++) {
    let product = 0;
    for (let i = 0; i < PIECE; i++) product += heard[at + i]! * sound[piece + i]!;
    const likeness = there > 0 ? product / Math.sqrt(energy * there) : 0;
    if (likeness > best.likeness) Object.assign(best, { at, likeness });
    there += (heard[at + PIECE] ?? 0) ** 2 - heard[at]! ** 2;
  }
  return best;
};

/**
 * Whether `sound` is in `heard`, both 16-bit at 8 kHz. The loudest piece finds the place; every other audible piece is
 * then looked for around it, so that a frame left out or put in on the way costs one piece and not the comparison.
 */
export const findSound = (heard: Int16Array, sound: Int16Array): Match => {
  const pieces: number[] = [];
  for (let at = 0; at + PIECE <= sound.length; at += PIECE) {
    if (energyOf(sound, at, PIECE) > AUDIBLE * PIECE) pieces.push(at);
  }
  const loudest = pieces.toSorted((a, b) => energyOf(sound, b, PIECE) - energyOf(sound, a, PIECE))[0];
  const last = heard.length - PIECE;
  if (loudest === undefined || last < 0) return { atMs: Number.NaN, likeness: 0, whole: 0, slipMs: 0 };
  const place = findPiece(heard, 0, last, sound, loudest).at - loudest;
  const found = pieces.map((piece) => {
    const expected = place + piece;
    const match = findPiece(heard, Math.max(0, expected - SLIP), Math.min(last, expected + SLIP), sound, piece);
    return { likeness: match.likeness, place: match.at - piece };
  });
  const good = found.filter((each) => each.likeness > 0.95);
  const places = good.map((each) => each.place);
  const likenesses = found.map((each) => each.likeness).toSorted((a, b) => a - b);
  return {
    atMs: place / 8,
    likeness: likenesses[likenesses.length >> 1] ?? 0,
    whole: good.length / found.length,
    slipMs: places.length > 0 ? (Math.max(...places) - Math.min(...places)) / 8 : 0,
  };
};

/** A match in one line, for a test's output. */
export const matchText = ({ atMs, likeness, whole, slipMs }: Match): string =>
  `likeness ${likeness.toFixed(4)}, ${Math.round(whole * 100)} % of it, at ${Math.round(atMs)} ms, slip ${slipMs} ms`;

const GOERTZEL_SAMPLES = 160;

/** Share of the energy of one 20 ms frame that is in a tone, by Goertzel; 0 for a frame that is next to silent. */
const shareOf = (samples: Int16Array, from: number, hz: number): number => {
  const factor = 2 * Math.cos((2 * Math.PI * hz) / 8000);
  let before = 0;
  let now = 0;
  let energy = 0;
  for (let i = 0; i < GOERTZEL_SAMPLES; i++) {
    const x = samples[from + i]!;
    energy += x * x;
    [before, now] = [now, x + factor * now - before];
  }
  if (energy < GOERTZEL_SAMPLES * 100 ** 2) return 0;
  return (now * now + before * before - factor * now * before) / (energy * (GOERTZEL_SAMPLES / 2));
};

/** Stretch in which a tone sounds. */
export interface ToneSpan {
  fromMs: number;
  /** Of all frames with the tone, also where it pauses between. */
  soundMs: number;
  toMs: number;
}

/** When a tone is to be heard in 8 kHz sound: its first and last 20 ms frame with at least 80 % of the energy in it. */
export const toneSpan = (samples: Int16Array, hz: number): ToneSpan => {
  const span = { fromMs: -1, soundMs: 0, toMs: -1 };
  for (let from = 0; from + GOERTZEL_SAMPLES <= samples.length; from += GOERTZEL_SAMPLES) {
    if (shareOf(samples, from, hz) < 0.8) continue;
    if (span.fromMs < 0) span.fromMs = from / 8;
    span.toMs = from / 8 + 20;
    span.soundMs += 20;
  }
  return span;
};

/** The two channels of a 16-bit stereo WAV at 8 kHz whose header is as short as it can be. Throws on another file. */
export const stereo = (wav: Uint8Array): { left: Int16Array; right: Int16Array; headerMs: number } => {
  const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength);
  const text = (at: number): string => Buffer.from(wav.subarray(at, at + 4)).toString("latin1");
  const format = [
    view.getUint16(20, true),
    view.getUint16(22, true),
    view.getUint32(24, true),
    view.getUint16(34, true),
  ];
  if (text(0) !== "RIFF" || text(8) !== "WAVE" || text(36) !== "data" || format.join() !== "1,2,8000,16") {
    throw new Error(`not a stereo recording: ${text(0)} ${text(8)} ${text(36)} ${format.join()}`);
  }
  const dataBytes = view.getUint32(40, true);
  if (view.getUint32(4, true) !== wav.length - 8 || dataBytes !== wav.length - 44) {
    throw new Error(`the header says ${dataBytes} bytes of sound, the file has ${wav.length - 44}`);
  }
  const frames = dataBytes / 4;
  const left = new Int16Array(frames);
  const right = new Int16Array(frames);
  for (let i = 0; i < frames; i++) {
    left[i] = view.getInt16(44 + 4 * i, true);
    right[i] = view.getInt16(46 + 4 * i, true);
  }
  return { left, right, headerMs: frames / 8 };
};
