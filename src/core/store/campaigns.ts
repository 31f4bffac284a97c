import type { Campaigns } from "./campaign-record.ts";
import type { Ledger } from "./ledger.ts";

/** The campaigns of a database. */
export const campaignsOf = (_: Ledger): Campaigns => ({}) as Campaigns;
