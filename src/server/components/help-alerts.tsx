import { Icon } from "./icon.tsx";

/** A live call that needs a person. */
export interface HelpCall {
  callId: string;
  who: string;
  /** Why, in words: "asked for a person", "angry for 20 s". */
  why: string;
  /** How Accept joins: a call that is handed over is taken. */
  mode: "listen" | "takeover";
}

/**
 * Calls that ask for help, on every page; streams change it with `outerMorph` on `#help`. The softphone watches it: for a
 * call that is new here it rings, counts in the title and, where the user allowed it, notifies. Accept joins as a
 * listener, or takes a call that is handed over; "Not now" (`data-help-dismiss`) hides the card in this browser until the call has left the list, and tells the server,
 * which takes it off the user's other pages.
 */
export const HelpAlerts = ({ calls }: { calls: readonly HelpCall[] }) => (
  <section id="help" class="help" aria-label="Calls that need help" aria-live="polite">
    {calls.map(({ callId, who, why, mode }) => (
      <article id={`help-${callId}`} class="help-card" data-help={callId}>
        <Icon name="alert-triangle" />
        <div class="grow">
          <h2 class="clip" hx-ignore="">
            {who}
          </h2>
          <p hx-ignore="">{why}</p>
        </div>
        <div class="cluster">
          <button type="button" class="btn small primary" data-sp={mode} data-call={callId} data-who={who}>
            Accept
          </button>
          <button
            type="button"
            class="btn small"
            data-help-dismiss={callId}
            hx-delete={`/x/calls/${callId}/help`}
            hx-swap="none"
          >
            Not now
          </button>
        </div>
      </article>
    ))}
  </section>
);
