import { newId } from "../../core/ids.ts";
import { inBackground, type Log } from "../../core/log.ts";
import type { MediaCommand } from "../engine/protocol.ts";
import { MediaWorker, type SupervisionHealth, type WebRtcAddress } from "./media-worker.ts";
import type { Notice, Present } from "./messages.ts";
import { Rooms } from "./rooms.ts";
import { Seat, type SupervisorActor } from "./seat.ts";
import { SoftphoneLine, type SoftphoneSocket } from "./softphone-line.ts";

/** How long a place is kept for a softphone whose socket was lost, in ms. Sound goes on meanwhile. */
export const SEAT_HOLD_MS = 20_000;

/** Most softphones listening at once; each takes a transport of the worker. */
const MAX_SEATS = 500;

/** What is known of a call that someone wants to hear. */
export interface SupervisedCall {
  live: boolean;
  who: string;
}

/** The server's end of one softphone socket. */
export interface SoftphoneConnection {
  message(text: string): void;
  /** The socket is gone. */
  closed(): void;
}

/** Live listening: softphones in, rooms behind. */
export interface Supervision {
  /** The worker, for others that speak WebRTC: one process serves them all. */
  readonly worker: Pick<MediaWorker, "get" | "health">;
  health(): SupervisionHealth;
  /** Starts the mediasoup worker ahead of the first listener, if it can be started. */
  prepare(): void;
  /** Takes over a freshly opened socket of this supervisor. */
  attach(socket: SoftphoneSocket, actor: SupervisorActor): SoftphoneConnection;
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
  media: { send(command: MediaCommand): void };
  webrtc: WebRtcAddress;
  /** Path of the mediasoup worker's binary, or null while there is none. */
  workerBin: () => string | null;
  /** Null for a call this tenant does not have. */
  callInfo: (tenantId: string, callId: string) => Promise<SupervisedCall | null>;
  joined?: (actor: SupervisorActor, callId: string, mode: "listen") => void;
  left?: (actor: SupervisorActor, callId: string) => void;
  seatHoldMs?: number;
}

/** Makes supervision; the mediasoup worker starts with the first listener. */
export const createSupervision = (deps: SupervisionDeps): Supervision => {
  const { log, callInfo } = deps;
  const seats = new Map<string, Seat>();
  const lines = new Map<Seat, SoftphoneLine>();
  const allLines = new Set<SoftphoneLine>();
  const held = new Map<Seat, ReturnType<typeof setTimeout>>();

  const worker: MediaWorker = new MediaWorker({
    log,
    address: deps.webrtc,
    binary: deps.workerBin,
    died: () => {
      rooms.forgetAll();
      inBackground(log, "start the mediasoup worker again", worker.get());
      for (const seat of seats.values()) {
        seat.empty();
        lines.get(seat)?.tell({ event: "rejoin", callId: seat.callId });
      }
    },
  });
  const rooms = new Rooms({ worker, send: (command) => deps.media.send(command) });

  const on = (callId: string): Seat[] => [...seats.values()].filter((seat) => seat.callId === callId);
  const listeners = (callId: string): string[] => {
    const names = new Map<string, string>();
    for (const { announced, actor } of on(callId)) if (announced) names.set(actor.userId, actor.name);
    return [...names.values()];
  };
  const present = (callId: string): Present[] =>
    on(callId)
      .filter((seat) => seat.announced)
      .map((seat) => ({ seatId: seat.id, name: seat.actor.name, mode: "listen" }));
  const tellCall = (callId: string, notice: Notice): void => {
    for (const seat of on(callId)) lines.get(seat)?.tell(notice);
  };
  const tellRoster = (callId: string): void => tellCall(callId, { event: "roster", callId, present: present(callId) });

  const release = (seat: Seat): void => {
    clearTimeout(held.get(seat));
    held.delete(seat);
  };

  const drop = (seat: Seat): void => {
    if (!seats.delete(seat.id)) return;
    release(seat);
    lines.delete(seat);
    seat.empty();
    if (on(seat.callId).length === 0) rooms.close(seat.callId);
    if (!seat.announced) return;
    tellRoster(seat.callId);
    deps.left?.(seat.actor, seat.callId);
  };

  const bench = {
    callInfo,
    health: () => worker.health(),
    room: (callId: string) => rooms.open(callId),
    sit: (line: SoftphoneLine, callId: string): Seat | null => {
      if (seats.size >= MAX_SEATS) return null;
      const seat = new Seat({ id: newId("seat"), actor: line.actor, callId });
      seats.set(seat.id, seat);
      lines.set(seat, line);
      return seat;
    },
    announce: (seat: Seat): void => {
      const isNew = !seat.announced;
      seat.announced = true;
      tellRoster(seat.callId);
      if (isNew) deps.joined?.(seat.actor, seat.callId, "listen");
    },
    reclaim: (line: SoftphoneLine, seatId: string): Seat | null => {
      const seat = seats.get(seatId);
      const { tenantId, userId } = line.actor;
      if (seat?.actor.tenantId !== tenantId || seat.actor.userId !== userId) return null;
      lines.get(seat)?.unseat();
      release(seat);
      lines.set(seat, line);
      return seat;
    },
    isSeated: (seat: Seat) => seats.has(seat.id),
    drop,
    hold: (line: SoftphoneLine, seat: Seat | null): void => {
      allLines.delete(line);
      if (!seat || lines.get(seat) !== line) return;
      lines.delete(seat);
      const timer = setTimeout(() => drop(seat), deps.seatHoldMs ?? SEAT_HOLD_MS);
      timer.unref();
      held.set(seat, timer);
    },
  };

  return {
    worker,
    health: () => worker.health(),
    prepare: () => inBackground(log, "start the mediasoup worker", worker.get()),
    listeners,
    present,
    workerPid: () => worker.pid,
    attach: (socket, actor) => {
      const line = new SoftphoneLine({ socket, actor, bench, log });
      allLines.add(line);
      return line;
    },
    callEnded: (callId) => {
      const gone = on(callId);
      for (const seat of gone) lines.get(seat)?.callEnded();
      for (const seat of gone) drop(seat);
      rooms.close(callId);
    },
    close: () => {
      for (const timer of held.values()) clearTimeout(timer);
      for (const line of allLines) line.hangUp(1001, "server is stopping");
      seats.clear();
      lines.clear();
      held.clear();
      rooms.forgetAll();
      worker.close();
    },
  };
};
