import type { NoticeTone, SupervisionMode } from "../../core/supervision.ts";
import type { TranscriberSettings } from "../engine/protocol.ts";
import type { KeeperAnswer } from "./floor-keeper.ts";
import type { SupervisionHealth } from "./media-worker.ts";
import { Refusal } from "./refusal.ts";
import type { Room } from "./rooms.ts";
import type { Seat, SupervisorActor } from "./seat.ts";

/** What is known of a call that someone wants to hear. */
export interface SupervisedCall {
  live: boolean;
  /** Whether there is somebody to speak with. */
  answered: boolean;
  who: string;
}

/** What an agent is told in private; `now` lets it act on it at once. */
export interface Guidance {
  text: string;
  now: boolean;
}

/** What a line asks of supervision as a whole. `Line` is the softphone that asks. */
export interface Bench<Line> {
  readonly noticeTone: NoticeTone;
  callInfo(tenantId: string, callId: string): Promise<SupervisedCall | null>;
  health(): SupervisionHealth;
  room(callId: string): Promise<Room | null>;
  /** Port of the media thread that takes supervisors' speech; 0 while there is none. */
  speakerPort(): number;
  /** A new place on this call; null when the house is full. */
  sit(line: Line, callId: string): Seat | null;
  announce(seat: Seat): void;
  /** The place of an earlier socket of the same person, while it is kept. */
  reclaim(line: Line, seatId: string): Seat | null;
  isSeated(seat: Seat): boolean;
  /** The person leaves: a floor they have is given back. */
  drop(seat: Seat): void;
  modeOf(seat: Seat): SupervisionMode;
  /** Whether this place's microphone is let in. */
  isHeard(seat: Seat): boolean;
  /** The mode in which this person's floor waits for them; `listen` where none does. */
  waitingFor(seat: Seat): SupervisionMode;
  ask(seat: Seat, mode: SupervisionMode, note: string, transcriber: TranscriberSettings | null): Promise<KeeperAnswer>;
  transcriber(tenantId: string, callId: string): Promise<TranscriberSettings | null>;
  /** Who hears whom may be out of date. */
  settle(callId: string): void;
  talkEnded(seat: Seat): void;
  /** Guidance in text for the agent of this call. Throws a `Refusal` where none is taken. */
  whisper(actor: SupervisorActor, callId: string, guidance: Guidance): Promise<void>;
  sendKeys(seat: Seat, digits: string): Promise<boolean>;
  /** `politely`: the agent says goodbye first. */
  endCall(seat: Seat, politely: boolean): Promise<boolean>;
}

/** Where calls are looked up. */
type Calls = Pick<Bench<never>, "callInfo">;

/** The call as its own people may see it. Throws a `Refusal` when it is over, or not one of their tenant's. */
export const liveCall = async (
  calls: Calls,
  { tenantId }: SupervisorActor,
  callId: string,
): Promise<SupervisedCall> => {
  const call = await calls.callInfo(tenantId, callId);
  if (!call) throw new Refusal("no-such-call", "This call is not known.");
  if (!call.live) throw new Refusal("call-over", "This call is over.");
  return call;
};

/** The same for what needs somebody at the other end. */
export const answeredCall = async (calls: Calls, actor: SupervisorActor, callId: string): Promise<void> => {
  const call = await liveCall(calls, actor, callId);
  if (!call.answered) throw new Refusal("not-now", "The call is not answered yet.");
};
