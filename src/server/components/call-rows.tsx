import type { Call } from "../../core/store/call-record.ts";
import { CallBadge, causeSentence, headingOf } from "./call-status.tsx";
import { Icon } from "./icon.tsx";
import { Instant, TalkLength } from "./instant.tsx";

/** One call that is over. */
export const RecentRow = ({ call }: { call: Call }) => (
  <tr id={`recent-${call.id}`}>
    <td>
      <a class="row-link" href={`/calls/${call.id}`}>
        {headingOf(call)}
      </a>
      <small class="clip">{call.action}</small>
      <small class="only-s">
        <Instant at={call.endedAt ?? call.createdAt} />
      </small>
    </td>
    <td>
      <CallBadge call={call} />
    </td>
    <td class="hide-s">{call.hangupCause ? causeSentence(call.hangupCause) : ""}</td>
    <td class="num">
      <TalkLength call={call} />
    </td>
    <td class="end hide-s">
      <Instant at={call.endedAt ?? call.createdAt} />
    </td>
  </tr>
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
