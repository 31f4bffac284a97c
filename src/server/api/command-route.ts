import type { Hono } from "hono";
import { z } from "zod";
import type { AppParts } from "../app-parts.ts";
import { askedCall } from "../asked-call.ts";
import { CallRequest } from "../call-request.ts";
import { placeCall } from "../place-call.ts";
import { checked, jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { readCommand, statusSentence } from "../spoken-command.ts";
import { withKey } from "./idempotency-key.ts";

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

/** Commands in plain words. */
export const commandRoute = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.post("/command", async (c) => {
    const given = checked(CommandRequest, await jsonBody(c));
    const { tenantId } = c.get("actor");
    const reply = (view: z.input<typeof CommandView>): Response => c.json(view);
    const command = readCommand(given.command || given.text || "");
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
    if (command.is === "unknown") return reply({ reply: `I did not understand that. ${HELP}` });
    const asked = askedCall(CallRequest, { phone_number: command.number, action: command.errand }, "phone_number");
    const { call, task } = await placeCall(parts, tenantId, withKey(c, asked));
    const said = call === null ? `The call to ${task.phone} waits for its turn.` : `Calling ${task.phone}.`;
    return reply({ reply: said, call_id: call?.id ?? null, task_id: task.id });
  });
};
