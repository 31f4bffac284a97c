import type { Child } from "hono/jsx";

const STEPS = ["Paste or upload", "Match the columns", "Review", "Done"] as const;

/** The frame of the four steps in which a list becomes contacts of a plan. */
export const ImportSteps = (props: { planId: string; step: 1 | 2 | 3 | 4; children?: Child }) => (
  <>
    <header class="page-head">
      <h1>Add contacts: {STEPS[props.step - 1]?.toLowerCase()}</h1>
      <p class="lede">
        Step {props.step} of {STEPS.length}. Nothing is added before you have seen it.{" "}
        <a href={`/plan/${props.planId}`}>Back to the plan</a>
      </p>
    </header>
    <section class="card">{props.children}</section>
  </>
);
