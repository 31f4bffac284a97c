import type { WavePeaks } from "../wave-peaks.ts";

/** Height of one channel's half in the drawing's own units. */
const HALF = 20;

const pathOf = (peaks: Uint8Array, middle: number): string => {
  let top = "";
  let bottom = "";
  for (let x = 0; x < peaks.length; x++) {
    const height = Math.max(0.4, ((peaks[x] ?? 0) / 255) * (HALF - 1));
    top += `${x === 0 ? "M" : "L"}${x} ${(middle - height).toFixed(1)}`;
    bottom = `L${x} ${(middle + height).toFixed(1)}${bottom}`;
  }
  return `${top}${bottom}Z`;
};

/** Loudness of both parties over a recording: the callee above, the agent below. Says nothing that words do not. */
export const Waveform = ({ peaks }: { peaks: WavePeaks }) => (
  <svg
    class="wave"
    viewBox={`0 0 ${Math.max(1, peaks.callee.length - 1)} ${HALF * 4}`}
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    <path class="callee" d={pathOf(peaks.callee, HALF)} />
    <path class="agent" d={pathOf(peaks.agent, HALF * 3)} />
  </svg>
);
