import { z } from "zod";
import type { Call } from "../../core/store/call-record.ts";
import type { Task } from "../../core/store/task-record.ts";
import type { StoredTurn } from "../../core/store/transcripts.ts";
import type { SearchHit } from "../search-hits.ts";

const instant = z.iso.datetime().nullable();

/** A call in a list. Times are ISO 8601 in UTC, spans in ms. */
export const CallView = z
  .object({
    id: z.string(),
    task_id: z.string(),
    attempt: z.int().describe("1 for the first try at the task"),
    status: z.enum([
      "pending_initiation",
      "initiating",
      "dialing",
      "in-progress",
      "completed_attempt",
      "failed_attempt",
      "dropped_connection",
    ]),
    phone_number: z.string(),
    callee_name: z.string(),
    organization: z.string(),
    agent_name: z.string(),
    action: z.string(),
    carrier: z.string(),
    voice: z.string(),
    disposition: z.string().nullable().describe("Result in business words; null while it runs"),
    hangup_cause: z.string().nullable().describe("Who hung up, or what was lost"),
    detail: z.string().nullable(),
    created_at: instant,
    answered_at: instant,
    ended_at: instant,
    duration_ms: z.int().nullable().describe("From answer to end; 0 when nobody answered"),
    cost_usd: z.number(),
    latency: z.object({ turns: z.int(), p50_ms: z.number().nullable(), p95_ms: z.number().nullable() }),
  })
  .describe("A call: one attempt at a task");

/** A line of a transcript in which words were found. */
export const MatchView = z.object({
  speaker: z.enum(["callee", "agent", "supervisor"]),
  at_ms: z.number().describe("Since the answer"),
  text: z.string().describe("The part of the line around what was found"),
  whispered: z.boolean().describe("For the agent alone: the callee did not hear it"),
});

/** A call in a list of calls. */
export const ListedCallView = CallView.extend({
  matches: z.array(MatchView).optional().describe("With q: lines that say most of it, at most three"),
});

/** Lines in which words were found as the API shows them. */
export const matchViews = (hits: readonly SearchHit[]): z.output<typeof MatchView>[] =>
  hits.map(({ turn, pieces }) => ({
    speaker: turn.speaker,
    at_ms: turn.atMs,
    text: pieces.map(({ text }) => text).join(""),
    whispered: turn.whispered,
  }));

/** A call with its words. */
export const CallDetail = CallView.extend({
  transcript: z.array(
    z.object({
      speaker: z.enum(["callee", "agent", "supervisor"]),
      text: z.string(),
      at_ms: z.number().describe("Since the answer"),
      end_ms: z.number(),
      interrupted: z.boolean().describe("Talked over: only part of it was heard"),
      whispered: z.boolean().describe("For the agent alone: the callee did not hear it"),
    }),
  ),
}).describe("A call with its transcript");

/** A task. */
export const TaskView = z
  .object({
    id: z.string(),
    status: z.enum([
      "draft",
      "pending",
      "in-progress",
      "pending_analysis",
      "completed",
      "failed_conclusive",
      "on_hold",
      "cancelled",
    ]),
    phone_number: z.string(),
    callee_name: z.string(),
    organization: z.string(),
    agent_name: z.string(),
    action: z.string(),
    context: z.string(),
    language: z.string(),
    attempts: z.int(),
    max_attempts: z.int(),
    next_action_time: instant.describe("Not dialed before"),
    last_refusal: z.string().nullable().describe("Why the dial gate last said no"),
    timezone: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .describe("A task: an objective, tried with one or more calls");

/** What a route that asks for a call answers with. */
export const PlacedView = z
  .object({
    call_id: z.string().nullable().describe("Null while the task waits for its first call"),
    task_id: z.string(),
    status: z.string().describe("Status of the call, or of the task while there is no call"),
  })
  .describe("What was made of a request for a call");

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** A stored call as the API shows it. */
export const callView = (call: Call): z.output<typeof CallView> => ({
  id: call.id,
  task_id: call.taskId,
  attempt: call.attempt,
  status: call.status,
  phone_number: call.to,
  callee_name: call.calleeName,
  organization: call.organization,
  agent_name: call.agentName,
  action: call.action,
  carrier: call.carrier,
  voice: call.voice,
  disposition: call.disposition,
  hangup_cause: call.hangupCause,
  detail: call.detail,
  created_at: iso(call.createdAt),
  answered_at: iso(call.answeredAt),
  ended_at: iso(call.endedAt),
  duration_ms: call.durationMs,
  cost_usd: call.costUsd,
  latency: {
    turns: call.latency?.turns ?? 0,
    p50_ms: call.latency?.p50Ms ?? null,
    p95_ms: call.latency?.p95Ms ?? null,
  },
});

/** A stored call with its turns. */
export const callDetail = (call: Call, turns: readonly StoredTurn[]): z.output<typeof CallDetail> => ({
  ...callView(call),
  transcript: turns.map((turn) => ({
    speaker: turn.speaker,
    text: turn.text,
    at_ms: turn.atMs,
    end_ms: turn.endMs,
    interrupted: turn.interrupted,
    whispered: turn.whispered,
  })),
});

/** A stored task as the API shows it. */
export const taskView = (task: Task): z.output<typeof TaskView> => ({
  id: task.id,
  status: task.status,
  phone_number: task.phone,
  callee_name: task.calleeName,
  organization: task.organization,
  agent_name: task.agentName,
  action: task.action,
  context: task.context,
  language: task.language,
  attempts: task.attempts,
  max_attempts: task.maxAttempts,
  next_action_time: iso(task.nextActionAt),
  last_refusal: task.lastRefusal,
  timezone: task.timezone,
  created_at: iso(task.createdAt),
  updated_at: iso(task.updatedAt),
});
