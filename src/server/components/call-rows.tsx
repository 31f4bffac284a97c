import { callIsOver } from "../../core/call.ts";
import type { Call } from "../../core/store/call-record.ts";
import { CallBadge, canListen, causeSentence, whoOf } from "./call-status.tsx";
import { Icon } from "./icon.tsx";
import { Instant, Running, Span } from "./instant.tsx";
import { ListenButton } from "./listen-button.tsx";

/** A call under way and the names of those who listen to it. */
export interface WatchedCall {
  call: Call;
  listeners: readonly string[];
}

/** One call under way. `now` is epoch ms. */
export const LiveRow = ({ call, listeners, now }: WatchedCall & { now: number }) => (
  <tr id={`live-${call.id}`}>
    <td>
      <a class="row-link" href={`/calls/${call.id}`}>
        {whoOf(call)}
      </a>
      <small class="clip">{call.action}</small>
    </td>
    <td>
      <CallBadge call={call} />
      {listeners.length === 0 ? null : <small>heard by {listeners.join(", ")}</small>}
    </td>
    <td class="num">
      <Running since={call.answeredAt ?? call.createdAt} now={now} />
    </td>
    <td class="end">
      <ListenButton callId={call.id} who={whoOf(call)} isReady={canListen(call)} small />
    </td>
  </tr>
);

/** One call that is over. */
export const RecentRow = ({ call }: { call: Call }) => (
  <tr id={`recent-${call.id}`}>
    <td>
      <a class="row-link" href={`/calls/${call.id}`}>
        {whoOf(call)}
      </a>
      <small class="clip">{call.action}</small>
    </td>
    <td>
      <CallBadge call={call} />
    </td>
    <td class="hide-s">{call.hangupCause ? causeSentence(call.hangupCause) : ""}</td>
    <td class="num">
      <Span ms={call.durationMs ?? 0} />
    </td>
    <td class="end hide-s">
      <Instant at={call.endedAt ?? call.createdAt} />
    </td>
  </tr>
);

/** Calls by need: those who talk, longest first, then ringing phones, then calls being prepared. */
export const byNeed = (calls: readonly WatchedCall[]): WatchedCall[] => {
  const rank = ({ call }: WatchedCall): number =>
    call.status === "in-progress" ? 0 : call.status === "dialing" ? 1 : 2;
  const since = ({ call }: WatchedCall): number => call.answeredAt ?? call.createdAt;
  return calls.filter(({ call }) => !callIsOver(call.status)).sort((a, b) => rank(a) - rank(b) || since(a) - since(b));
};

/** Table of calls under way; its rows are `#live-rows`, kept fresh by a stream. */
export const LiveTable = ({
  calls,
  now,
  nextAt,
}: {
  calls: readonly WatchedCall[];
  now: number;
  nextAt: number | null;
}) => (
  <div class="table-wrap">
    <table class="table">
      <caption class="vh">Calls under way</caption>
      <thead>
        <tr>
          <th scope="col">Who</th>
          <th scope="col">State</th>
          <th scope="col">Time</th>
          <th scope="col" class="end">
            <span class="vh">Action</span>
          </th>
        </tr>
      </thead>
      <LiveRows calls={calls} now={now} nextAt={nextAt} />
    </table>
  </div>
);

/** Rows of calls under way, or the sentence that there are none. `nextAt`: when the next task is due, epoch ms. */
export const LiveRows = ({
  calls,
  now,
  nextAt,
}: {
  calls: readonly WatchedCall[];
  now: number;
  nextAt: number | null;
}) => (
  <tbody id="live-rows">
    {calls.length === 0 ? (
      <tr id="live-none">
        <td colspan={4}>
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
      calls.map((watched) => <LiveRow {...watched} now={now} />)
    )}
  </tbody>
);

/** Rows of calls that are over, or the sentence that there are none. */
export const RecentRows = ({ calls }: { calls: readonly Call[] }) => (
  <tbody id="recent-rows">
    {calls.length === 0 ? (
      <tr id="recent-none">
        <td colspan={5}>
          <div class="empty">
            <Icon name="clock" />
            <p>No finished call yet. Results appear here as soon as the first one ends.</p>
          </div>
        </td>
      </tr>
    ) : (
      calls.map((call) => <RecentRow call={call} />)
    )}
  </tbody>
);

/** Table of calls that are over. */
export const RecentTable = ({ calls }: { calls: readonly Call[] }) => (
  <div class="table-wrap">
    <table class="table">
      <caption class="vh">Finished calls</caption>
      <thead>
        <tr>
          <th scope="col">Who</th>
          <th scope="col">Result</th>
          <th scope="col" class="hide-s">
            Ended because
          </th>
          <th scope="col">Length</th>
          <th scope="col" class="end hide-s">
            When
          </th>
        </tr>
      </thead>
      <RecentRows calls={calls} />
    </table>
  </div>
);
