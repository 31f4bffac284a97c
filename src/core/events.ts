import type { CallStatus, Disposition, HangupCause, Speaker } from "./call.ts";
import type { ConversationStage } from "./conversation.ts";
import type { MoodReading } from "./mood.ts";
import type { SupervisionMode } from "./supervision.ts";
import type { TaskStatus } from "./task.ts";
import type { TransferFailure } from "./transfer.ts";

/**
 * Everything that happens, as plain data. Each is appended to the `events` table in the transaction that made it true
 * and announced by the bus after the commit.
 */
export type DomainEvent =
  | { type: "task.created"; taskId: string; status: TaskStatus }
  | { type: "task.changed"; taskId: string; from: TaskStatus; to: TaskStatus; reason?: string }
  | { type: "task.refused"; taskId: string; reason: string; nextActionAt: number | null }
  | { type: "call.created"; callId: string; taskId: string; carrier: string; voice: string }
  | { type: "call.initiating"; callId: string }
  | { type: "call.dialing"; callId: string }
  | { type: "call.ringing"; callId: string }
  | { type: "call.answered"; callId: string }
  | {
      type: "call.ended";
      callId: string;
      taskId: string;
      status: CallStatus;
      cause: HangupCause;
      disposition: Disposition;
      durationMs: number;
    }
  | { type: "turn.stored"; callId: string; turnId: string; speaker: Speaker; atMs: number }
  | { type: "tool.called"; callId: string; name: string; ok: boolean; result: string }
  | { type: "dtmf.received"; callId: string; digit: string }
  | { type: "dtmf.sent"; callId: string; digits: string }
  | { type: "voice.lost"; callId: string; recovered: boolean; detail: string }
  | { type: "recording.closed"; callId: string; recordingId: string; durationMs: number; bytes: number }
  | { type: "supervisor.joined"; callId: string; userId: string; mode: SupervisionMode }
  | {
      type: "supervisor.mode";
      callId: string;
      userId: string;
      from: SupervisionMode;
      to: SupervisionMode;
      /** `asked` by the person, or what took it from them. */
      why: "asked" | "link-lost" | "left" | "not-written-down";
    }
  | { type: "supervisor.whispered"; callId: string; userId: string; by: "text" | "voice" }
  /** `politely`: the agent was to say goodbye first. */
  | { type: "supervisor.hung-up"; callId: string; userId: string; politely: boolean }
  | { type: "supervisor.left"; callId: string; userId: string }
  /** A call needs a person; `reason` is the need's kind, `score` how much, 0 … 100. */
  | { type: "help.raised"; callId: string; reason: string; score: number }
  /** Somebody said "not now" for themselves. */
  | { type: "help.dismissed"; callId: string; userId: string }
  /** What a model makes of the last words of a live call. */
  | ({ type: "mood.read"; callId: string } & MoodReading)
  | { type: "call.noted"; callId: string; noteId: string; userId: string }
  /** `on`: the tag was put on, else taken off. */
  | { type: "call.tagged"; callId: string; tag: string; userId: string; on: boolean }
  /** The callee is to be handed to somebody: `to` by name, or null for whoever of the supervisors takes the call. */
  | {
      type: "transfer.asked";
      callId: string;
      to: string | null;
      /** Who asked for it, and null for the agent itself. */
      userId: string | null;
      brief: string;
    }
  /** They speak with the callee, and the agent listens. */
  | { type: "transfer.made"; callId: string; to: string | null }
  | { type: "transfer.failed"; callId: string; to: string | null; why: TransferFailure }
  /** Whom the callee was connected with hung up: the agent goes on. */
  | { type: "transfer.over"; callId: string; to: string }
  | { type: "dnd.added"; dndId: string; source: string }
  | { type: "dnd.removed"; dndId: string; reason: string }
  | { type: "campaign.scheduled"; campaignId: string; tasks: number }
  | { type: "campaign.paused"; campaignId: string }
  | { type: "campaign.resumed"; campaignId: string }
  | { type: "campaign.ended"; campaignId: string; reason: string; cancelled: number }
  | { type: "campaign.completed"; campaignId: string }
  | { type: "task.judged"; taskId: string; callId: string; verdictId: string; to: TaskStatus; reason: string }
  | { type: "report.written"; campaignId: string; reportId: string }
  | { type: "question.asked"; questionId: string; callId: string; taskId: string; userId: string; expiresAt: number }
  | { type: "question.answered"; questionId: string; callId: string; taskId: string; userId: string; inTime: boolean }
  | { type: "question.expired"; questionId: string; callId: string; taskId: string; userId: string }
  | { type: "conversation.changed"; conversationId: string; stage: ConversationStage };

/** An event as stored: its place in the tenant's history and its time in epoch ms. */
export type StoredEvent = DomainEvent & { id: number; tenantId: string; at: number };
