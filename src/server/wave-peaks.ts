/** Peaks of a stereo recording, 0 silent … 255 full scale, one per stripe of equal time. */
export interface WavePeaks {
  callee: Uint8Array;
  agent: Uint8Array;
}

/** Stripes a recording is drawn with: about two per pixel pair of a wide page. */
export const WAVE_STRIPES = 480;

/** Bytes read at once; the event loop breathes in between. A multiple of any block size used here. */
const CHUNK_BYTES = 256 * 1024;

/** The header of a WAV file must lie within its first bytes. */
const HEADER_BYTES = 4096;

/** Peaks of a whole file are kept for this many recordings. */
const CACHED_FILES = 64;

/** Size of a µ-law code, 0…255 (ITU-T G.711 §4, decoded and halved to 8 bits). */
const ulawLoudness = (code: number): number => {
  const inverted = ~code & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + 0x84) << ((inverted & 0x70) >> 4);
  return Math.min(255, (magnitude - 0x84) >> 7);
};

const ULAW = Uint8Array.from({ length: 256 }, (_, code) => ulawLoudness(code));

/** Where the samples of a WAV file are (Multimedia Programming Interface 1.0, RIFF WAVE form); null: none of ours. */
const findSamples = (head: DataView): { from: number; bytes: number; bytesPerSample: 1 | 2 } | null => {
  const word = (at: number): string => String.fromCharCode(...[0, 1, 2, 3].map((i) => head.getUint8(at + i)));
  if (head.byteLength < 12 || word(0) !== "RIFF" || word(8) !== "WAVE") return null;
  let bytesPerSample: 1 | 2 | null = null;
  for (let at = 12; at + 8 <= head.byteLength; ) {
    const size = head.getUint32(at + 4, true);
    if (word(at) === "data") return bytesPerSample && { from: at + 8, bytes: size, bytesPerSample };
    if (word(at) === "fmt " && at + 24 <= head.byteLength) {
      const format = head.getUint16(at + 8, true);
      const bits = head.getUint16(at + 22, true);
      if (head.getUint16(at + 10, true) !== 2) return null;
      if (format === 1 && bits === 16) bytesPerSample = 2;
      else if (format === 7 && bits === 8) bytesPerSample = 1;
      else return null;
    }
    at += 8 + size + (size & 1);
  }
  return null;
};

/** Reads a stereo WAV of 16-bit PCM or µ-law in pieces; null when the file is no such WAV or is gone. */
export const readWavePeaks = async (path: string): Promise<WavePeaks | null> => {
  const file = Bun.file(path);
  if (!(await file.exists())) return null;
  const samples = findSamples(new DataView(await file.slice(0, HEADER_BYTES).arrayBuffer()));
  if (samples === null) return null;
  // A file whose writer died says too little or too much: what is there counts.
  const bytes = file.size - samples.from;
  const block = samples.bytesPerSample * 2;
  const frames = Math.floor(bytes / block);
  const peaks: WavePeaks = { callee: new Uint8Array(WAVE_STRIPES), agent: new Uint8Array(WAVE_STRIPES) };
  for (let done = 0; done < frames * block; done += CHUNK_BYTES) {
    const end = Math.min(done + CHUNK_BYTES, frames * block);
    const chunk = new Uint8Array(await file.slice(samples.from + done, samples.from + end).arrayBuffer());
    const first = done / block;
    for (let i = 0; i + block <= chunk.length; i += block) {
      const stripe = Math.floor(((first + i / block) * WAVE_STRIPES) / frames);
      let left: number;
      let right: number;
      if (samples.bytesPerSample === 1) {
        left = ULAW[chunk[i]!]!;
        right = ULAW[chunk[i + 1]!]!;
      } else {
        left = Math.min(255, Math.abs(((chunk[i]! | (chunk[i + 1]! << 8)) << 16) >> 16) >> 7);
        right = Math.min(255, Math.abs(((chunk[i + 2]! | (chunk[i + 3]! << 8)) << 16) >> 16) >> 7);
      }
      if (left > peaks.callee[stripe]!) peaks.callee[stripe] = left;
      if (right > peaks.agent[stripe]!) peaks.agent[stripe] = right;
    }
  }
  return peaks;
};

/** Peaks by recording, worked out once each; finished recordings never change. */
export class WavePeaksCache {
  readonly #known = new Map<string, Promise<WavePeaks | null>>();
  of(recordingId: string, path: string): Promise<WavePeaks | null> {
    const known = this.#known.get(recordingId);
    if (known) return known;
    if (this.#known.size >= CACHED_FILES) this.#known.delete(this.#known.keys().next().value as string);
    const peaks = readWavePeaks(path).catch(() => null);
    this.#known.set(recordingId, peaks);
    return peaks;
  }
}
