import type { Schedule } from "../../core/clock.ts";
import type { DomainEvent } from "../../core/events.ts";
import { inBackground, type Log } from "../../core/log.ts";
import type { NoticeTone, SupervisionMode } from "../../core/supervision.ts";
import type { MediaHandle } from "../engine/handle.ts";
import type { SpokenLine, TranscriberSettings } from "../engine/protocol.ts";
import { answeredCall, type Bench, type Guidance, type SupervisedCall } from "./bench.ts";
import { FloorKeeper } from "./floor-keeper.ts";
import { Hearing } from "./hearing.ts";
import { MediaWorker, type SupervisionHealth, type WebRtcAddress } from "./media-worker.ts";
import type { Present, RefusalReason } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { needOneOf } from "./request-rights.ts";
import { Rooms } from "./rooms.ts";
import type { Seat, SupervisorActor } from "./seat.ts";
import { Seats } from "./seats.ts";
import { SoftphoneLine, type SoftphoneSocket } from "./softphone-line.ts";

/** How long a place is kept for a softphone whose socket was lost, and a caller for a speaker who was, in ms. */
export const SEAT_HOLD_MS = 20_000;

/** What supervisors do, for the record. */
export type SupervisorEvent = Extract<DomainEvent, { type: `supervisor.${string}` }>;

/** Who did it. */
export type Doer = Pick<SupervisorActor, "tenantId" | "userId" | "name">;

/** The server's end of one softphone socket. */
export interface SoftphoneConnection {
  message(text: string): void;
  /** The socket is gone; `onPurpose` when the page was closed or left, not lost. */
  closed(onPurpose?: boolean): void;
}

/** Live supervision: softphones in, rooms behind, and who has the floor. */
export interface Supervision {
  /** The worker, for others that speak WebRTC: one process serves them all. */
  readonly worker: Pick<MediaWorker, "get" | "health">;
  health(): SupervisionHealth;
  /** Starts the mediasoup worker ahead of the first listener, if it can be started. */
  prepare(): void;
  /** Takes over a freshly opened socket of this supervisor. */
  attach(socket: SoftphoneSocket, actor: SupervisorActor): SoftphoneConnection;
  /** Guidance in text for the agent of a live call, from outside of a softphone. */
  whisper(
    actor: SupervisorActor,
    callId: string,
    guidance: Guidance,
  ): Promise<{ ok: true } | { ok: false; reason: RefusalReason; why: string }>;
  /** The call is over: softphones are told, the room is closed. Unknown calls are ignored. */
  callEnded(callId: string): void;
  /** Names of everyone on this call, each person once, in order of arrival. */
  listeners(callId: string): string[];
  /** Everyone on this call with their mode, in order of arrival; a person with two softphones is there twice. */
  present(callId: string): Present[];
  /** Process id of the mediasoup worker, null while none runs. */
  workerPid(): number | null;
  /** Closes sockets, rooms and the worker; tells nobody of supervisors that leave. */
  close(): void;
}

/** What supervision needs. */
export interface SupervisionDeps {
  log: Log;
  media: Pick<MediaHandle, "send" | "subscribe">;
  schedule: Schedule;
  webrtc: WebRtcAddress;
  /** When a tone tells callees of a supervisor; supervisors are told. Default `off`. */
  noticeTone?: NoticeTone;
  /** Path of the mediasoup worker's binary, or null while there is none. */
  workerBin: () => string | null;
  /** Port on 127.0.0.1 where the media thread takes supervisors' speech; 0 while there is none. */
  speakerPort: () => number;
  /** Null for a call this tenant does not have. */
  callInfo: (tenantId: string, callId: string) => Promise<SupervisedCall | null>;
  /** What writes supervisors' speech on this call down; null writes nothing down. */
  transcriber: (tenantId: string, callId: string) => Promise<TranscriberSettings | null>;
  /** Said to the caller of this call whose speaker was lost; null while there is no sound for it. */
  holdPhrase: (callId: string) => SpokenLine | null;
  /** Ends a call of this tenant, `politely` once the agent has said goodbye; false when it is not live. */
  hangUp: (tenantId: string, callId: string, politely: boolean) => Promise<boolean> | boolean;
  /** Presses keys on a call of this tenant; false when it is not live. */
  sendKeys: (tenantId: string, callId: string, digits: string) => Promise<boolean> | boolean;
  /** Hears what supervisors do, in its order. */
  note: (by: Doer, event: SupervisorEvent) => void;
  /** Default `SEAT_HOLD_MS`. */
  seatHoldMs?: number;
}

/** Makes supervision; the mediasoup worker starts with the first listener. */
export const createSupervision = (deps: SupervisionDeps): Supervision => {
  const { log, callInfo, schedule } = deps;
  const holdMs = deps.seatHoldMs ?? SEAT_HOLD_MS;
  const send: MediaHandle["send"] = (command) => deps.media.send(command);
  const allLines = new Set<SoftphoneLine>();

  const seats = new Seats({ schedule, microphoneLost: (seat) => floors.microphoneLost(seat.callId, seat.id) });
  const floors: FloorKeeper = new FloorKeeper({
    send,
    schedule,
    log,
    holdMs,
    holdPhrase: deps.holdPhrase,
    ssrcOf: (seatId) => seats.get(seatId)?.microphone?.ssrc ?? null,
    note: (callId, by, change) => deps.note(by, { type: "supervisor.mode", callId, userId: by.userId, ...change }),
    tell: (callId, seatId, mode, why) => {
      for (const seat of seats.on(callId))
        if (seatId === null || seat.id === seatId) seats.tell(seat, { event: "mode", callId, mode, why });
    },
    changed: (callId) => {
      hearing.settle(callId);
      tellRoster(callId);
    },
  });
  const hearing = new Hearing({ seats, speakerOf: (callId) => floors.speakerOf(callId), log });
  const stopHearingMedia = deps.media.subscribe((event) => {
    floors.onMedia(event);
    if (event.type === "opened") rooms.callOpened(event.callId);
  });

  const worker: MediaWorker = new MediaWorker({
    log,
    address: deps.webrtc,
    binary: deps.workerBin,
    died: () => {
      rooms.forgetAll();
      inBackground(log, "start the mediasoup worker again", worker.get());
      for (const seat of seats.all()) {
        seat.empty();
        seats.tell(seat, { event: "rejoin", callId: seat.callId });
      }
    },
  });
  const rooms = new Rooms({ worker, send });

  const modeOf = (seat: Seat): SupervisionMode => floors.modeAt(seat.callId, seat.id);
  const present = (callId: string): Present[] =>
    seats
      .on(callId)
      .filter((seat) => seat.announced)
      .map((seat) => ({ seatId: seat.id, name: seat.actor.name, mode: modeOf(seat) }));
  const tellRoster = (callId: string): void =>
    seats.tellCall(callId, { event: "roster", callId, present: present(callId) });

  const drop = (seat: Seat): void => {
    if (!seats.has(seat)) return;
    const { callId, actor } = seat;
    floors.left(callId, seat.id);
    seats.remove(seat);
    seat.empty();
    if (seats.on(callId).length === 0) rooms.close(callId);
    if (!seat.announced) return;
    tellRoster(callId);
    deps.note(actor, { type: "supervisor.left", callId, userId: actor.userId });
  };

  const lost = (line: SoftphoneLine, seat: Seat | null, onPurpose: boolean): void => {
    allLines.delete(line);
    if (!seat || !seats.isOf(line, seat)) return;
    if (onPurpose) floors.left(seat.callId, seat.id);
    // Closed before the place is timed: a caller who waits is back with the agent when the place is given up.
    seat.closeMicrophone();
    seats.hold(line, seat, holdMs, () => drop(seat));
  };

  const whisper = async (actor: SupervisorActor, callId: string, { text, now }: Guidance): Promise<void> => {
    needOneOf(actor, ["whisper"]);
    await answeredCall({ callInfo }, actor, callId);
    send({ type: "guide", callId, text, now });
    deps.note(actor, { type: "supervisor.whispered", callId, userId: actor.userId, by: "text" });
  };

  const bench: Bench<SoftphoneLine> = {
    callInfo,
    noticeTone: deps.noticeTone ?? "off",
    health: () => worker.health(),
    room: (callId) => rooms.open(callId),
    speakerPort: deps.speakerPort,
    sit: (line, callId) => seats.sit(line, callId),
    announce: (seat) => {
      const isNew = !seat.announced;
      seat.announced = true;
      tellRoster(seat.callId);
      const { callId, actor } = seat;
      if (isNew) deps.note(actor, { type: "supervisor.joined", callId, userId: actor.userId, mode: "listen" });
    },
    reclaim: (line, seatId) => {
      const seat = seats.reclaim(line, seatId);
      // The socket before may be dead without a word: what was said beside it is over, as when it is lost.
      seat?.closeMicrophone();
      return seat;
    },
    isSeated: (seat) => seats.has(seat),
    drop,
    modeOf,
    isHeard: (seat) => floors.speakerOf(seat.callId) === seat.id,
    waitingFor: (seat) => floors.waitingFor(seat.callId, seat.actor.userId),
    ask: ({ id: seatId, actor: { tenantId, userId, name }, callId }, mode, note, transcriber) =>
      floors.ask(callId, { seatId, tenantId, userId, name }, { mode, note, transcriber }),
    transcriber: deps.transcriber,
    settle: (callId) => hearing.settle(callId),
    talkEnded: ({ callId, actor }) => {
      send({ type: "talk-ended", callId });
      deps.note(actor, { type: "supervisor.whispered", callId, userId: actor.userId, by: "voice" });
    },
    whisper,
    sendKeys: async ({ callId, actor }, digits) => deps.sendKeys(actor.tenantId, callId, digits),
    endCall: async ({ callId, actor }, politely) => {
      const isEnding = await deps.hangUp(actor.tenantId, callId, politely);
      if (isEnding) deps.note(actor, { type: "supervisor.hung-up", callId, userId: actor.userId, politely });
      return isEnding;
    },
  };

  return {
    worker,
    health: () => worker.health(),
    prepare: () => inBackground(log, "start the mediasoup worker", worker.get()),
    listeners: (callId) => {
      const people = seats.on(callId).filter((seat) => seat.announced);
      return [...new Map(people.map(({ actor }) => [actor.userId, actor.name])).values()];
    },
    present,
    workerPid: () => worker.pid,
    attach: (socket, actor) => {
      const line = new SoftphoneLine({ socket, actor, bench, lost, log });
      allLines.add(line);
      return line;
    },
    whisper: async (actor, callId, guidance) => {
      try {
        await whisper(actor, callId, guidance);
        return { ok: true };
      } catch (thrown) {
        if (!(thrown instanceof Refusal)) throw thrown;
        return { ok: false, reason: thrown.reason, why: thrown.message };
      }
    },
    callEnded: (callId) => {
      floors.callEnded(callId);
      const gone = seats.on(callId);
      for (const seat of gone) seats.lineOf(seat)?.callEnded();
      for (const seat of gone) drop(seat);
      rooms.close(callId);
    },
    close: () => {
      stopHearingMedia();
      floors.close();
      for (const line of allLines) line.hangUp(1001, "server is stopping");
      seats.clear();
      rooms.forgetAll();
      worker.close();
    },
  };
};
