/**
 * A failure of something outside the process: a carrier, a model, a disk. The message is safe to show and to log: no
 * number, name, key or transcript. What would help a developer goes to `cause`.
 */
export class OutsideError extends Error {
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "OutsideError";
    this.retryable = options.retryable;
  }
}

/** A broken promise of our own code; never caught to go on. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws an `AssertionError` saying what must hold. */
export function assert(condition: unknown, mustHold: string): asserts condition {
  if (!condition) throw new AssertionError(mustHold);
}

/** Text of anything thrown, for logs. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
