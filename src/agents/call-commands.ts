import type { TransferTarget } from "../core/transfer.ts";

/** What can be asked of a live call, by its voice's tools and by people. */
export type CallCommand =
  | { type: "end_call"; reason: EndReason; toolCallId: string; speaking: boolean }
  /** `toolCallId` is null where a person presses the keys. */
  | { type: "send_dtmf"; digits: string; toolCallId: string | null }
  | { type: "reschedule_call_trigger_analysis"; reason: string; when: string; toolCallId: string; speaking: boolean }
  | { type: "request_user_info"; question: string; timeoutMs: number; toolCallId: string }
  /** `to` is a name the agent knows, or null for a supervisor; `warm` speaks with whom is named in private first. */
  | { type: "transfer_call"; to: string | null; brief: string; warm: boolean; toolCallId: string }
  /** A supervisor connects the callee with somebody; `warm` lets the agent speak with them in private first. */
  | { type: "connect"; to: TransferTarget; brief: string; warm: boolean; userId: string }
  | { type: "owner_answered"; questionId: string; answer: string }
  /** A person ends the call; `politely` once the agent has said goodbye. */
  | { type: "hang_up"; politely: boolean };

/** Why a voice ends a call. */
export type EndReason = "goal_reached" | "callee_declined" | "wrong_person" | "voicemail" | "no_progress" | "other";

/** The channel on which one call takes its commands. */
export const callChannel = (callId: string): string => `call_commands:${callId}`;

/**
 * The command bus: whoever steers a call sends to its channel, and the attempt that runs the call listens there. A
 * command to a call that nobody runs, or that has no use for it any more, is answered with false, so that the sender can
 * say so.
 */
export class CallCommands {
  readonly #listeners = new Map<string, (command: CallCommand) => boolean>();

  /** Hands a command to the call; false when the call is not live or did not take it. */
  send(callId: string, command: CallCommand): boolean {
    return this.#listeners.get(callChannel(callId))?.(command) ?? false;
  }

  /** Takes the commands of one call until the returned function is called; the listener tells whether it took one. */
  listen(callId: string, listener: (command: CallCommand) => boolean): () => void {
    this.#listeners.set(callChannel(callId), listener);
    return () => this.#listeners.delete(callChannel(callId));
  }
}
