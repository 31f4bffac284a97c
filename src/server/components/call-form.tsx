import { Field, type FormProblems, type FormValues } from "./field.tsx";
import { Icon } from "./icon.tsx";

/** A number that the scripted phone network answers in a known way. */
export interface DemoNumber {
  /** E.164, with `+`. */
  phone: string;
  /** What happens when it is called, as a short sentence. */
  about: string;
}

/**
 * The form for one call. It works as a plain form; through htmx a 422 changes this form alone and keeps what was typed.
 * `requestKey` makes a second press of the button the same request.
 */
export const CallForm = ({
  values,
  problems,
  requestKey,
}: {
  values: FormValues;
  problems: FormProblems;
  requestKey: string;
}) => (
  <form
    id="call-form"
    class="form"
    method="post"
    action="/calls"
    novalidate
    hx-disable="find button[type=submit]"
    {...{ "hx-status:422": "target:#call-form select:#call-form swap:outerMorph" }}
  >
    <input type="hidden" name="idempotency_key" value={requestKey} />
    <div class="fields">
      <Field
        name="phone_number"
        label="Phone number"
        type="tel"
        autocomplete="off"
        placeholder="+12025550100"
        hint="International form, with + and country code."
        required
        maxLength={32}
        values={values}
        problems={problems}
      />
      <Field
        name="callee_name"
        label="Who answers"
        placeholder="Dr. Novak's practice"
        maxLength={120}
        values={values}
        problems={problems}
      />
      <Field
        name="action"
        label="What should the call achieve?"
        placeholder="Find the earliest free appointment on a Thursday and book it."
        lines={3}
        full
        required
        maxLength={2000}
        values={values}
        problems={problems}
      />
      <Field
        name="context"
        label="What the agent should know"
        placeholder="Patient since 2019, prefers mornings, no allergies."
        lines={3}
        full
        maxLength={8000}
        values={values}
        problems={problems}
      />
      <Field
        name="agent_name"
        label="Agent's name"
        placeholder="APPU"
        maxLength={80}
        values={values}
        problems={problems}
      />
      <Field
        name="organization"
        label="On whose behalf"
        placeholder="Eva Kralova"
        maxLength={120}
        values={values}
        problems={problems}
      />
    </div>
    <div class="form-end">
      <button type="submit" class="btn primary">
        <Icon name="phone" /> Call now
      </button>
      <p class="small muted">The agent says at once that it is an AI and for whom it calls.</p>
    </div>
  </form>
);

/** Numbers to try on the scripted network. */
export const DemoNumbers = ({ numbers }: { numbers: readonly DemoNumber[] }) => (
  <div class="table-wrap">
    <table class="table">
      <caption class="vh">Numbers of the demo network</caption>
      <thead>
        <tr>
          <th scope="col">Number</th>
          <th scope="col">What happens</th>
        </tr>
      </thead>
      <tbody>
        {numbers.map((one) => (
          <tr>
            <td class="num nowrap">{one.phone}</td>
            <td>{one.about}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
