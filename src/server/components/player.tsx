import type { WavePeaks } from "../wave-peaks.ts";
import { Icon } from "./icon.tsx";
import { clockOf } from "./instant.tsx";
import { Waveform } from "./waveform.tsx";

/**
 * Plays a call's recording, from `startS` seconds on. Without script the browser's own controls are there. `durationMs`
 * is the file's length. The beginning is a media fragment (W3C Media Fragments URI §4.2.1), which browsers seek to.
 */
export const Player = ({
  src,
  durationMs,
  peaks,
  startS = 0,
}: {
  src: string;
  durationMs: number;
  peaks: WavePeaks | null;
  startS?: number;
}) => (
  <>
    <div class="player" data-player hx-ignore="">
      <button type="button" class="btn icon" data-toggle aria-label="Play or pause the recording">
        <Icon name="play" />
        <Icon name="pause" />
      </button>
      <div class="track">
        {peaks === null ? null : <Waveform peaks={peaks} />}
        <input
          type="range"
          min="0"
          max={(durationMs / 1000).toFixed(2)}
          step="0.1"
          value={String(startS)}
          aria-label="Position in the recording, in seconds"
        />
      </div>
      <span class="num small nowrap">
        <span data-now>{clockOf(startS * 1000)}</span> / {clockOf(durationMs)}
      </span>
      <a class="btn quiet icon" href={src} download aria-label="Download the recording" hx-boost="false">
        <Icon name="download" />
      </a>
      <audio preload="metadata" src={startS > 0 ? `${src}#t=${startS}` : src}></audio>
    </div>
    <noscript>
      <audio controls preload="metadata" src={src}></audio>
    </noscript>
  </>
);
