import type { RefusalReason } from "./messages.ts";

/** An expected refusal of a softphone's request; thrown while it is worked on and answered with its words. */
export class Refusal extends Error {
  readonly reason: RefusalReason;
  /** @param why one or two sentences for the person */
  constructor(reason: RefusalReason, why: string) {
    super(why);
    this.reason = reason;
  }
}
