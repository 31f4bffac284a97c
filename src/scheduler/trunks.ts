import type { LiveCount } from "../core/store/call-record.ts";

/** A configured way out: which carrier carries the call, whose voice speaks, and the number that is shown. */
export interface Trunk {
  carrier: string;
  voice: string;
  /** E.164, with `+`; null: the carrier's own. */
  from: string | null;
  /** Calls at the same time; null: as many as the other limits allow. */
  maxConcurrent: number | null;
  /** Whether it could take a call now. */
  canDial: () => boolean;
}

/** Calls under way through a trunk, of all tenants. */
const liveThrough = (trunk: Trunk, live: readonly LiveCount[]): number =>
  live.reduce(
    (sum, { carrier, from, count }) => sum + (carrier === trunk.carrier && from === trunk.from ? count : 0),
    0,
  );

/** The trunk for the next call: of those with room the one with the fewest calls, the first of equals; null: none. */
export const chooseTrunk = (trunks: readonly Trunk[], live: readonly LiveCount[]): Trunk | null => {
  let best: Trunk | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const trunk of trunks) {
    if (!trunk.canDial()) continue;
    const calls = liveThrough(trunk, live);
    if (trunk.maxConcurrent !== null && calls >= trunk.maxConcurrent) continue;
    if (calls < fewest) {
      best = trunk;
      fewest = calls;
    }
  }
  return best;
};
