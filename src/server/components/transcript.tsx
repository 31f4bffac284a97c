import type { Speaker } from "../../core/call.ts";
import type { StoredTurn } from "../../core/store/transcripts.ts";
import { Icon } from "./icon.tsx";
import { clockOf } from "./instant.tsx";

/** Words so far of a turn that is still being spoken. `atMs` counts from the answer. */
export interface PartialTurn {
  key: string;
  speaker: Speaker;
  text: string;
  atMs: number;
  /** For the agent alone: the callee does not hear it. */
  whispered: boolean;
}

/** Names shown for the speakers of one call, and the language that callee and agent speak, BCP 47. */
export interface SpeakerNames {
  callee: string;
  agent: string;
  language: string;
}

/**
 * Has words read in the language they were said in, and set in the direction of their own letters; what supervisors say
 * is in no language that is known.
 */
const spokenIn = (speaker: Speaker, { language }: SpeakerNames): { lang?: string; dir: "auto" } =>
  speaker === "supervisor" ? { dir: "auto" } : { lang: language, dir: "auto" };

const nameOf = (speaker: Speaker, names: SpeakerNames): string =>
  speaker === "callee" ? names.callee : speaker === "agent" ? names.agent : "Supervisor";

/** Id of a turn's element: the same while it is spoken and when it is stored, whatever characters the key has. */
export const turnDomId = (key: string): string =>
  `turn-${key.replace(/[^A-Za-z0-9]/g, (character) => `_${character.codePointAt(0)?.toString(16)}_`)}`;

/** Order of turns as streams insert them: by their beginning. */
const orderOf = (atMs: number): string => String(Math.max(0, Math.round(atMs))).padStart(9, "0");

const Who = ({ speaker, names, atMs }: { speaker: Speaker; names: SpeakerNames; atMs: number }) => (
  <div class="turn-who">
    <span>{nameOf(speaker, names)}</span>
    <time datetime={`PT${Math.floor(Math.max(0, atMs) / 1000)}S`}>{clockOf(atMs)}</time>
  </div>
);

/** Says of a whisper, in words, that it is no part of the conversation. */
const Mark = ({ whispered }: Pick<PartialTurn, "whispered">) =>
  whispered ? (
    <em class="turn-mark">
      <Icon name="ear" /> The caller did not hear this
    </em>
  ) : null;

/** Lane and look of a turn: a whisper is a lane of its own. */
const laneOf = ({ speaker, whispered }: Pick<PartialTurn, "speaker" | "whispered">): string =>
  whispered ? `turn ${speaker} whispered` : `turn ${speaker}`;

/** One finished turn. `seekable`: its words are a button that plays the recording from there; `isCued`: it was linked to. */
export const TurnItem = ({
  turn,
  names,
  seekable,
  isCued = false,
}: {
  turn: Omit<StoredTurn, "id" | "tenantId" | "callId">;
  names: SpeakerNames;
  seekable: boolean;
  isCued?: boolean;
}) => (
  <li
    id={turnDomId(turn.key)}
    class={`${laneOf(turn)}${turn.interrupted ? " cut" : ""}${isCued ? " cued" : ""}`}
    data-order={orderOf(turn.atMs)}
    hx-ignore=""
  >
    <Who speaker={turn.speaker} names={names} atMs={turn.atMs} />
    {seekable ? (
      <button type="button" {...spokenIn(turn.speaker, names)} data-t={(Math.max(0, turn.atMs) / 1000).toFixed(2)}>
        {turn.text}
      </button>
    ) : (
      <p {...spokenIn(turn.speaker, names)}>{turn.text}</p>
    )}
    <Mark whispered={turn.whispered} />
  </li>
);

/** One turn while it is spoken. */
export const PartialItem = ({ turn, names }: { turn: PartialTurn; names: SpeakerNames }) => (
  <li
    id={turnDomId(turn.key)}
    class={`${laneOf(turn)} partial`}
    data-order={orderOf(turn.atMs)}
    aria-busy="true"
    hx-ignore=""
  >
    <Who speaker={turn.speaker} names={names} atMs={turn.atMs} />
    <p {...spokenIn(turn.speaker, names)}>
      {turn.text === "" ? (
        <span class="typing">
          <i></i>
          <i></i>
          <i></i>
        </span>
      ) : (
        turn.text
      )}
    </p>
    <Mark whispered={turn.whispered} />
  </li>
);

/** The turn that is being said `atMs` after the answer; null before the first, and where nobody asked for a moment. */
const cuedKey = (turns: readonly StoredTurn[], atMs: number): string | null =>
  // Addresses have tenths of a second.
  atMs > 0 ? (turns.findLast((turn) => turn.atMs < atMs + 50)?.key ?? null) : null;

/** All turns of a call, those being spoken last; `#turns` is what streams change. The turn at `cueMs` is marked. */
export const TurnList = (props: {
  turns: readonly StoredTurn[];
  partials: readonly PartialTurn[];
  names: SpeakerNames;
  seekable: boolean;
  cueMs?: number;
}) => {
  const cued = cuedKey(props.turns, props.cueMs ?? 0);
  const stored = new Set(props.turns.map((turn) => turn.key));
  return (
    <ol id="turns" class="log">
      {props.turns.map((turn) => (
        <TurnItem turn={turn} names={props.names} seekable={props.seekable} isCued={turn.key === cued} />
      ))}
      {props.partials
        .filter((turn) => !stored.has(turn.key))
        .map((turn) => (
          <PartialItem turn={turn} names={props.names} />
        ))}
    </ol>
  );
};
