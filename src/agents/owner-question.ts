import type { Clock } from "../core/clock.ts";
import type { Call } from "../core/store/call-record.ts";
import type { Store } from "../core/store/open.ts";

/**
 * The one question of a call that is before its owner: who that is, the row, and giving it up. Between the wish to ask
 * and the row the call may end; then the row is given up as soon as it is there.
 */
export class OwnerQuestionOfCall {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #call: Call;
  /** What is asked now; `id` is null until it is stored. */
  #open: { toolCallId: string; id: string | null } | null = null;

  constructor({ store, clock, call }: { store: Store; clock: Clock; call: Call }) {
    this.#store = store;
    this.#clock = clock;
    this.#call = call;
  }

  /** Whether this is the question that waits. */
  is(questionId: string): boolean {
    return this.#open !== null && this.#open.id === questionId;
  }

  /** Puts a question before the owner: who confirmed the campaign, else the owner of the tenant. */
  async ask({ toolCallId, question, timeoutMs }: { toolCallId: string; question: string; timeoutMs: number }) {
    const mine = { toolCallId, id: null as string | null };
    this.#open = mine;
    const { tenantId, taskId, id: callId } = this.#call;
    const task = await this.#store.tasks.get(tenantId, taskId);
    const campaign = task?.campaignId ? await this.#store.campaigns.get(tenantId, task.campaignId) : null;
    const userId = campaign?.userId ?? (await this.#store.users.ensureOwner(tenantId)).id;
    const at = this.#clock.now();
    const { id } = await this.#store.questions.ask(tenantId, { userId, taskId, callId, text: question, timeoutMs, at });
    mine.id = id;
    if (this.#open !== mine) await this.#store.questions.expire(tenantId, id);
  }

  /** The owner answered: nothing waits any more. */
  answered(): void {
    this.#open = null;
  }

  /** Gives the question up, so that an answer from now on is late. The row has changed when this returns. */
  drop(): Promise<boolean> {
    const id = this.#open?.id ?? null;
    this.#open = null;
    return id === null ? Promise.resolve(false) : this.#store.questions.expire(this.#call.tenantId, id);
  }
}
