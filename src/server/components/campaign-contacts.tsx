import { refusalSentence } from "../../core/dial-refusal.ts";
import type { Call } from "../../core/store/call-record.ts";
import type { Task } from "../../core/store/task-record.ts";
import type { CampaignContact, ContactAttempt } from "../campaign-picture.ts";
import { CallBadge } from "./call-status.tsx";
import { Icon } from "./icon.tsx";
import { Instant, Span } from "./instant.tsx";
import { momentPath } from "./quoted.tsx";
import { TwoClocks } from "./two-clocks.tsx";

/** A contact's state in a word and the class of its badge. */
const stateOf = ({ task, live }: CampaignContact, now: number): readonly [word: string, look: string] => {
  switch (task.status) {
    case "draft":
      return ["Draft", "plain"];
    case "pending":
      if (task.attempts > 0) return ["To be tried again", "warn"];
      return (task.nextActionAt ?? 0) <= now ? ["Queued", "info"] : ["Waiting", "plain"];
    case "in-progress":
      return live?.status === "in-progress" ? ["Talking", "live"] : ["Ringing", "ringing"];
    case "pending_analysis":
      return ["Being judged", "ai"];
    case "on_hold":
      return ["On hold", "warn"];
    case "completed":
      return ["Reached", "ok"];
    case "failed_conclusive":
      return task.lastRefusal === "do-not-call" ? ["Blocked", "bad"] : ["Not reached", "bad"];
    case "cancelled":
      return ["Not called", "plain"];
  }
};

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** Why a contact is where it is, where that needs more than its state. */
const Why = ({ task }: { task: Task }) => {
  if (task.status === "pending_analysis" && task.analysisFailures > 0) {
    return <small>The text model gave no verdict yet; it is asked again.</small>;
  }
  const isStuck = task.status === "on_hold" || task.status === "failed_conclusive" || task.status === "pending";
  if (!isStuck) return null;
  if (task.lastRefusal !== null) return <small>{refusalSentence(task.lastRefusal)}</small>;
  return task.lastVerdict === null ? null : <small>{capital(task.lastVerdict)}.</small>;
};

const Attempt = ({ attempt: { call, verdict } }: { attempt: ContactAttempt }) => {
  const told = verdict?.facts.find(({ quote, atMs }) => quote !== null && atMs !== null);
  return (
    <li id={`attempt-${call.id}`}>
      <a href={`/calls/${call.id}`}>Call {call.attempt}</a> <CallBadge call={call} />{" "}
      <Instant at={call.answeredAt ?? call.createdAt} />
      {call.durationMs ? (
        <>
          {" · "}
          <Span ms={call.durationMs} />
        </>
      ) : null}
      {verdict === null ? null : <small>{capital(verdict.reason)}.</small>}
      {verdict?.nextActionWords ? <small>They said: “{verdict.nextActionWords}”</small> : null}
      {told?.quote && told.atMs !== null ? (
        <small>
          <a href={momentPath(call.id, told.atMs)}>“{told.quote}”</a>
        </small>
      ) : null}
    </li>
  );
};

const Follow = ({ call }: { call: Call }) => (
  <small class="follow">
    <a class="btn small" href={`/calls/${call.id}`}>
      <Icon name="headphones" /> Follow
    </a>
  </small>
);

/** One contact: who, what was tried, where it is. */
const ContactRow = ({ contact, now, ours }: { contact: CampaignContact; now: number; ours: string }) => {
  const { task, attempts, live, zone } = contact;
  const [word, look] = stateOf(contact, now);
  const isLater = task.status === "pending" && task.nextActionAt !== null && task.nextActionAt > now;
  return (
    <tr id={`contact-${task.id}`}>
      <td>
        <b>{task.calleeName.trim() || task.phone}</b> <span class="num nowrap muted">{task.phone}</span>
        {attempts.length === 0 ? null : (
          <ol class="attempts" aria-label="Calls so far">
            {attempts.map((attempt) => (
              <Attempt attempt={attempt} />
            ))}
          </ol>
        )}
      </td>
      <td>
        <span class={`badge ${look}`}>{word}</span>
        {isLater && task.nextActionAt !== null ? (
          <small>
            <TwoClocks at={task.nextActionAt} theirs={zone} ours={ours} />
          </small>
        ) : null}
        <Why task={task} />
        {live === null ? null : <Follow call={live} />}
      </td>
      <td class="num hide-s">
        {task.attempts} of {task.maxAttempts}
      </td>
    </tr>
  );
};

/** Rows of contacts; `#contacts` is what streams change. `ours` is the zone of who looks. */
export const ContactRows = (props: { contacts: readonly CampaignContact[]; now: number; ours: string }) => (
  <tbody id="contacts">
    {props.contacts.map((contact) => (
      <ContactRow contact={contact} now={props.now} ours={props.ours} />
    ))}
  </tbody>
);

/** The contacts of a campaign with what was tried. */
export const ContactTable = (props: { contacts: readonly CampaignContact[]; now: number; ours: string }) => (
  <div class="table-wrap">
    <table class="table top-aligned">
      <caption class="vh">Contacts with their calls and states</caption>
      <thead>
        <tr>
          <th scope="col">Contact and calls</th>
          <th scope="col">State</th>
          <th scope="col" class="hide-s">
            Tries
          </th>
        </tr>
      </thead>
      <ContactRows {...props} />
    </table>
  </div>
);
