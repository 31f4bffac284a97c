import type { SearchHit } from "../search-hits.ts";
import { Icon } from "./icon.tsx";
import { clockOf } from "./instant.tsx";
import { momentPath } from "./quoted.tsx";
import { turnDomId } from "./transcript.tsx";

const SPEAKERS = { callee: "Callee", agent: "Agent", supervisor: "Supervisor" } as const;

/** Lines of a call in which something was found, each with the way to that second of it. */
export const SearchHits = ({ hits }: { hits: readonly SearchHit[] }) => (
  <ul class="hits" hx-ignore="">
    {hits.map(({ turn, pieces }) => (
      <li>
        <a
          class="num"
          href={`${momentPath(turn.callId, turn.atMs)}#${turnDomId(turn.key)}`}
          aria-label={`Go to ${clockOf(turn.atMs)} of the call`}
        >
          {clockOf(turn.atMs)}
        </a>
        <p>
          {turn.whispered ? (
            <span class="hit-whisper">
              <Icon name="ear" /> Whispered
            </span>
          ) : (
            <b class={turn.speaker}>{SPEAKERS[turn.speaker]}</b>
          )}{" "}
          <bdi>{pieces.map(({ text, isFound }) => (isFound ? <mark>{text}</mark> : text))}</bdi>
        </p>
      </li>
    ))}
  </ul>
);
