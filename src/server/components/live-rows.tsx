import { type Attention, WATCH_AT } from "../../agents/attention.ts";
import { callIsOver } from "../../core/call.ts";
import type { Call } from "../../core/store/call-record.ts";
import type { SupervisionRight } from "../../core/supervision.ts";
import type { Present } from "../../media/supervision/messages.ts";
import { MoodBadge } from "./call-mood.tsx";
import { CallNeed, needLevel, Supervisors } from "./call-need.tsx";
import { CallBadge, canListen, headingOf, whoOf } from "./call-status.tsx";
import { Icon } from "./icon.tsx";
import { Instant, Running, TalkLength } from "./instant.tsx";
import { ListenButton } from "./listen-button.tsx";
import { SpeakButtons } from "./supervision-buttons.tsx";

/** Narrow screens lay the table out as blocks, which takes its roles from it unless they are written out. */
const TABLE = { role: "table" } as const;
const ROWGROUP = { role: "rowgroup" } as const;
const ROW = { role: "row" } as const;
const COLUMNHEADER = { role: "columnheader" } as const;
const CELL = { role: "cell" } as const;

/** A call under way, how much it needs a person, and who supervises it. */
export interface WatchedCall {
  call: Call;
  attention: Attention;
  present: readonly Present[];
}

/** What the board is drawn for: a moment (epoch ms) and what its reader may do. */
export interface BoardView {
  now: number;
  rights: ReadonlySet<SupervisionRight>;
}

/** One call under way; one that has just ended stays, without buttons, until rows may move. */
export const LiveRow = ({ call, attention, present, now, rights }: WatchedCall & BoardView) => {
  const isOver = callIsOver(call.status);
  const who = whoOf(call);
  return (
    <tr id={`live-${call.id}`} class={isOver ? "over" : `row-${needLevel(attention)}`} {...ROW}>
      <td {...CELL}>
        <div class="who-need">
          <div class="grow">
            <a class="row-link" href={`/calls/${call.id}`}>
              {headingOf(call)}
            </a>
            <small class="clip">{call.action}</small>
          </div>
          {isOver ? null : <CallNeed attention={attention} now={now} />}
        </div>
      </td>
      <td {...CELL}>
        <CallBadge call={call} />
        {isOver ? null : <MoodBadge mood={attention.mood} />}
        {isOver ? null : <Supervisors present={present} />}
      </td>
      <td class="num" {...CELL}>
        {isOver ? <TalkLength call={call} /> : <Running since={call.answeredAt ?? call.createdAt} now={now} />}
      </td>
      <td class="end" {...CELL}>
        {isOver ? null : (
          <div class="row-actions">
            {rights.has("listen") ? <ListenButton callId={call.id} who={who} isReady={canListen(call)} small /> : null}
            <SpeakButtons callId={call.id} who={who} isReady={call.status === "in-progress"} rights={rights} compact />
          </div>
        )}
      </td>
    </tr>
  );
};

/**
 * Calls by need, in steps of ten so that rows do not change places over nothing; then those who talk, longest first,
 * ringing phones, and calls being prepared.
 */
export const byNeed = (calls: readonly WatchedCall[]): WatchedCall[] => {
  const need = ({ attention: { score } }: WatchedCall): number => (score >= WATCH_AT ? Math.floor(score / 10) : 0);
  const rank = ({ call }: WatchedCall): number =>
    call.status === "in-progress" ? 0 : call.status === "dialing" ? 1 : 2;
  const since = ({ call }: WatchedCall): number => call.answeredAt ?? call.createdAt;
  return calls
    .filter(({ call }) => !callIsOver(call.status))
    .sort((a, b) => need(b) - need(a) || rank(a) - rank(b) || since(a) - since(b));
};

/**
 * The order of the rows, and the button for the one that comes first. A page's script puts the rows in that order when
 * nobody is about to press something in them; L presses the button while the keyboard is on the board.
 */
export const BoardOrder = ({ calls, rights }: { calls: readonly WatchedCall[]; rights: BoardView["rights"] }) => {
  const top = calls.find(({ call }) => canListen(call));
  return (
    <div id="live-order" class="end" data-order={calls.map(({ call }) => call.id).join(" ")}>
      {top === undefined || !rights.has("listen") ? null : (
        <button
          type="button"
          id="listen-top"
          class={needLevel(top.attention) === "help" ? "btn small primary" : "btn small"}
          data-sp="listen"
          data-call={top.call.id}
          data-who={whoOf(top.call)}
          aria-keyshortcuts="L"
        >
          <Icon name="headphones" /> Listen to the top one <kbd class="hide-s">L</kbd>
        </button>
      )}
    </div>
  );
};

/** What the table and its rows are drawn from; `nextAt`: when the next task is due, epoch ms. */
type Rows = BoardView & { calls: readonly WatchedCall[]; nextAt: number | null };

/** Table of calls under way; its rows are `#live-rows`, kept fresh by a stream. */
export const LiveTable = (props: Rows) => (
  <div class="table-wrap">
    <table class="table board" {...TABLE}>
      <caption class="vh">Calls under way, those that need a person first</caption>
      <thead {...ROWGROUP}>
        <tr {...ROW}>
          <th scope="col" {...COLUMNHEADER}>
            Who
          </th>
          <th scope="col" {...COLUMNHEADER}>
            State
          </th>
          <th scope="col" {...COLUMNHEADER}>
            Time
          </th>
          <th scope="col" {...COLUMNHEADER} class="end">
            <span class="vh">Action</span>
          </th>
        </tr>
      </thead>
      <LiveRows {...props} />
    </table>
  </div>
);

/** Rows of calls under way, or the sentence that there are none. */
export const LiveRows = ({ calls, nextAt, now, rights }: Rows) => (
  <tbody id="live-rows" {...ROWGROUP}>
    {calls.length === 0 ? (
      <tr id="live-none" {...ROW}>
        <td colspan={4} {...CELL}>
          <div class="empty">
            <Icon name="phone" />
            <p>
              No calls right now.{" "}
              {nextAt !== null && nextAt > now ? (
                <>
                  Next one at <Instant at={nextAt} />.
                </>
              ) : null}
            </p>
          </div>
        </td>
      </tr>
    ) : (
      calls.map((watched) => <LiveRow {...watched} now={now} rights={rights} />)
    )}
  </tbody>
);
