import { z } from "zod";
import { CampaignRequest, TaskRequest } from "../asked-campaign.ts";
import { CallRequest, RegisterRequest, StartCallRequest } from "../call-request.ts";
import { OwnerAnswer } from "../pages/questions.tsx";
import type { ProblemName } from "../problem.ts";
import { CallDetail, CallView, ListedCallView, PlacedView, TaskView } from "./call-view.ts";
import { CommandRequest, CommandView } from "./command-route.ts";
import { AgentPromptRequest, AgentPromptView, ChatRequest, ChatView } from "./plan-routes.ts";
import { CampaignView, ScheduledTaskView } from "./schedule-routes.ts";
import { CallQuery, EventQuery, HangUpRequest } from "./v1-calls.ts";
import { AnswerView, QuestionView } from "./v1-questions.ts";
import { SupervisorView, WhisperRequest, WhisperView } from "./v1-supervision.ts";
import { TaskQuery } from "./v1-tasks.ts";
import { TransferRequest } from "./v1-transfer.ts";

/** One way of asking the API, as its documents describe it. */
export interface Operation {
  method: "get" | "post";
  /** With `{name}` for parts that vary. */
  path: string;
  /** Heading it stands under. */
  group: "Plans" | "Calls" | "Tasks" | "Service";
  summary: string;
  description?: string;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Takes the Idempotency-Key header. */
  idempotent?: boolean;
  answers: readonly { status: number; description: string; schema?: z.ZodType; type?: string }[];
  problems: readonly ProblemName[];
}

const placed = [
  { status: 201, description: "The call exists", schema: PlacedView },
  { status: 202, description: "The task waits for its turn to be dialed", schema: PlacedView },
  { status: 200, description: "The same answer as before: the idempotency key was known", schema: PlacedView },
];
const bodyProblems: readonly ProblemName[] = [
  "malformed-body",
  "unsupported-media-type",
  "body-too-large",
  "invalid-request",
  "phone-number-refused",
];
const listProblems: readonly ProblemName[] = [
  "malformed-body",
  "unsupported-media-type",
  "body-too-large",
  "invalid-request",
];
const turnProblems: readonly ProblemName[] = [
  "malformed-body",
  "unsupported-media-type",
  "body-too-large",
  "invalid-request",
  "plan-state",
  "model-failed",
];
const placeProblems: readonly ProblemName[] = [...bodyProblems, "call-refused", "idempotency-key-reused"];

const Event = z
  .object({
    id: z.int().describe("Rises in the order things happened"),
    type: z.string().describe("Such as call.answered"),
    at: z.iso.datetime(),
    data: z.record(z.string(), z.unknown()),
  })
  .describe("Something that happened");
const nextCursor = z.string().nullable().describe("Give it back as cursor for the next page; null on the last one");
const Part = z.object({
  state: z.enum(["up", "down", "starting"]),
  detail: z.string(),
  breaks: z.string().optional().describe("What does not work meanwhile"),
  fix: z.string().optional(),
});

/** The whole API. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: "post",
    path: "/api/chat_interaction",
    group: "Plans",
    summary: "Plan calls in a conversation",
    description: "One request is one turn. Nobody is called by it: confirm the plan with /api/execute_campaign.",
    body: ChatRequest,
    answers: [{ status: 200, description: "The planner's turn", schema: ChatView }],
    problems: [...turnProblems, "not-found"],
  },
  {
    method: "post",
    path: "/api/generate_agent_prompt",
    group: "Plans",
    summary: "Write the prompt of an agent",
    body: AgentPromptRequest,
    answers: [{ status: 200, description: "The prompt, or what is missing for it", schema: AgentPromptView }],
    problems: turnProblems,
  },
  {
    method: "post",
    path: "/api/execute_campaign",
    group: "Plans",
    summary: "Confirm a plan and schedule its calls",
    description:
      "All of them or none. The same confirmation again gives the same campaign: told by the Idempotency-Key, else by " +
      "conversation and plan, else by the plan itself. To run a plan again, send another key.",
    body: CampaignRequest,
    idempotent: true,
    answers: [
      { status: 201, description: "The calls are scheduled", schema: CampaignView },
      { status: 200, description: "They were scheduled before; the tasks as they are now", schema: CampaignView },
    ],
    problems: [...listProblems, "not-found", "plan-state", "idempotency-key-reused"],
  },
  {
    method: "post",
    path: "/command",
    group: "Calls",
    summary: "Say in plain words what to do",
    description:
      "“hello”, “call NUMBER to …” and “status” are understood by rules; with a text model, whatever says the same in other words. Anything else is answered with what can be said.",
    body: CommandRequest,
    idempotent: true,
    answers: [{ status: 200, description: "What came of it", schema: CommandView }],
    problems: placeProblems,
  },
  {
    method: "post",
    path: "/api/schedule_task",
    group: "Tasks",
    summary: "Schedule one task for a time",
    description: "The same request again gives the same task: told by the key, else by what is asked.",
    body: TaskRequest,
    idempotent: true,
    answers: [
      { status: 201, description: "The task is scheduled", schema: ScheduledTaskView },
      { status: 200, description: "It was scheduled before; as it is now", schema: ScheduledTaskView },
    ],
    problems: [...bodyProblems, "idempotency-key-reused"],
  },
  {
    method: "post",
    path: "/api/phone/call",
    group: "Calls",
    summary: "Place a call",
    description: "Creates a task and dials it now, if the dial gate lets it. The call then goes its way by itself.",
    body: CallRequest,
    idempotent: true,
    answers: placed,
    problems: placeProblems,
  },
  {
    method: "post",
    path: "/api/phone/register-call",
    group: "Calls",
    summary: "Register a call for later",
    description: "With scheduled_at it is dialed then; without, it stays a draft until it is released.",
    body: RegisterRequest,
    idempotent: true,
    answers: [placed[0]!, placed[1]!, placed[2]!],
    problems: [...bodyProblems, "idempotency-key-reused"],
  },
  {
    method: "post",
    path: "/api/start-call",
    group: "Calls",
    summary: "Place a call, short form",
    body: StartCallRequest,
    idempotent: true,
    answers: placed,
    problems: placeProblems,
  },
  {
    method: "post",
    path: "/tasks/calling/initiate",
    group: "Calls",
    summary: "Place a call, under its older path",
    body: CallRequest,
    idempotent: true,
    answers: placed,
    problems: placeProblems,
  },
  {
    method: "get",
    path: "/api/v1/calls",
    group: "Calls",
    summary: "List calls, or find them by what was said",
    query: CallQuery,
    answers: [
      {
        status: 200,
        description: "One page of calls",
        schema: z.object({ calls: z.array(ListedCallView), next_cursor: nextCursor }),
      },
    ],
    problems: ["invalid-request"],
  },
  {
    method: "get",
    path: "/api/v1/calls/{id}",
    group: "Calls",
    summary: "Read a call with its transcript",
    answers: [{ status: 200, description: "The call", schema: CallDetail }],
    problems: ["not-found"],
  },
  {
    method: "get",
    path: "/api/v1/calls/{id}/events",
    group: "Calls",
    summary: "Read what happened in a call",
    description: "Ask again with after=last_id to get only what is new.",
    query: EventQuery,
    answers: [
      {
        status: 200,
        description: "Events, oldest first",
        schema: z.object({ events: z.array(Event), last_id: z.int() }),
      },
    ],
    problems: ["not-found", "invalid-request"],
  },
  {
    method: "get",
    path: "/api/v1/calls/{id}/recording.wav",
    group: "Calls",
    summary: "Get the recording",
    description: "Stereo: the callee is left, the agent right. Byte ranges are served.",
    answers: [
      { status: 200, description: "The file", type: "audio/wav" },
      { status: 206, description: "The part asked for by Range", type: "audio/wav" },
    ],
    problems: ["not-found", "recording-not-ready", "range-not-satisfiable"],
  },
  {
    method: "post",
    path: "/api/v1/calls/{id}/hangup",
    group: "Calls",
    summary: "Hang a call up",
    description:
      "At once, or with say_goodbye once the agent has said goodbye: the words of its profile, or its own. Where it has no voice, or a person speaks in its place, the line is cut at once all the same. The body may be left out.",
    body: HangUpRequest,
    answers: [{ status: 202, description: "It is being hung up", schema: PlacedView }],
    problems: [...listProblems, "not-found", "right-missing", "call-over"],
  },
  {
    method: "post",
    path: "/api/v1/calls/{id}/whisper",
    group: "Calls",
    summary: "Tell the agent of a live call something in private",
    description:
      "The callee hears none of it. The agent follows it from its next sentence on, with now at once. The transcript keeps it, marked as a whisper.",
    body: WhisperRequest,
    answers: [{ status: 202, description: "The agent is told", schema: WhisperView }],
    problems: [...listProblems, "not-found", "right-missing", "call-not-answered", "call-over"],
  },
  {
    method: "post",
    path: "/api/v1/calls/{id}/transfer",
    group: "Calls",
    summary: "Connect the callee of a live call with somebody",
    description:
      "The agent stays with the callee until they answer, with warm until they say in private that they take the call; it is silent while they speak, and goes on when they hang up. What came of it is told by the call's events.",
    body: TransferRequest,
    answers: [{ status: 202, description: "They are being dialed", schema: PlacedView }],
    problems: [
      ...listProblems,
      "not-found",
      "right-missing",
      "phone-number-refused",
      "call-not-answered",
      "call-over",
      "transfer-not-possible",
      "warm-transfer-not-possible",
    ],
  },
  {
    method: "get",
    path: "/api/v1/calls/{id}/supervisors",
    group: "Calls",
    summary: "Read who is on a call beside its two parties",
    answers: [
      {
        status: 200,
        description: "Supervisors, in order of arrival; nobody on a call that is over",
        schema: z.object({ supervisors: z.array(SupervisorView) }),
      },
    ],
    problems: ["not-found"],
  },
  {
    method: "get",
    path: "/api/v1/tasks",
    group: "Tasks",
    summary: "List tasks, newest first",
    query: TaskQuery,
    answers: [
      {
        status: 200,
        description: "One page of tasks",
        schema: z.object({ tasks: z.array(TaskView), next_cursor: nextCursor }),
      },
    ],
    problems: ["invalid-request"],
  },
  {
    method: "get",
    path: "/api/v1/tasks/{id}",
    group: "Tasks",
    summary: "Read a task with its calls",
    answers: [{ status: 200, description: "The task", schema: TaskView.extend({ calls: z.array(CallView) }) }],
    problems: ["not-found"],
  },
  {
    method: "post",
    path: "/api/v1/tasks/{id}/release",
    group: "Tasks",
    summary: "Let a draft or a held task be dialed now",
    answers: [{ status: 202, description: "It is next in line", schema: TaskView }],
    problems: ["not-found", "task-state"],
  },
  {
    method: "post",
    path: "/api/v1/tasks/{id}/cancel",
    group: "Tasks",
    summary: "Withdraw a task",
    answers: [{ status: 200, description: "It is cancelled", schema: TaskView }],
    problems: ["not-found", "task-state"],
  },
  {
    method: "get",
    path: "/api/v1/questions",
    group: "Calls",
    summary: "Read what agents on the phone ask you",
    description: "Open ones first, then those whose answer the next call waits for.",
    answers: [{ status: 200, description: "Questions", schema: z.object({ questions: z.array(QuestionView) }) }],
    problems: [],
  },
  {
    method: "post",
    path: "/api/v1/questions/{id}/answer",
    group: "Calls",
    summary: "Answer an agent on the phone",
    description: "In time it is told to the callee, who holds the line; later it schedules the next call.",
    body: OwnerAnswer,
    answers: [{ status: 200, description: "The answer was taken", schema: AnswerView }],
    problems: [...listProblems, "not-found", "question-answered"],
  },
  {
    method: "get",
    path: "/api/phone/health",
    group: "Service",
    summary: "Whether calls can be placed",
    answers: [
      { status: 200, description: "They can" },
      { status: 503, description: "They cannot" },
    ],
    problems: [],
  },
  {
    method: "get",
    path: "/health",
    group: "Service",
    summary: "Which part is up, which is not and what that breaks",
    answers: [200, 503].map((status) => ({
      status,
      description: status === 200 ? "All that is vital works" : "A vital part is down",
      schema: z.object({ status: z.enum(["up", "degraded", "down"]), parts: z.record(z.string(), Part) }),
    })),
    problems: [],
  },
  {
    method: "get",
    path: "/metrics",
    group: "Service",
    summary: "Figures for Prometheus",
    answers: [{ status: 200, description: "Text format 0.0.4", type: "text/plain" }],
    problems: [],
  },
];
