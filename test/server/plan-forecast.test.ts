import { expect, test } from "bun:test";
import { ManualClock } from "../../src/core/clock.ts";
import { createDialGate, type GateLimits } from "../../src/scheduler/dial-gate.ts";
import { forecastContacts } from "../../src/server/plan-forecast.ts";
import { contactsOf, freshStore, planOf } from "../core/store/fresh-store.ts";

/** Wednesday, 5 in the morning in New York. */
const NOW = Date.UTC(2026, 5, 10, 9);
const DAYTIME: GateLimits = { window: { from: 480, to: 1260 }, onHolidays: false, perNumberPerDay: null };

const PLANS: [what: string, contact: object, schedule: object][] = [
  ["a number of one zone", { phone: "+12125550123" }, {}],
  ["a zone of its own", { phone: "+12125550123", timezone: "Asia/Tokyo" }, {}],
  ["a mobile phone in a wide country", { phone: "+61491570156" }, { not_before: "2026-06-12T10:00" }],
  ["hours and days of the plan", { phone: "+442079460123" }, { window: { from: "20:00", to: "23:00" }, days: ["sat"] }],
  ["a deadline before the window opens", { phone: "+12125550123" }, { not_after: "2026-06-10T07:59" }],
  ["a deadline the moment it opens", { phone: "+12125550123" }, { not_after: "2026-06-10T08:00" }],
  ["a number of no country", { phone: "+80012345678" }, {}],
];

test.each(PLANS)("what is forecast is what the dial gate does: %s", async (_what, fields, schedule) => {
  const plan = planOf({ contacts: [{ ...contactsOf(1)[0]!, ...fields }], schedule });
  const [forecast] = forecastContacts(plan, { nowMs: NOW, hours: DAYTIME, isListed: new Set() });
  const clock = new ManualClock(NOW);
  const { store } = await freshStore(":memory:", clock);
  try {
    const confirmed = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: 0 };
    const { tasks } = await store.campaigns.schedule("default", confirmed);
    const gate = createDialGate({ store, limits: DAYTIME });
    const [task] = tasks;
    const asked = Math.max(NOW, task!.nextActionAt ?? 0);
    const answer = await gate("default", task!, asked);
    const at = answer.ok ? asked : answer.nextActionAt;
    expect(forecast!.at).toBe(at);
    expect(forecast!.needsZone).toBe(!answer.ok && answer.reason === "unknown-timezone");
  } finally {
    store.close();
  }
});
