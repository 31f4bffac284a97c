import type { TimelineEntry } from "../../core/store/call-events.ts";
import { causeSentence } from "./call-status.tsx";

const LOOK: Record<string, string> = {
  answered: "ok",
  created: "info",
  ringing: "info",
  "barge-in": "info",
  "voice-lost": "bad",
  "media-lost": "bad",
  supervisor: "info",
  "help.raised": "warn",
  "mood.read": "info",
  "transfer.asked": "info",
  "transfer.briefing": "info",
  "transfer.made": "ok",
  "transfer.failed": "warn",
  ended: "ok",
};

const WORD: Record<string, string> = {
  created: "Call created",
  initiating: "Getting ready",
  "barge-in": "Talked over",
  dtmf: "Key presses",
  "help.raised": "Help wanted",
  "help.dismissed": "Not now",
  "mood.read": "Mood",
  "transfer.asked": "Handing over",
  "transfer.briefing": "Briefing in private",
  "transfer.made": "Handed over",
  "transfer.failed": "Not handed over",
  "transfer.over": "Back with the AI",
};

/** A kind of entry in words; those without words of their own as they are, `voice-lost` as `Voice lost`. */
const wordOf = (kind: string): string => {
  const words = kind.replace(/[-_.]/g, " ");
  return WORD[kind] ?? words.charAt(0).toUpperCase() + words.slice(1);
};

const sinceStart = (ms: number): string => `${ms < 0 ? "−" : "+"}${(Math.abs(ms) / 1000).toFixed(1)} s`;

/** What happened in a call, in order; times count from its creation (`from`, epoch ms). */
export const Timeline = ({ entries, from }: { entries: readonly TimelineEntry[]; from: number }) => (
  <ol id="timeline" class="timeline" hx-ignore="">
    {entries.map((entry) => (
      <li id={`at-${entry.id}`} class={LOOK[entry.kind] ?? ""}>
        <time datetime={new Date(entry.at).toISOString()}>{sinceStart(entry.at - from)}</time>
        <b>{wordOf(entry.kind)}</b>
        {entry.detail === "" ? null : <span>{causeSentence(entry.detail) ?? entry.detail}</span>}
      </li>
    ))}
  </ol>
);
