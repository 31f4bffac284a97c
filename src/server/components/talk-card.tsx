import { Field } from "./field.tsx";
import { Icon } from "./icon.tsx";

/**
 * Talking to an agent through this page: `<od-talk>` makes the call, its words come into `#talk-call`. `missing` says why
 * there is no sound, and what to do about it.
 */
export const TalkCard = ({ agentId, missing }: { agentId: string; missing: string | null }) => (
  <section id="talk" class="card" aria-labelledby="talk-title">
    <header class="card-head">
      <h2 id="talk-title">
        <Icon name="mic" /> Talk to this agent
      </h2>
    </header>
    <noscript>
      <p class="card-body muted">Talking to an agent needs JavaScript.</p>
    </noscript>
    {missing === null ? (
      <od-talk class="talk" data-agent={agentId} hx-ignore="">
        <form class="form card-body" method="dialog">
          <div class="fields">
            <Field
              name="action"
              label="What should the call achieve?"
              placeholder="Find the earliest free appointment on a Thursday and book it."
              hint="Empty for just a conversation."
              lines={2}
              full
              maxLength={2000}
              values={{}}
              problems={[]}
              idPrefix="talk"
            />
            <Field
              name="callee"
              label="Whom you play"
              placeholder="Dr. Novak's practice"
              full
              maxLength={120}
              values={{}}
              problems={[]}
              idPrefix="talk"
            />
          </div>
          <div class="form-end">
            <button type="submit" class="btn primary">
              <Icon name="mic" /> Talk
            </button>
            <p class="small muted">
              A real call with this agent, but no number is dialed. It is recorded, costs what its voice costs, and is
              in no report.
            </p>
          </div>
        </form>
      </od-talk>
    ) : (
      <div class="card-body">
        <p class="banner warn">
          <Icon name="alert-triangle" /> {missing}
        </p>
      </div>
    )}
  </section>
);
