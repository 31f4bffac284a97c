import type { SupervisionMode, SupervisionRight } from "../../core/supervision.ts";
import { Icon, type IconName } from "./icon.tsx";

const MODES: readonly (readonly [
  mode: Exclude<SupervisionMode, "listen">,
  icon: IconName,
  label: string,
  what: string,
])[] = [
  ["whisper", "ear", "Whisper", "Whisper to the AI on the call with"],
  ["barge", "users", "Barge in", "Barge in on the call with"],
  ["takeover", "hand", "Take over", "Take over the call with"],
];

/**
 * Asks the softphone, by attributes alone, for the modes beyond listening that this user may use. They are there from
 * the moment somebody talks: before that there is nobody to speak to. `compact` shows them as icons.
 */
export const SpeakButtons = (props: {
  callId: string;
  who: string;
  isReady: boolean;
  rights: ReadonlySet<SupervisionRight>;
  compact?: boolean;
}) => (
  <>
    {MODES.filter(([mode]) => props.rights.has(mode)).map(([mode, icon, label, what]) => (
      <button
        type="button"
        class={props.compact ? "btn small icon hide-s" : "btn"}
        data-sp={mode}
        data-call={props.callId}
        data-who={props.who}
        disabled={!props.isReady}
        aria-label={`${what} ${props.who}`}
        {...(props.compact ? { title: label } : {})}
      >
        <Icon name={icon} /> {props.compact ? null : label}
      </button>
    ))}
  </>
);
