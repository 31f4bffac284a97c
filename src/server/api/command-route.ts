import type { Hono } from "hono";
import { z } from "zod";
import type { Task } from "../../core/store/task-record.ts";
import type { AppParts } from "../app-parts.ts";
import { askedCall } from "../asked-call.ts";
import { CallRequest } from "../call-request.ts";
import { placeCall } from "../place-call.ts";
import { Problem } from "../problem.ts";
import { checked, jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { commandOf, isClear, readCommand, type SpokenCommand, statusSentence } from "../spoken-command.ts";
import { headerKey, withKey } from "./idempotency-key.ts";

const words = z.string().trim().max(2000, "At most 2000 characters").optional();

/** Something to do, in plain words. */
export const CommandRequest = z
  .object({
    command: words.describe("“hello”, “status”, or “call +12025550100 to ask for the opening hours”"),
    text: words.describe("The same under another name"),
  })
  .refine((given) => (given.command || given.text || "") !== "", { message: "Say what to do", path: ["command"] })
  .describe("Something to do, in plain words");

/** What came of a command. */
export const CommandView = z
  .object({
    reply: z.string(),
    call_id: z.string().nullable().optional().describe("Of the call that was asked for; null while it waits"),
    task_id: z.string().optional(),
  })
  .describe("An answer in plain words");

const HELP =
  "I can place a call (“call +12025550100 to ask for the opening hours”) and say what is running (“status”).";

const NO_MODEL = "The text model gave no answer to that.";

/** What the agent knows of a command that a model read; with it a repeated request is known by its words. */
const contextOf = (words: string): string => `Asked for in these words: ${words}`;

/** The same command as before, without asking the model again, which might read it otherwise. */
const commandAgain = (task: Task, words: string): SpokenCommand => {
  if (task.context !== contextOf(words)) throw new Problem("idempotency-key-reused");
  return { is: "call", number: task.phone, errand: task.action, calleeName: task.calleeName };
};

/** What was said, by the rules, else by the model; `byModel` when it was the model, `failed` when it could not. */
const understood = async (
  { store, readCommand: ask }: AppParts,
  tenantId: string,
  { words, key }: { words: string; key: string | undefined },
): Promise<{ command: SpokenCommand; byModel: boolean; failed: boolean }> => {
  const command = readCommand(words);
  if (isClear(command) || ask === null) return { command, byModel: false, failed: false };
  const known = key === undefined ? null : await store.tasks.byKey(tenantId, key);
  if (known !== null) return { command: commandAgain(known, words), byModel: true, failed: false };
  const read = await ask(tenantId, words);
  if (read === null) return { command: { is: "unknown" }, byModel: false, failed: true };
  return { command: commandOf(read), byModel: true, failed: false };
};

/** Commands in plain words. */
export const commandRoute = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.post("/command", async (c) => {
    const given = checked(CommandRequest, await jsonBody(c));
    const { tenantId } = c.get("actor");
    const reply = (view: z.input<typeof CommandView>): Response => c.json(view);
    const words = given.command || given.text || "";
    const { command, byModel, failed } = await understood(parts, tenantId, { words, key: headerKey(c) });
    if (command.is === "greeting") return reply({ reply: "Hi there!" });
    if (command.is === "call-without-number") {
      return reply({ reply: "Tell me the number with + and country code, such as “call +12025550100”." });
    }
    if (command.is === "status") {
      const { calls, tasks } = parts.store;
      const live = await calls.list(tenantId, { limit: 5, live: true });
      return reply({
        reply: statusSentence(live, await calls.liveCount(tenantId), await tasks.countByStatus(tenantId)),
      });
    }
    if (command.is === "plan") {
      return reply({ reply: "That takes a plan: describe it on the home page, or to /api/chat_interaction." });
    }
    if (command.is === "unknown") {
      return reply({ reply: failed ? `${NO_MODEL} ${HELP}` : `I did not understand that. ${HELP}` });
    }
    const { number: phone_number, errand: action, calleeName: callee_name } = command;
    const context = byModel ? contextOf(words) : "";
    const asked = askedCall(CallRequest, { phone_number, action, callee_name, context }, "phone_number");
    const { call, task } = await placeCall(parts, tenantId, withKey(c, asked));
    const said = call === null ? `The call to ${task.phone} waits for its turn.` : `Calling ${task.phone}.`;
    return reply({ reply: said, call_id: call?.id ?? null, task_id: task.id });
  });
};
