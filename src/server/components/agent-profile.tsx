import type { Agent, AgentProfile } from "../../core/store/agents.ts";
import { targetLines } from "../agent-form.ts";
import { Field, type FormProblems, type FormValues } from "./field.tsx";
import { Icon } from "./icon.tsx";

/** A profile as the values of its form. */
export const profileValues = ({
  name,
  organization,
  language,
  instructions,
  farewell,
  transferTargets,
}: AgentProfile): FormValues => ({
  name,
  organization,
  language,
  instructions,
  farewell,
  transferTargets: targetLines(transferTargets),
});

/** Who an agent is, above its page; changes with its profile. */
export const AgentHead = ({ agent, voice }: { agent: Agent; voice: string }) => (
  <header id="agent-head" class="page-head">
    <h1>{agent.name}</h1>
    <span class="badge ai">{voice}</span>
    <p class="lede">
      {agent.organization === ""
        ? "Speaks for whoever a call is made for."
        : `Speaks for ${agent.organization} unless a call says otherwise.`}
    </p>
  </header>
);

/** The form of an agent's profile; `#agent-profile` is drawn again with what was wrong. */
export const AgentProfileForm = ({
  agentId,
  values,
  problems,
}: {
  agentId: string;
  values: FormValues;
  problems: FormProblems;
}) => (
  <section id="agent-profile" class="card">
    <header class="card-head">
      <h2>
        <Icon name="bot" /> Profile
      </h2>
    </header>
    <form
      class="form card-body"
      method="post"
      action={`/agents/${agentId}`}
      novalidate
      hx-post={`/agents/${agentId}`}
      hx-target="#agent-profile"
      hx-swap="outerMorph"
      hx-disable="find button[type=submit]"
    >
      <div class="fields">
        <Field name="name" label="Name it gives" required maxLength={80} values={values} problems={problems} />
        <Field
          name="language"
          label="Language"
          hint="Such as en, cs or pt-BR."
          required
          maxLength={35}
          values={values}
          problems={problems}
        />
        <Field
          name="organization"
          label="Speaks for"
          hint="Empty leaves it to each call."
          full
          maxLength={120}
          values={values}
          problems={problems}
        />
        <Field
          name="instructions"
          label="Instructions"
          hint="Added to what it is told on each of its calls."
          lines={10}
          full
          maxLength={8000}
          values={values}
          problems={problems}
        />
        <Field
          name="farewell"
          label="Goodbye when a person ends the call"
          placeholder="Thank you, we have to end this call here. Goodbye."
          hint="Said to the caller first, where whoever ends the call asks for it. Empty leaves the words to the AI."
          full
          maxLength={120}
          values={values}
          problems={problems}
        />
        <Field
          name="transferTargets"
          label="People it may connect callees with"
          placeholder="Reception: +12025550100"
          hint="One a line, with name and number. It may always ask your supervisors to take a call over."
          lines={3}
          full
          maxLength={4000}
          values={values}
          problems={problems}
        />
      </div>
      <div class="form-end">
        <button type="submit" class="btn primary">
          <Icon name="check" /> Save
        </button>
        <p class="small muted">The next call uses it; a call that goes on keeps what it was told.</p>
      </div>
    </form>
  </section>
);
