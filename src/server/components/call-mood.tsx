import { MOODS, type Mood } from "../../core/mood.ts";
import type { CallMood } from "../../core/store/call-moods.ts";
import { Icon } from "./icon.tsx";
import { clockOf } from "./instant.tsx";

/** Changes told in words; of more, the last. */
const TOLD = 6;
/** Size of one step of the drawing in its own units. */
const STEP = 8;

const LOOK: Readonly<Record<Mood, readonly [icon: "smile" | "meh" | "frown" | "angry", word: string, look: string]>> = {
  calm: ["smile", "Calm", "plain"],
  uneasy: ["meh", "Uneasy", "plain"],
  upset: ["frown", "Upset", "warn"],
  angry: ["angry", "Angry", "bad"],
};

const MoodWord = ({ mood, says }: { mood: Mood; says: string }) => {
  const [icon, word, look] = LOOK[mood];
  return (
    <span class={`badge ${look} mood`}>
      <Icon name={icon} /> <span class="vh">{says}</span>
      {word}
    </span>
  );
};

/** How the callee sounds to a model, as a sign and a word; nothing where no model says so. */
export const MoodBadge = ({ mood }: { mood: Mood | null }) =>
  mood === null ? null : <MoodWord mood={mood} says="The model's impression: " />;

/** The moods as a line of steps from left to right, the worse the higher; of many, the last. */
const MoodSteps = ({ moods }: { moods: readonly CallMood[] }) => {
  const shown = moods.slice(-60);
  const heightOf = ({ mood }: CallMood): number => (MOODS.length - 1 - MOODS.indexOf(mood)) * STEP + 2;
  const path = shown.map((one, i) => `${i === 0 ? "M0 " : "V"}${heightOf(one)}H${(i + 1) * STEP}`).join("");
  return (
    <svg
      class="mood-steps"
      viewBox={`0 0 ${shown.length * STEP} ${(MOODS.length - 1) * STEP + 4}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path} vector-effect="non-scaling-stroke" />
    </svg>
  );
};

/** How the mood of a call went, in words where it changed; times count from `from`, epoch ms. */
export const MoodLine = ({ moods, from }: { moods: readonly CallMood[]; from: number }) => {
  const changes = moods.filter(({ mood }, i) => i === 0 || moods[i - 1]?.mood !== mood);
  return (
    <>
      {moods.length > 2 ? <MoodSteps moods={moods} /> : null}
      <ol class="moods" aria-label="How the callee sounded to the model">
        {changes.length > TOLD ? <li class="muted">{changes.length - TOLD} changes before</li> : null}
        {changes.slice(-TOLD).map(({ mood, at }) => (
          <li>
            <MoodWord mood={mood} says="" /> <span class="num muted">{clockOf(at - from)}</span>
          </li>
        ))}
      </ol>
      <small class="muted">As the model sees it; it may be wrong.</small>
    </>
  );
};
