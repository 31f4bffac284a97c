import type { Answers, Notice, RefusalReason, Reply } from "../../src/media/supervision/messages.ts";

/** The server said no; the message is for the user. */
export class Refused extends Error {
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, why: string) {
    super(why);
    this.reason = reason;
  }
}

/** The socket closed, or was not answered in time, before the reply came. */
export class Unanswered extends Error {}

/** Longest wait for a reply, in ms. */
const REPLY_TIMEOUT_MS = 5_000;
/** A silent socket is asked this often, in ms; no reply within `REPLY_TIMEOUT_MS` counts as lost. */
const PING_EVERY_MS = 5_000;

/** Wait before the nth try to reconnect, in ms: doubles from half a second to eight. */
export const backOffMs = (attempt: number): number => Math.min(8_000, 500 * 2 ** Math.min(attempt, 10));

interface Waiting {
  done(data: unknown): void;
  fail(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Requests and notices over one WebSocket, the softphone's unless other answers and notices are named. Does not reconnect
 * by itself: its owner decides when.
 */
export class Signal<To extends { ping: null } = Answers, News extends { event: string } = Notice> {
  readonly #url: string;
  readonly #notice: (notice: News) => void;
  readonly #lost: () => void;
  #socket: WebSocket | null = null;
  #opening: Promise<void> | null = null;
  #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #pinger: ReturnType<typeof setInterval> | undefined;

  /** @param options.lost told when an open socket closes without having been asked to */
  constructor(options: { url: string; notice: (notice: News) => void; lost: () => void }) {
    this.#url = options.url;
    this.#notice = options.notice;
    this.#lost = options.lost;
  }

  /** Resolves when the socket is open; rejects with `Unanswered` when it cannot be opened. */
  open(): Promise<void> {
    if (this.#socket?.readyState === WebSocket.OPEN) return Promise.resolve();
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  #connect(): Promise<void> {
    return new Promise((opened, failed) => {
      const socket = new WebSocket(this.#url);
      this.#socket = socket;
      const timer = setTimeout(() => socket.close(), REPLY_TIMEOUT_MS);
      let wasOpen = false;
      socket.addEventListener("open", () => {
        clearTimeout(timer);
        wasOpen = true;
        clearInterval(this.#pinger);
        this.#pinger = setInterval(() => this.#ping(socket), PING_EVERY_MS);
        opened();
      });
      socket.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && this.#socket === socket) this.#read(data);
      });
      socket.addEventListener("close", () => {
        clearTimeout(timer);
        failed(new Unanswered("no connection to the server"));
        this.#gone(socket, wasOpen);
      });
    });
  }

  #gone(socket: WebSocket, wasOpen: boolean): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearInterval(this.#pinger);
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.fail(new Unanswered("the connection closed"));
    }
    this.#waiting.clear();
    if (wasOpen) this.#lost();
  }

  #ping(socket: WebSocket): void {
    this.request("ping", {}).catch((error: unknown) => {
      // A socket that is open but silent is dead: the browser would notice much later.
      if (!(error instanceof Unanswered)) return;
      socket.close();
      this.#gone(socket, true);
    });
  }

  #read(text: string): void {
    const message = JSON.parse(text) as Reply | News;
    if ("event" in message) return this.#notice(message);
    const waiting = this.#waiting.get(message.reply);
    if (!waiting) return;
    this.#waiting.delete(message.reply);
    clearTimeout(waiting.timer);
    if (message.ok) waiting.done(message.data);
    else waiting.fail(new Refused(message.reason, message.why));
  }

  /** Sends a request and waits for its answer. Rejects with `Refused` or `Unanswered`. */
  request<Kind extends keyof To & string>(type: Kind, fields: Record<string, unknown>): Promise<To[Kind]> {
    return new Promise((done, fail) => {
      const socket = this.#socket;
      if (socket?.readyState !== WebSocket.OPEN) return fail(new Unanswered("no connection to the server"));
      const id = ++this.#lastId;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        fail(new Unanswered("the server did not answer"));
      }, REPLY_TIMEOUT_MS);
      this.#waiting.set(id, { done: done as (data: unknown) => void, fail, timer });
      socket.send(JSON.stringify({ id, type, ...fields }));
    });
  }

  /** Closes the socket on purpose; requests under way fail, `lost` is not told. */
  close(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#gone(socket, false);
    socket.close();
  }
}
