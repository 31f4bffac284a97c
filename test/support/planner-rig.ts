import type { Model, ModelTool } from "../../src/agents/models/model.ts";
import { type ScriptedRole, scriptedModel } from "../../src/agents/models/scripted.ts";
import { scriptedPlanner } from "../../src/agents/models/scripted-planner.ts";
import { createPlanner, DEFAULT_DISPLAY_NAME, type UserMessage } from "../../src/agents/planner.ts";
import { scriptedLookUps } from "../../src/agents/tools/scripted-look-ups.ts";
import { createBus } from "../../src/core/bus.ts";
import { ManualClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { openStore } from "../../src/core/store/open.ts";

/** The sentence of the demo. */
export const STORY =
  "Call Downtown Dental, Smile Studio and the clinic on 5th Street and book the earliest cleaning after Thursday 3 pm";
/** Answers to the form that follows it. */
export const STORY_ANSWERS = {
  on_behalf_of: "Eva Kralova",
  area: "Springfield",
  flexibility: "The next free time after it",
  details: "Patient since 2019",
};

/** A planner over a fresh store, with the scripted model or a role that answers as it likes. */
export const openPlanner = async (
  given: { role?: ScriptedRole; model?: Model; lookUps?: readonly ModelTool[] } = {},
) => {
  const clock = new ManualClock(Date.UTC(2026, 5, 8, 12));
  const lines: string[] = [];
  const log = createLog({ level: "debug", destination: { write: (line) => lines.push(line) } });
  const store = await openStore({ path: ":memory:", clock, bus: createBus(log) });
  const tenant = await store.tenants.ensureDefault();
  const owner = await store.users.ensureOwner(tenant.id);
  const asked: string[] = [];
  const role = given.role ?? scriptedPlanner;
  const model = given.model ?? scriptedModel({ roles: { planner: role } });
  const planner = createPlanner({
    store,
    model,
    lookUps: (account) =>
      (given.lookUps ?? scriptedLookUps(clock)(account)).map((tool) => ({
        ...tool,
        run: (args: never, context: { signal: AbortSignal }) => {
          asked.push(tool.name);
          return tool.run(args, context);
        },
      })),
    clock,
    log,
    zone: "Europe/Prague",
  });
  const conversation = await store.conversations.create(tenant.id, {
    userId: owner.id,
    displayName: DEFAULT_DISPLAY_NAME,
  });
  const say = async (message: UserMessage | string) => {
    const words = typeof message === "string" ? { text: message } : message;
    const begun = await planner.say(tenant.id, conversation.id, words);
    if (!begun.ok) throw new Error(begun.reason);
    return begun.running.over;
  };
  return {
    planner,
    store,
    clock,
    tenantId: tenant.id,
    id: conversation.id,
    asked,
    lines,
    say,
    /** Says something that is answered; throws the reason when it is not. */
    tell: async (message: UserMessage | string) => {
      const outcome = await say(message);
      if (!outcome.ok) throw new Error(outcome.problem);
      return outcome.turn;
    },
    conversation: async () => {
      const now = await store.conversations.get(tenant.id, conversation.id);
      if (now === null) throw new Error("the conversation is gone");
      return now;
    },
    messages: () => store.conversations.messages(tenant.id, conversation.id),
  };
};
