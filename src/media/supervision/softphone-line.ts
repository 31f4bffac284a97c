import { messageOf } from "../../core/errors.ts";
import { inBackground, type Log } from "../../core/log.ts";
import type { Bench } from "./bench.ts";
import {
  MAX_MESSAGE_LENGTH,
  type Notice,
  type RefusalReason,
  type Reply,
  type SoftphoneRequest,
  softphoneRequest,
} from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { Requests } from "./requests.ts";
import type { Seat, SupervisorActor } from "./seat.ts";

/** The part of a WebSocket that is needed to answer. */
export interface SoftphoneSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** Requests waiting for their turn; a softphone never has more than a handful under way. */
const MAX_WAITING = 32;
/** Messages in one second; beyond it the socket is closed. */
const MAX_PER_SECOND = 60;
/** Messages that are not requests at all before the socket is closed. */
const MAX_BAD = 5;

/** One softphone socket: requests are answered one after the other, in the order they came. */
export class SoftphoneLine {
  readonly actor: SupervisorActor;
  readonly #socket: SoftphoneSocket;
  readonly #lost: (seat: Seat | null, onPurpose: boolean) => void;
  readonly #requests: Requests<SoftphoneLine>;
  readonly #log: Log;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #bad = 0;
  #windowStartedAt = 0;
  #inWindow = 0;
  #gone = false;

  /** @param options.lost told when the socket is gone, with the place it had */
  constructor(options: {
    socket: SoftphoneSocket;
    actor: SupervisorActor;
    bench: Bench<SoftphoneLine>;
    lost: (line: SoftphoneLine, seat: Seat | null, onPurpose: boolean) => void;
    log: Log;
  }) {
    this.actor = options.actor;
    this.#socket = options.socket;
    this.#lost = (seat, onPurpose) => options.lost(this, seat, onPurpose);
    this.#requests = new Requests({ actor: options.actor, bench: options.bench, line: this });
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

  /** The socket is gone; `onPurpose` when the page was closed or left, not lost. */
  closed(onPurpose = false): void {
    if (this.#gone) return;
    this.#gone = true;
    const { seat } = this.#requests;
    this.#requests.close();
    this.#lost(seat, onPurpose);
  }

  /** Tells the browser something it did not ask for. */
  tell(notice: Notice): void {
    this.#write(JSON.stringify(notice));
  }

  /** The call this line listens to is over. */
  callEnded(): void {
    const callId = this.#requests.seat?.callId;
    this.#requests.unseat();
    if (callId) this.tell({ event: "call-ended", callId });
  }

  /** Another socket of the same person took the place. */
  unseat(): void {
    this.#requests.unseat();
  }

  /** Closes the socket. */
  hangUp(code: number, reason: string): void {
    this.closed();
    this.#socket.close(code, reason);
  }

  async #answer(request: SoftphoneRequest): Promise<void> {
    try {
      const data = await this.#requests.answer(request);
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
