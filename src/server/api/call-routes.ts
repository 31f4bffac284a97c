import type { Context, Hono } from "hono";
import type { AppParts } from "../app-parts.ts";
import { askedCall } from "../asked-call.ts";
import { CallRequest, RegisterRequest, StartCallRequest } from "../call-request.ts";
import { type Placed, placeCall, registerCall } from "../place-call.ts";
import { checked, jsonBody } from "../request-body.ts";
import type { ServerEnv } from "../request-context.ts";
import { withKey } from "./idempotency-key.ts";

const answer = (c: Context, placed: Placed): Response => {
  const { task, call, repeated } = placed;
  c.header("Location", call ? `/api/v1/calls/${call.id}` : `/api/v1/tasks/${task.id}`);
  if (repeated) c.header("Idempotency-Replayed", "true");
  const body = { call_id: call?.id ?? null, task_id: task.id, status: call?.status ?? task.status };
  // 202: the task is kept and its turn to be dialed has not come.
  const waits = call === null && task.status !== "draft" && !repeated;
  return c.json(body, repeated ? 200 : waits ? 202 : 201);
};

/** Routes that ask for a call, old and new; all of them share the verbs of `place-call.ts`. */
export const callRoutes = (app: Hono<ServerEnv>, parts: AppParts): void => {
  const place = async (c: Context<ServerEnv>): Promise<Response> => {
    const request = withKey(c, askedCall(CallRequest, await jsonBody(c), "phone_number"));
    return answer(c, await placeCall(parts, c.get("actor").tenantId, request));
  };
  app.post("/api/phone/call", place);
  app.post("/tasks/calling/initiate", place);
  app.post("/api/start-call", async (c) => {
    const short = withKey(c, askedCall(StartCallRequest, await jsonBody(c), "userPhone"));
    const request = checked(CallRequest, {
      phone_number: short.userPhone,
      action: short.instruction,
      idempotency_key: short.idempotency_key,
    });
    return answer(c, await placeCall(parts, c.get("actor").tenantId, request));
  });
  app.post("/api/phone/register-call", async (c) => {
    const request = withKey(c, askedCall(RegisterRequest, await jsonBody(c), "phone_number"));
    return answer(c, await registerCall(parts, c.get("actor").tenantId, request));
  });
};
