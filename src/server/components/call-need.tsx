import { type Attention, HELP_AT, type Need, WATCH_AT } from "../../agents/attention.ts";
import type { SupervisionMode } from "../../core/supervision.ts";
import type { Present } from "../../media/supervision/messages.ts";
import { Icon } from "./icon.tsx";
import { Running } from "./instant.tsx";

/** Reasons shown for one call; the weaker ones behind them say little more. */
const REASONS = 2;

/** The greatest needs by rule, and in the places they leave, at least one, what a model thinks. */
const shownNeeds = (needs: readonly Need[]): Need[] => {
  const rules = needs.filter(({ isImpression }) => !isImpression).slice(0, REASONS);
  const impressions = needs.filter(({ isImpression }) => isImpression).slice(0, Math.max(1, REASONS - rules.length));
  return needs.filter((need) => rules.includes(need) || impressions.includes(need));
};

/** How much a call needs a person, in steps that a glance tells apart. */
export const needLevel = ({ score }: Attention): "help" | "watch" | "none" =>
  score >= HELP_AT ? "help" : score >= WATCH_AT ? "watch" : "none";

/** What a call needs a person for: a sign, a word, the reasons and since when. Nothing for a call that needs nobody. */
export const CallNeed = ({ attention, now }: { attention: Attention; now: number }) => {
  const level = needLevel(attention);
  if (level === "none") return null;
  return (
    <div class="need">
      <span class={level === "help" ? "badge need-help" : "badge warn"}>
        <Icon name={level === "help" ? "alert-triangle" : "info"} /> {level === "help" ? "Needs help" : "Watch"}
      </span>
      <ul>
        {shownNeeds(attention.needs).map((need) => (
          <li>
            {need.reason} <Running since={need.since} now={now} />
          </li>
        ))}
      </ul>
    </div>
  );
};

const DOES: Readonly<Record<SupervisionMode, readonly [icon: "headphones" | "ear" | "users" | "hand", word: string]>> =
  {
    listen: ["headphones", "listens"],
    whisper: ["ear", "whispers to the AI"],
    barge: ["users", "speaks with both"],
    takeover: ["hand", "speaks for the AI"],
  };

/** Who supervises a call and how, each as a badge in the colour of the mode. */
export const Supervisors = ({ present }: { present: readonly Present[] }) =>
  present.length === 0 ? null : (
    <ul class="cluster supervisors" aria-label="Supervisors">
      {present.map(({ name, mode }) => {
        const [icon, word] = DOES[mode];
        return (
          <li class={`badge mode-${mode}`}>
            <Icon name={icon} />
            <span hx-ignore="">
              {name} {word}
            </span>
          </li>
        );
      })}
    </ul>
  );
