import { DEFAULT_DISPLAY_NAME, MAX_DISPLAY_NAME, MAX_MESSAGE } from "../../agents/planner.ts";
import { Field, type FormProblems, type FormValues } from "./field.tsx";
import { Icon } from "./icon.tsx";

/** What a planner is for, in three sentences to begin with. */
export const EXAMPLES = [
  "Call Downtown Dental, Smile Studio and the clinic on 5th Street and book the earliest cleaning after Thursday 3 pm",
  "Call three garages nearby and ask what new winter tyres for a Golf cost with fitting",
  "Call the restaurant Lucia and move my table for two from Friday to Saturday at 8 pm",
] as const;

/** The one text box a plan begins with. The display name can be changed here, and never after the first message. */
export const PlanStart = ({ values, problems }: { values: FormValues; problems: FormProblems }) => (
  <form
    id="plan-start"
    class="form"
    method="post"
    action="/plan"
    novalidate
    hx-disable="find button[type=submit]"
    {...{ "hx-status:422": "target:#plan-start select:#plan-start swap:outerMorph" }}
  >
    <Field
      name="message"
      label="What should I call about?"
      placeholder={EXAMPLES[0]}
      hint="Say whom to call and what for, in your own words. Enter sends, Shift and Enter begin a new line."
      required
      lines={3}
      maxLength={MAX_MESSAGE}
      values={values}
      problems={problems}
      full
      sendsOnEnter
    />
    <div class="form-end">
      <button type="submit" class="btn primary">
        Make a plan <Icon name="arrow-right" />
      </button>
      <details class="grow">
        <summary class="btn small quiet">Display name: {values.display_name ?? DEFAULT_DISPLAY_NAME}</summary>
        <Field
          name="display_name"
          label="Display name"
          hint="What the assistant calls itself, also on the phone. It is fixed with the first message."
          maxLength={MAX_DISPLAY_NAME}
          values={{ display_name: DEFAULT_DISPLAY_NAME, ...values }}
          problems={problems}
        />
      </details>
    </div>
  </form>
);

/** Sentences to begin with, as buttons that send them. */
export const PlanExamples = () => (
  <div class="stack">
    <h3>For example</h3>
    {EXAMPLES.map((example) => (
      <form method="post" action="/plan">
        <input type="hidden" name="message" value={example} />
        <button type="submit" class="btn block">
          {example}
        </button>
      </form>
    ))}
  </div>
);
