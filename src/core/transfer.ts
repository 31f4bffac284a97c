/** Somebody whom an agent may connect a callee with: known to it by name, so that no number is the model's to choose. */
export interface TransferTarget {
  name: string;
  /** E.164, with `+`. */
  phone: string;
}

/**
 * Why a callee was not handed over. `nobody` no supervisor took the call in time · `refused` the number may not be
 * called · `declined` they were told what it is about and do not take it, or hung up · `undecided` they did not say in
 * time whether they do · `no-consult` nobody can be spoken with first on this call · `call-over` the call ended, or was
 * about to, before anything came of it.
 */
export type TransferFailure =
  | "nobody"
  | "busy"
  | "no-answer"
  | "refused"
  | "declined"
  | "undecided"
  | "no-consult"
  | "failed"
  | "call-over";

/** Most people one agent may connect callees with. */
export const MAX_TRANSFER_TARGETS = 20;
