import type { Ledger } from "./ledger.ts";
import type { Questions } from "./question-record.ts";

/** The questions of a database. */
export const questionsOf = (_: Ledger): Questions => ({}) as Questions;
