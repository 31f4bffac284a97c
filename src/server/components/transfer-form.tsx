import { Field, type FormProblems, type FormValues } from "./field.tsx";
import { Icon } from "./icon.tsx";

/**
 * Connects the callee of a live call with somebody; `#transfer` is drawn again with what was wrong. With `canBrief` the
 * AI may tell them in private first.
 */
export const TransferForm = ({
  callId,
  canBrief,
  values = {},
  problems = [],
}: {
  callId: string;
  canBrief: boolean;
  values?: FormValues;
  problems?: FormProblems;
}) => (
  <section id="transfer" class="card">
    <header class="card-head">
      <h2>
        <Icon name="phone" /> Connect with somebody
      </h2>
    </header>
    <form
      class="form card-body"
      method="post"
      action={`/calls/${callId}/transfer`}
      novalidate
      hx-post={`/calls/${callId}/transfer`}
      hx-target="#transfer"
      hx-swap="outerMorph"
      hx-disable="find button[type=submit]"
    >
      <Field
        name="phone_number"
        label="Number"
        type="tel"
        autocomplete="off"
        placeholder="+12025550100"
        required
        maxLength={32}
        idPrefix="transfer"
        values={values}
        problems={problems}
      />
      <Field
        name="name"
        label="Who answers there"
        maxLength={80}
        idPrefix="transfer"
        values={values}
        problems={problems}
      />
      {canBrief ? (
        <>
          <label class="checkbox" for="transfer-warm">
            <input type="checkbox" id="transfer-warm" name="warm" value="on" checked={values.warm === "on"} />
            The AI briefs them in private first, and asks whether they take the call
          </label>
          <Field
            name="brief"
            label="What they must know"
            hint="Told to them when they are briefed first."
            maxLength={600}
            lines={2}
            idPrefix="transfer"
            values={values}
            problems={problems}
          />
        </>
      ) : null}
      <div class="form-end">
        <button type="submit" class="btn">
          <Icon name="phone" /> Dial and connect
        </button>
        <p class="small muted">
          The AI stays with the caller until they are connected, and comes back when they hang up.
        </p>
      </div>
    </form>
  </section>
);
