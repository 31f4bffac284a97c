import type { Hono } from "hono";
import { z } from "zod";
import { assert } from "../../core/errors.ts";
import { parsePhone } from "../../core/phone.ts";
import type { Call } from "../../core/store/call-record.ts";
import { supervisionRights } from "../../core/supervision.ts";
import type { AppParts } from "../app-parts.ts";
import { askedCall } from "../asked-call.ts";
import type { Actor } from "../auth/actor.ts";
import { line } from "../call-request.ts";
import { Problem } from "../problem.ts";
import { jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import type { PlacedView } from "./call-view.ts";
import { callOf } from "./v1-calls.ts";

/** Whom a callee is to be connected with. */
export const TransferRequest = z
  .object({
    phone_number: line(32).min(1, "Say whom to connect the callee with").describe("Number to dial, E.164 with +"),
    name: line(80).default("").describe("Who answers there, for the call's story"),
    warm: z
      .boolean()
      .default(false)
      .describe("Let the agent tell them in private what it is about first, and ask whether they take the call"),
    brief: line(600).default("").describe("What they must know before they speak; told to them when warm"),
  })
  .describe("Somebody to connect the callee of a live call with");

/** Whether the voice can speak with somebody in private before the callee is handed to them: not one that plays sentences. */
export const canBrief = ({ voice }: Pick<AppParts, "voice">): boolean => voice !== "scripted";

/**
 * Dials somebody and connects them with the callee. Throws a `Problem` when the actor may not, when nobody is on the line
 * to be connected, and when the call's carrier cannot do it.
 */
export const transferCall = async (parts: AppParts, actor: Actor, callId: string, value: unknown): Promise<Call> => {
  const call = await callOf(parts, actor.tenantId, callId);
  if (!supervisionRights(actor.roles).has("transfer")) throw new Problem("right-missing");
  const { phone_number: phone, name, warm, brief: words } = askedCall(TransferRequest, value, "phone_number");
  if (call.status !== "in-progress") throw new Problem(call.answeredAt === null ? "call-not-answered" : "call-over");
  const parsed = parsePhone(phone);
  assert(parsed.ok, "the number of a request was checked before it is dialed");
  const to = { name: name === "" ? "a number" : name, phone: parsed.e164 };
  if (warm && !canBrief(parts)) throw new Problem("warm-transfer-not-possible");
  const asker = `asked for by ${actor.name}`;
  const brief = words === "" ? asker : `${words} (${asker})`;
  if (!parts.attempts.connect(actor.tenantId, callId, { to, brief, warm, userId: actor.userId })) {
    throw new Problem("transfer-not-possible");
  }
  return call;
};

/** Transfers for programs. */
export const v1TransferRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  app.post("/api/v1/calls/:id/transfer", async (c) => {
    const call = await transferCall(parts, c.get("actor"), c.req.param("id"), await jsonBody(c));
    const { id: call_id, taskId: task_id, status } = call;
    return c.json({ call_id, task_id, status } satisfies z.output<typeof PlacedView>, 202);
  });
};
