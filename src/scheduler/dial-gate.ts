import { windowState } from "../core/dialing-window.ts";
import { parsePhone } from "../core/phone.ts";
import { zonesOfPhone } from "../core/phone-zone.ts";
import type { Store } from "../core/store/open.ts";
import type { Task } from "../core/store/task-record.ts";

/** Why a dial was refused: one word for each rule, shown to people and counted. */
export type GateReason =
  | "invalid-number"
  | "emergency-number"
  | "premium-number"
  | "do-not-call"
  | "outside-calling-window"
  | "unknown-timezone"
  | "too-many-attempts"
  | "daily-cap"
  | "deadline-passed"
  | "tenant-suspended";

/** What the gate says about one dial. A refused task waits until `nextActionAt`, or goes where `status` says. */
export type GateAnswer =
  | { ok: true }
  | {
      ok: false;
      reason: GateReason;
      status: "pending" | "on_hold" | "failed_conclusive";
      nextActionAt: number | null;
    };

/** Limits of the gate. */
export interface GateLimits {
  /** Minutes after midnight of the callee between which may be dialed. */
  window: { from: number; to: number };
  /** Calls to one number in 24 hours, whoever asked for them; null where dialing disturbs nobody. */
  perNumberPerDay: number | null;
}

const DAY_MS = 24 * 60 * 60_000;

const stop = (reason: GateReason): GateAnswer => ({
  ok: false,
  reason,
  status: "failed_conclusive",
  nextActionAt: null,
});
const hold = (reason: GateReason): GateAnswer => ({ ok: false, reason, status: "on_hold", nextActionAt: null });
const later = (reason: GateReason, nextActionAt: number): GateAnswer => ({
  ok: false,
  reason,
  status: "pending",
  nextActionAt,
});

/** Makes the question every dial passes, whoever asks for it, at the moment of dialing. */
export const createDialGate =
  (deps: { store: Store; limits: GateLimits }) =>
  async (tenantId: string, task: Task, now: number): Promise<GateAnswer> => {
    const { store, limits } = deps;
    const tenant = await store.tenants.get(tenantId);
    if (tenant?.status !== "active") return hold("tenant-suspended");
    const phone = parsePhone(task.phone);
    if (!phone.ok) {
      if (phone.reason === "emergency") return stop("emergency-number");
      return stop(phone.reason === "premium" ? "premium-number" : "invalid-number");
    }
    if (await store.dnd.has(tenantId, phone.e164)) return stop("do-not-call");
    if (task.attempts >= task.maxAttempts) return stop("too-many-attempts");
    if (task.deadlineAt !== null && now > task.deadlineAt) return stop("deadline-passed");
    if (limits.perNumberPerDay !== null) {
      const calls = await store.calls.attemptsSince(tenantId, phone.e164, now - DAY_MS);
      if (calls >= limits.perNumberPerDay) return later("daily-cap", now + DAY_MS / 24);
    }
    return windowAnswer(limits.window, task.timezone ? [task.timezone] : zonesOfPhone(phone.e164), now);
  };

/** A number that may be in several zones is called when the window is open in all of them. */
const windowAnswer = (window: GateLimits["window"], zones: string[], now: number): GateAnswer => {
  const always = window.from === 0 && window.to === 24 * 60;
  if (always) return { ok: true };
  if (zones.length === 0) return hold("unknown-timezone");
  const opens = zones.map((zone) => windowState({ nowMs: now, zone, ...window }).opensAt ?? now);
  const opensAt = Math.max(...opens);
  return opensAt <= now ? { ok: true } : later("outside-calling-window", opensAt);
};
