import type { RunningTurn } from "../../agents/planner.ts";
import { openQuestions } from "../../agents/planner.ts";
import type { Bus } from "../../core/bus.ts";
import type { Store } from "../../core/store/open.ts";
import { PlanCard } from "../components/plan-card.tsx";
import { PlanNow, PlanQuestions, PlanTurns } from "../components/plan-talk.tsx";
import { type OpenPlan, openPlan, type Planning } from "../planning.ts";
import type { LiveSource } from "./live-stream.ts";

/** A conversation as its page shows it. */
export interface PlanPicture extends OpenPlan {
  running: RunningTurn | null;
  problem: string | null;
  /** The last message has no answer. */
  waits: boolean;
}

/** Looks up everything the page of a plan shows. Throws a `Problem` when there is no such plan. */
export const planPicture = async (
  parts: { store: Store; planning: Planning },
  actor: { tenantId: string; userId: string },
  id: string,
): Promise<PlanPicture> => {
  const open = await openPlan(parts, actor, id);
  const { planner } = parts.planning;
  return {
    ...open,
    running: planner.running(id),
    problem: planner.problem(id),
    waits: open.messages.findLast(({ role }) => role !== "tool")?.role === "user",
  };
};

/** The parts of the page that change, by the id of their element. */
export const planParts = ({ conversation, messages, running, problem, waits }: PlanPicture) => {
  const { id, displayName, plan, stage, campaignId } = conversation;
  const isBusy = running !== null;
  return {
    "plan-title": <h1 id="plan-title">{plan?.title ?? "New plan"}</h1>,
    "plan-turns": <PlanTurns messages={messages} name={displayName} />,
    "plan-now": <PlanNow id={id} name={displayName} running={running} waits={waits} problem={problem} />,
    "plan-questions": <PlanQuestions id={id} questions={openQuestions(messages)} isBusy={isBusy} />,
    "plan-card": <PlanCard id={id} plan={plan} stage={stage} campaignId={campaignId} isBusy={isBusy} />,
  };
};

/** A planning conversation while it goes on: the words being written, then what came of them. */
export const planSource = (given: {
  parts: { store: Store; planning: Planning };
  bus: Bus;
  actor: { tenantId: string; userId: string };
  id: string;
}): LiveSource => {
  const { parts, bus, actor, id } = given;
  const shown = new Map<string, string>();
  return {
    listen(ring) {
      const stopTurn = parts.planning.planner.subscribe(id, ring);
      const stopBus = bus.subscribe((event) => {
        if (event.type === "conversation.changed" && event.conversationId === id) ring();
      });
      return () => {
        stopTurn();
        stopBus();
      };
    },
    async draw() {
      let drawn = "";
      for (const [part, node] of Object.entries(planParts(await planPicture(parts, actor, id)))) {
        const text = String(node);
        if (shown.get(part) === text) continue;
        shown.set(part, text);
        drawn += String(
          <hx-partial hx-target={`#${part}`} hx-swap="outerMorph">
            {node}
          </hx-partial>,
        );
      }
      return drawn;
    },
    isOver: () => false,
    everyMs: () => 0,
  };
};
