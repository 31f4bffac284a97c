/**
 * Why a response is wanted. `turn`: the callee's words wait for an answer; `tool`: outcomes of tools do; `continue`: a
 * sentence broke off. These are served by whatever response the service starts by itself; the others are not.
 */
export type AskKind = "opening" | "say" | "again" | "continue" | "turn" | "tool";

/** A response that is wanted; `body` is the `response` member of the `response.create` event. */
export interface Ask {
  kind: AskKind;
  body: Record<string, unknown>;
  /** Nobody wants it any more: what comes of it is to be cancelled. */
  stale?: boolean;
}

interface Sent extends Ask {
  id: string;
  /** The service started one by itself meanwhile that answers the same. */
  answered: boolean;
}

/** Asks waiting at once; more than this are a loop of ours, the newest is refused. */
const CAPACITY = 20;

/**
 * Lets one response at a time into a conversation: neither the service nor its client queues. Ours are told from those
 * the service starts by itself through metadata, which the service echoes.
 */
export class ResponseGate {
  #waiting: Ask[] = [];
  #sent: Sent | null = null;
  #active: string | null = null;
  #open = false;
  #held = false;
  #count = 0;
  readonly #send: (eventId: string, response: Record<string, unknown>) => void;

  /** @param send puts a `response.create` on the wire */
  constructor(send: (eventId: string, response: Record<string, unknown>) => void) {
    this.#send = send;
  }

  /** The response that is being made now. */
  get active(): string | null {
    return this.#active;
  }

  /** A response is being made or has been asked for. */
  get isBusy(): boolean {
    return this.#sent !== null || this.#active !== null;
  }

  /** Something waits for its turn. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** A session is ready: what waited is sent. */
  open(): void {
    this.#open = true;
    this.#pump();
  }

  /** The session is gone. What was asked of it and not begun waits for the next one. */
  shut(): void {
    this.#open = false;
    if (this.#sent && !this.#sent.answered) this.#waiting.unshift({ kind: this.#sent.kind, body: this.#sent.body });
    this.#sent = null;
    this.#active = null;
  }

  /** From now on none is wanted, as if `forget` were called all the time. */
  hold(): void {
    this.#held = true;
    this.forget();
  }

  /** None of those so far is wanted: what waited is forgotten, what was asked for comes back as stale. */
  forget(): void {
    this.#waiting = [];
    if (this.#sent) this.#sent.answered = this.#sent.stale = true;
  }

  /** They are wanted again. */
  release(): void {
    this.#held = false;
  }

  /** Wants a response; of those served by any response, each kind is wanted once. False when too many wait. On hold it wants none. */
  ask(ask: Ask): boolean {
    if (this.#held) return true;
    const once = ask.kind === "turn" || ask.kind === "tool" || ask.kind === "continue";
    if (once && this.#waiting.some((other) => other.kind === ask.kind)) return true;
    if (this.#waiting.length >= CAPACITY) return false;
    this.#waiting.push(ask);
    this.#pump();
    return true;
  }

  /** Another response answers the callee, and the tools' outcomes too if it was begun with them in sight. */
  answered(toolsToo: boolean): void {
    const isAnswered = ({ kind }: Ask): boolean =>
      kind === "turn" || kind === "continue" || (toolsToo && kind === "tool");
    this.#waiting = this.#waiting.filter((ask) => !isAnswered(ask));
    if (this.#sent && isAnswered(this.#sent)) this.#sent.answered = true;
  }

  /** `response.created` of the conversation; `mark` is its metadata's `ask`. Tells which ask it serves, if one of ours. */
  created(responseId: string, mark: string | undefined): Ask | null {
    this.#active = responseId;
    if (this.#sent === null || mark !== this.#sent.id) return null;
    const ask = this.#sent;
    this.#sent = null;
    return ask;
  }

  /** `response.done`. */
  done(responseId: string): void {
    if (responseId !== this.#active) return;
    this.#active = null;
    this.#pump();
  }

  /**
   * An error frame. `queued`: ours lost against a running response and waits again. `refused`: ours is not wanted by the
   * service as it is, and is gone. `other`: not about a response of ours.
   */
  failed(eventId: string | null | undefined, code: string | null | undefined): "queued" | "refused" | "other" {
    const sent = this.#sent;
    if (sent === null || eventId !== sent.id) return "other";
    this.#sent = null;
    const lost = code === "conversation_already_has_active_response";
    if (lost && !sent.answered) this.#waiting.unshift({ kind: sent.kind, body: sent.body });
    // Nothing is known to run after another kind of refusal, so the next may go.
    if (!lost) this.#pump();
    return lost ? "queued" : "refused";
  }

  #pump(): void {
    if (!this.#open || this.#sent || this.#active !== null) return;
    const ask = this.#waiting.shift();
    if (!ask) return;
    const id = `ask-${++this.#count}`;
    this.#sent = { ...ask, id, answered: false };
    this.#send(id, { ...ask.body, metadata: { ask: id } });
  }
}
