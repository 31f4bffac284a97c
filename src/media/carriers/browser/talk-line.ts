import { messageOf } from "../../../core/errors.ts";
import { inBackground, type Log } from "../../../core/log.ts";
import { MAX_MESSAGE_LENGTH } from "../../supervision/messages.ts";
import type { BrowserControl } from "./control.ts";
import type { BrowserLine } from "./line.ts";
import {
  type TalkAnswers,
  type TalkNotice,
  type TalkRefusal,
  type TalkReply,
  type TalkRequest,
  talkRequest,
} from "./messages.ts";

/** The part of a WebSocket that is needed to answer. */
export interface TalkSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** What became of the wish to talk to an agent. */
export type Begun = { ok: true; callId: string } | { ok: false; reason: TalkRefusal; why: string };

/** What a talk line asks of the rest. */
export interface TalkLineDeps {
  socket: TalkSocket;
  control: Pick<BrowserControl, "seat" | "leave">;
  /** The sound's way to a browser, or why there is none. */
  openLine: () => Promise<{ ok: true; line: BrowserLine } | { ok: false; why: string }>;
  /** Makes the call; its attempt does not run yet. */
  begin: (wish: { agentId: string; action: string; callee: string }) => Promise<Begun>;
  /** Runs the attempt of a made call to its end; gives one sentence about that, empty where there is nothing to say. */
  run: (callId: string) => Promise<string>;
  log: Log;
}

/** Requests waiting for their turn; a page never has more than a handful under way. */
const MAX_WAITING = 16;
/** Messages in one second; beyond it the socket is closed. */
const MAX_PER_SECOND = 30;
/** Messages that are not requests at all before the socket is closed. */
const MAX_BAD = 5;

class Refused extends Error {
  readonly reason: TalkRefusal;
  constructor(reason: TalkRefusal, why: string) {
    super(why);
    this.reason = reason;
  }
}

/**
 * The server's end of one page that talks to an agent: one socket, one call. Requests are answered one after the other.
 * The call ends with the socket.
 */
export class TalkLine {
  readonly #deps: TalkLineDeps;
  #line: BrowserLine | null = null;
  #callId: string | null = null;
  #started = false;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #bad = 0;
  #windowStartedAt = 0;
  #inWindow = 0;
  #gone = false;

  constructor(deps: TalkLineDeps) {
    this.#deps = deps;
  }

  /** A text message of the browser; anything malformed is refused, a flood closes the socket. */
  message(text: string): void {
    if (this.#gone) return;
    if (text.length > MAX_MESSAGE_LENGTH) return this.close(1009, "message too long");
    const now = performance.now();
    if (now - this.#windowStartedAt > 1000) {
      this.#windowStartedAt = now;
      this.#inWindow = 0;
    }
    if (++this.#inWindow > MAX_PER_SECOND || this.#waiting >= MAX_WAITING) return this.close(1008, "too many messages");
    const request = parse(text);
    if (!request.ok) {
      if (++this.#bad > MAX_BAD) this.close(1008, "too many bad messages");
      else if (request.id !== null) this.#refuse(request.id, "bad-message", "The page sent something unexpected.");
      return;
    }
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#answer(request.value)).finally(() => this.#waiting--);
    inBackground(this.#deps.log, "answer a page that talks to an agent", this.#turn);
  }

  /** The socket is gone, and the person with it. */
  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#callId !== null) this.#deps.control.leave(this.#callId);
    else this.#line?.close();
  }

  /** Closes the socket and ends the call. May be called twice. */
  close(code: number, reason: string): void {
    this.closed();
    this.#deps.socket.close(code, reason);
  }

  async #answer(request: TalkRequest): Promise<void> {
    try {
      const data = await this.#do(request);
      this.#write({ reply: request.id, ok: true, data });
    } catch (thrown) {
      if (thrown instanceof Refused) return this.#refuse(request.id, thrown.reason, thrown.message);
      this.#deps.log.warn({ request: request.type, problem: messageOf(thrown) }, "a talk request failed");
      this.#refuse(request.id, "failed", "The sound could not be set up. Try again.");
    }
  }

  async #do(request: TalkRequest): Promise<TalkAnswers[keyof TalkAnswers]> {
    switch (request.type) {
      case "ping":
        return null;
      case "start":
        return this.#start(request);
      case "hang-up":
        if (this.#callId !== null) this.#deps.control.leave(this.#callId);
        return null;
    }
    const line = this.#line;
    if (line === null) throw new Refused("not-now", "There is no call.");
    switch (request.type) {
      case "connect":
        await line.connect(request.way, request.dtlsParameters as Parameters<BrowserLine["connect"]>[1]);
        return null;
      case "produce": {
        const producerId = await line.produce(request.rtpParameters as Parameters<BrowserLine["produce"]>[0]);
        if (producerId === null) throw new Refused("not-now", "There is a microphone on this call.");
        return { producerId };
      }
      case "consume": {
        const heard = await line.consume(request.rtpCapabilities as Parameters<BrowserLine["consume"]>[0]);
        if (heard === null) throw new Refused("not-now", "The agent's voice was given already.");
        return { heard };
      }
      case "resume":
        await line.resume();
        return null;
    }
  }

  async #start({ agentId, action, callee }: Extract<TalkRequest, { type: "start" }>): Promise<TalkAnswers["start"]> {
    if (this.#started) throw new Refused("not-now", "One call at a time.");
    this.#started = true;
    const { openLine, begin, control, run, log } = this.#deps;
    const opened = await openLine();
    if (!opened.ok) {
      this.#started = false;
      throw new Refused("unavailable", opened.why);
    }
    const { line } = opened;
    this.#line = line;
    const begun = this.#gone ? null : await begin({ agentId, action, callee });
    if (!begun?.ok) {
      this.#line = null;
      this.#started = false;
      line.close();
      throw begun ? new Refused(begun.reason, begun.why) : new Refused("failed", "The page has left.");
    }
    const { callId } = begun;
    this.#callId = callId;
    control.seat(callId, line, {
      answered: () => this.#tell({ event: "answered", callId }),
      over: (why) => this.#tell({ event: "over", callId, why }),
    });
    // Whoever left meanwhile left no call then.
    if (this.#gone) control.leave(callId);
    const attempt = run(callId).then(
      (why) => control.leave(callId, why),
      (thrown) => {
        control.leave(callId);
        throw thrown;
      },
    );
    inBackground(log, "talk to an agent", attempt);
    return { callId, ...line.offer };
  }

  #tell(notice: TalkNotice): void {
    this.#write(notice);
  }

  #refuse(reply: number, reason: TalkRefusal, why: string): void {
    this.#write({ reply, ok: false, reason, why });
  }

  #write(message: TalkReply | TalkNotice): void {
    if (this.#gone) return;
    try {
      this.#deps.socket.send(JSON.stringify(message));
    } catch {
      // The socket closes; its end is told by itself.
    }
  }
}

const parse = (text: string): { ok: true; value: TalkRequest } | { ok: false; id: number | null } => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, id: null };
  }
  const request = talkRequest.safeParse(value);
  if (request.success) return { ok: true, value: request.data };
  const id = (value as { id?: unknown } | null)?.id;
  return { ok: false, id: typeof id === "number" && Number.isSafeInteger(id) && id >= 0 ? id : null };
};
