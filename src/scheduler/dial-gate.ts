import { areUnlimited, calleeHours, type ProcessHours } from "../core/callee-hours.ts";
import { nextCallingTime } from "../core/calling-hours.ts";
import type { GateReason } from "../core/dial-refusal.ts";
import { type PhoneRefusal, parsePhone } from "../core/phone.ts";
import type { Store } from "../core/store/open.ts";
import type { Task } from "../core/store/task-record.ts";

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
export interface GateLimits extends ProcessHours {
  /** Calls to one number in 24 hours, whoever asked for them; null where dialing disturbs nobody. */
  perNumberPerDay: number | null;
}

/**
 * Makes the question whether somebody may be connected with a callee: all rules about the number itself. Hours and caps
 * are for people who are called out of the blue, not for those who wait for such calls.
 */
export const createPartyGate =
  ({ store }: { store: Store }) =>
  async (
    tenantId: string,
    number: string,
  ): Promise<{ ok: true; phone: string } | { ok: false; reason: GateReason }> => {
    if ((await store.tenants.get(tenantId))?.status !== "active") return { ok: false, reason: "tenant-suspended" };
    const phone = parsePhone(number);
    if (!phone.ok) return { ok: false, reason: numberReason(phone.reason) };
    if (await store.dnd.has(tenantId, phone.e164)) return { ok: false, reason: "do-not-call" };
    return { ok: true, phone: phone.e164 };
  };

const numberReason = (reason: PhoneRefusal): GateReason =>
  reason === "emergency" ? "emergency-number" : reason === "premium" ? "premium-number" : "invalid-number";

const DAY_MS = 24 * 60 * 60_000;
/** When a suspended account is looked at again. */
const SUSPENDED_MS = 60_000;

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
    // Its tasks rest and go on by themselves: nobody has to take each of them from hold again.
    if (tenant?.status !== "active") return later("tenant-suspended", now + SUSPENDED_MS);
    const phone = parsePhone(task.phone);
    if (!phone.ok) return stop(numberReason(phone.reason));
    if (await store.dnd.has(tenantId, phone.e164)) return stop("do-not-call");
    if (task.attempts >= task.maxAttempts) return stop("too-many-attempts");
    if (task.deadlineAt !== null && now > task.deadlineAt) return stop("deadline-passed");
    if (limits.perNumberPerDay !== null) {
      const calls = await store.calls.attemptsSince(tenantId, phone.e164, now - DAY_MS);
      if (calls >= limits.perNumberPerDay) return later("daily-cap", now + DAY_MS / 24);
    }
    return hoursAnswer(limits, task, now);
  };

/** A number that may be in several zones is called when it is time in all of them. */
const hoursAnswer = (limits: GateLimits, task: Task, now: number): GateAnswer => {
  const { zones, country, hours } = calleeHours(task, limits);
  if (areUnlimited(hours)) return { ok: true };
  if (zones.length === 0) return hold("unknown-timezone");
  const opensAt = nextCallingTime({ nowMs: now, zones, country, hours });
  if (opensAt === null) return hold("no-calling-hours");
  if (opensAt === now) return { ok: true };
  // It would be refused then.
  if (task.deadlineAt !== null && opensAt > task.deadlineAt) return stop("deadline-passed");
  return later("outside-calling-window", opensAt);
};
