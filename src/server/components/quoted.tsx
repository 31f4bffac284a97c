import { clockOf } from "./instant.tsx";

/** The page of a call with its recording set to a moment; `atMs` counts from the answer. */
export const momentPath = (callId: string, atMs: number): string =>
  `/calls/${callId}?t=${(Math.max(0, atMs) / 1000).toFixed(1)}`;

/** Somebody's words and the way to hear them. */
export const Quoted = ({ text, callId, atMs }: { text: string; callId: string; atMs: number }) => (
  <blockquote class="quoted" hx-ignore="">
    “{text}”{" "}
    <a class="num nowrap" href={momentPath(callId, atMs)} aria-label={`Hear it in the recording, at ${clockOf(atMs)}`}>
      {clockOf(atMs)}
    </a>
  </blockquote>
);
