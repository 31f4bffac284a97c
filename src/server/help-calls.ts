import { supervisionRights } from "../core/supervision.ts";
import type { AppParts } from "./app-parts.ts";
import type { Actor } from "./auth/actor.ts";
import { whoOf } from "./components/call-status.tsx";
import type { HelpCall } from "./components/help-alerts.tsx";

/** Most cards shown at once; the calls behind them wait on the board. */
const SHOWN = 2;

/** The calls that a user is asked to help, the greatest need first; none for who may not even listen. */
export const loadHelp = async (
  { store, attention }: Pick<AppParts, "store" | "attention">,
  { tenantId, userId, roles }: Actor,
): Promise<HelpCall[]> => {
  const rights = supervisionRights(roles);
  if (!rights.has("listen")) return [];
  const wanted = attention.helpWanted(tenantId, userId).slice(0, SHOWN);
  const calls = await Promise.all(wanted.map(({ callId }) => store.calls.get(tenantId, callId)));
  return wanted.flatMap(({ callId, reason, handsOver }, i) => {
    const call = calls[i];
    const mode = handsOver && rights.has("takeover") ? "takeover" : "listen";
    return call ? [{ callId, who: whoOf(call), why: reason, mode }] : [];
  });
};
