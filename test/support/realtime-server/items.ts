/** An item of the conversation as the service keeps it. */
export interface Item {
  id: string;
  object: "realtime.item";
  type: string;
  status: string;
  role?: string;
  content?: Record<string, unknown>[];
  call_id?: string;
  name?: string;
  arguments?: string;
  output?: string;
  phase?: string;
}

interface Kept {
  item: Item;
  /** Audio in it, in ms; what was truncated is gone. */
  audioMs: number;
}

/** The conversation: items in order, with what they weigh. */
export class Items {
  readonly #order: string[] = [];
  readonly #kept = new Map<string, Kept>();

  get all(): Item[] {
    return this.#order.map((id) => this.#kept.get(id)!.item);
  }

  has(id: string): boolean {
    return this.#kept.has(id);
  }

  get(id: string): Item | null {
    return this.#kept.get(id)?.item ?? null;
  }

  /** ms of audio that the item holds. */
  audioMs(id: string): number {
    return this.#kept.get(id)?.audioMs ?? 0;
  }

  setAudioMs(id: string, ms: number): void {
    const kept = this.#kept.get(id);
    if (kept) kept.audioMs = ms;
  }

  /** Puts an item behind another (`root`: at the start; undefined: at the end); returns the id before it. */
  insert(item: Item, after: string | undefined): string | null {
    const index = after === undefined ? this.#order.length : after === "root" ? 0 : this.#order.indexOf(after) + 1;
    this.#order.splice(index, 0, item.id);
    this.#kept.set(item.id, { item, audioMs: 0 });
    return index === 0 ? null : this.#order[index - 1]!;
  }

  delete(id: string): void {
    this.#order.splice(this.#order.indexOf(id), 1);
    this.#kept.delete(id);
  }

  hasCall(callId: string): boolean {
    return this.all.some((item) => item.type === "function_call" && item.call_id === callId);
  }

  /** Tokens of the whole conversation: 10 a second of the callee, 20 of the agent, four characters a token of text. */
  tokens(): { text: number; audio: number } {
    let text = 0;
    let audio = 0;
    for (const { item, audioMs } of this.#kept.values()) {
      audio += Math.round((audioMs / 1000) * (item.role === "assistant" ? 20 : 10));
      const words = (item.content ?? []).map((part) => (typeof part.text === "string" ? part.text : "")).join("");
      text += Math.ceil((words.length + (item.arguments ?? "").length + (item.output ?? "").length) / 4);
    }
    return { text, audio };
  }
}
