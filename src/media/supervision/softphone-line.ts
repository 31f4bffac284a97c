import type { types } from "mediasoup";
import { messageOf } from "../../core/errors.ts";
import { inBackground, type Log } from "../../core/log.ts";
import type { SupervisionHealth } from "./media-worker.ts";
import {
  type Answers,
  MAX_MESSAGE_LENGTH,
  type Notice,
  type RefusalReason,
  type Reply,
  type SoftphoneRequest,
  softphoneRequest,
} from "./messages.ts";
import type { Room } from "./rooms.ts";
import type { Seat, SupervisorActor } from "./seat.ts";

/** The part of a WebSocket that is needed to answer. */
export interface SoftphoneSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** What a line asks of supervision as a whole. */
export interface Bench {
  callInfo(tenantId: string, callId: string): Promise<{ live: boolean; who: string } | null>;
  health(): SupervisionHealth;
  room(callId: string): Promise<Room | null>;
  /** A new place on this call; null when the house is full. */
  sit(line: SoftphoneLine, callId: string): Seat | null;
  announce(seat: Seat): void;
  /** The place of an earlier socket of the same person, while it is kept. */
  reclaim(line: SoftphoneLine, seatId: string): Seat | null;
  isSeated(seat: Seat): boolean;
  drop(seat: Seat): void;
  /** The socket is gone; the place, if any, is kept for a while. */
  hold(line: SoftphoneLine, seat: Seat | null): void;
}

/** Requests waiting for their turn; a softphone never has more than a handful under way. */
const MAX_WAITING = 32;
/** Messages in one second; beyond it the socket is closed. */
const MAX_PER_SECOND = 60;
/** Messages that are not requests at all before the socket is closed. */
const MAX_BAD = 5;

class Refusal extends Error {
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, why: string) {
    super(why);
    this.reason = reason;
  }
}

/** One softphone socket: requests are answered one after the other, in the order they came. */
export class SoftphoneLine {
  readonly actor: SupervisorActor;
  readonly #socket: SoftphoneSocket;
  readonly #bench: Bench;
  readonly #log: Log;
  #seat: Seat | null = null;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #bad = 0;
  #windowStartedAt = 0;
  #inWindow = 0;
  #gone = false;

  constructor(options: { socket: SoftphoneSocket; actor: SupervisorActor; bench: Bench; log: Log }) {
    this.actor = options.actor;
    this.#socket = options.socket;
    this.#bench = options.bench;
    this.#log = options.log;
  }

  /** A text message of the browser; anything malformed is refused, a flood closes the socket. */
  message(text: string): void {
    if (this.#gone) return;
    if (text.length > MAX_MESSAGE_LENGTH) {
      this.hangUp(1009, "message too long");
      return;
    }
    const now = performance.now();
    if (now - this.#windowStartedAt > 1000) {
      this.#windowStartedAt = now;
      this.#inWindow = 0;
    }
    if (++this.#inWindow > MAX_PER_SECOND || this.#waiting >= MAX_WAITING) {
      this.hangUp(1008, "too many messages");
      return;
    }
    const request = parse(text);
    if (!request.ok) {
      if (++this.#bad > MAX_BAD) this.hangUp(1008, "too many bad messages");
      else if (request.id !== null) this.#refuse(request.id, "bad-message", "The softphone sent something unexpected.");
      return;
    }
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#answer(request.value)).finally(() => this.#waiting--);
    inBackground(this.#log, "answer a softphone", this.#turn);
  }

  /** The socket is gone. */
  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#bench.hold(this, this.#seat);
    this.#seat = null;
  }

  /** Tells the browser something it did not ask for. */
  tell(notice: Notice): void {
    this.#write(JSON.stringify(notice));
  }

  /** The call this line listens to is over. */
  callEnded(): void {
    const callId = this.#seat?.callId;
    this.#seat = null;
    if (callId) this.tell({ event: "call-ended", callId });
  }

  /** Another socket of the same person took the place. */
  unseat(): void {
    this.#seat = null;
  }

  /** Closes the socket. */
  hangUp(code: number, reason: string): void {
    this.closed();
    this.#socket.close(code, reason);
  }

  async #answer(request: SoftphoneRequest): Promise<void> {
    try {
      const data = await this.#do(request);
      this.#reply({ reply: request.id, ok: true, data });
    } catch (thrown) {
      if (thrown instanceof Refusal) {
        this.#refuse(request.id, thrown.reason, thrown.message);
        return;
      }
      this.#log.warn({ request: request.type, problem: messageOf(thrown) }, "a softphone request failed");
      this.#refuse(request.id, "failed", "The sound could not be set up. Try again.");
    }
  }

  async #do(request: SoftphoneRequest): Promise<Answers[keyof Answers]> {
    switch (request.type) {
      case "join":
        return this.#join(request.callId);
      case "reclaim": {
        const seat = this.#gone ? null : this.#bench.reclaim(this, request.seatId);
        if (!seat) throw new Refusal("no-seat", "Your place on this call is no longer kept.");
        if (this.#seat && this.#seat !== seat) this.#bench.drop(this.#seat);
        this.#seat = seat;
        if (!seat.isOpen) throw new Refusal("no-seat", "The sound must be set up again.");
        this.#bench.announce(seat);
        return { callId: seat.callId };
      }
      case "connect":
        await this.#open().connect(request.dtlsParameters as types.DtlsParameters);
        return null;
      case "consume":
        return { heard: await this.#open().consume(request.rtpCapabilities as types.RtpCapabilities) };
      case "resume":
        await this.#open().resume();
        return null;
      case "restart-ice": {
        const iceParameters = await this.#open().restartIce();
        if (!iceParameters) throw new Refusal("no-seat", "The sound must be set up again.");
        return { iceParameters };
      }
      case "leave":
        if (this.#seat) this.#bench.drop(this.#seat);
        this.#seat = null;
        return null;
      case "ping":
        return null;
    }
  }

  async #join(callId: string): Promise<Answers["join"]> {
    const call = await this.#bench.callInfo(this.actor.tenantId, callId);
    if (!call) throw new Refusal("no-such-call", "This call is not known.");
    if (!call.live) throw new Refusal("call-over", "This call is over.");
    if (this.#gone) throw new Refusal("no-seat", "The connection was lost.");
    if (this.#seat && this.#seat.callId !== callId) this.#bench.drop(this.#seat);
    const kept = this.#seat && this.#bench.isSeated(this.#seat) ? this.#seat : null;
    const seat = kept?.callId === callId ? kept : this.#bench.sit(this, callId);
    this.#seat = seat;
    if (!seat) throw new Refusal("unavailable", "Too many people are listening already. Try again later.");
    try {
      const room = await this.#bench.room(callId);
      if (!this.#bench.isSeated(seat)) throw new Refusal("call-over", "This call is over.");
      if (!room) {
        const health = this.#bench.health();
        throw new Refusal(
          "unavailable",
          health.ok ? "The sound is starting. Try again." : `${health.missing} ${health.fix}`,
        );
      }
      const joined = await seat.enter(room, call.who);
      // The call may have ended, and the socket may have gone, while the room was made.
      const still = await this.#bench.callInfo(this.actor.tenantId, callId);
      if (!still?.live || !this.#bench.isSeated(seat)) throw new Refusal("call-over", "This call is over.");
      this.#bench.announce(seat);
      return joined;
    } catch (thrown) {
      if (seat.announced && thrown instanceof Refusal && thrown.reason === "unavailable") throw thrown;
      seat.empty();
      this.#bench.drop(seat);
      if (this.#seat === seat) this.#seat = null;
      throw thrown;
    }
  }

  #open(): Seat {
    if (!this.#seat?.isOpen) throw new Refusal("no-seat", "The sound must be set up again.");
    return this.#seat;
  }

  #refuse(id: number, reason: RefusalReason, why: string): void {
    this.#reply({ reply: id, ok: false, reason, why });
  }

  #reply(reply: Reply): void {
    this.#write(JSON.stringify(reply));
  }

  #write(text: string): void {
    if (!this.#gone) this.#socket.send(text);
  }
}

type Parsed = { ok: true; value: SoftphoneRequest } | { ok: false; id: number | null };

const parse = (text: string): Parsed => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, id: null };
  }
  const checked = softphoneRequest.safeParse(json);
  if (checked.success) return { ok: true, value: checked.data };
  const id = (json as { id?: unknown } | null)?.id;
  return { ok: false, id: typeof id === "number" && Number.isSafeInteger(id) ? id : null };
};
