import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { stereo } from "../support/likeness.ts";
import { type Json, OpenDeep, type PlacedCall } from "../support/open-deep.ts";
import { hasSipCallee, SipCallees } from "../support/sip-callee.ts";
import { Telephone } from "../support/telephone.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

/** What of a recording may be missing at its end: what was in memory, in ms. */
const UNWRITTEN_MS = 1200;

const open: { close(): Promise<void> }[] = [];

/** Whatever came of a test, nothing of it is left running; the last started ends first. */
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const kept = <T extends { close(): Promise<void> }>(part: T): T => {
  open.push(part);
  return part;
};

/** All that the API tells of these calls. */
const storyOf = async (openDeep: OpenDeep, calls: PlacedCall[]): Promise<{ call: Json; events: Json[] }[]> =>
  await Promise.all(
    calls.map(async ({ callId }) => ({ call: await openDeep.call(callId), events: await openDeep.events(callId) })),
  );

/** Everything of `before` is in `after`, unchanged. */
const expectNothingLost = (before: { call: Json; events: Json[] }[], after: { call: Json; events: Json[] }[]): void => {
  before.forEach(({ call, events }, n) => {
    expect(after[n]!.events.slice(0, events.length)).toEqual(events);
    expect(after[n]!.call.transcript.slice(0, call.transcript.length)).toEqual(call.transcript);
    for (const member of ["id", "task_id", "attempt", "phone_number", "action", "created_at", "answered_at"]) {
      expect(after[n]!.call[member]).toEqual(call[member]);
    }
  });
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Kills the process with these calls in it, and starts another one on the same folder. */
const crash = async (openDeep: OpenDeep, calls: PlacedCall[]) => {
  const before = await storyOf(openDeep, calls);
  const killedAt = Date.now();
  await openDeep.kill();
  // The down time is no part of any call.
  await until("the other one may start", () => Date.now() - killedAt > 1500);
  const upMs = await openDeep.startAgain();
  const after = await storyOf(openDeep, calls);
  expectNothingLost(before, after);
  // Their tasks may be tried again meanwhile: what is live now is none of them.
  const live: { id: string }[] = (await openDeep.get("/api/v1/calls?live=true")).calls;
  expect(live.filter(({ id }) => calls.some(({ callId }) => callId === id))).toEqual([]);
  for (const [n, { call }] of after.entries()) {
    if (before[n]!.call.ended_at !== null) expect(call).toEqual(before[n]!.call);
    else {
      expect(call).toMatchObject({
        status: call.answered_at === null ? "failed_attempt" : "dropped_connection",
        disposition: "failed",
        hangup_cause: "process-restarted",
      });
    }
    expect(openDeep.handedTo(call.task_id)).toBe("pending_analysis");
  }
  return { before, after, killedAt, upMs };
};

describe("a process that is killed with live calls", () => {
  test("keeps all that was stored; each call is settled and each recording can be played", async () => {
    const openDeep = kept(await OpenDeep.start({ CARRIER: "scripted", VOICE: "scripted" }));
    const done = await openDeep.placeCall("+12025550111");
    await openDeep.over(done.callId);
    const later = await openDeep.post("/api/phone/register-call", {
      phone_number: "+12025550150",
      action: "Ask for the opening hours.",
      scheduled_at: "2100-01-01T09:00:00Z",
    });
    const talkers = [];
    for (let n = 0; n < 5; n++) talkers.push(await openDeep.placeCall(`+1202555016${n}`));
    const rings = await openDeep.placeCall("+12025550112");
    for (const { callId } of talkers) {
      await openDeep.callWhen(callId, "had words", (call) => call.transcript.length >= 2);
    }
    const { before, after, killedAt, upMs } = await crash(openDeep, [done, ...talkers, rings]);
    const turns = before.reduce((sum, { call }) => sum + call.transcript.length, 0);
    const missingMs: number[] = [];
    const errorMs: number[] = [];
    for (const [n, { call }] of after.entries()) {
      if (call.hangup_cause !== "process-restarted" || call.answered_at === null) continue;
      const talkedMs = killedAt - Date.parse(call.answered_at);
      const { left, right, headerMs } = stereo(await openDeep.recording(call.id));
      missingMs.push(talkedMs - headerMs);
      errorMs.push(Math.abs(talkedMs - call.duration_ms));
      for (const channel of [left, right]) expect(channel.some((sample) => Math.abs(sample) > 1000)).toBe(true);
      expect(before[n]!.call.status).toBe("in-progress");
    }
    console.log(
      `${missingMs.length} calls with ${turns} turns; up again in ${Math.round(upMs)} ms; ` +
        `recordings lack their last ${missingMs.map(Math.round).join(", ")} ms`,
    );
    expect(missingMs).toHaveLength(talkers.length);
    expect(Math.max(...missingMs)).toBeLessThan(UNWRITTEN_MS);
    expect(Math.max(...errorMs)).toBeLessThan(UNWRITTEN_MS);
    // What was not being called is as it was.
    expect((await openDeep.task(later.task_id)).status).toBe("pending");
    // The new process calls.
    const next = await openDeep.placeCall("+12025550111");
    expect(await openDeep.over(next.callId)).toMatchObject({ disposition: "busy" });
  });

  test("loses no call that was only just asked for, again and again", async () => {
    const openDeep = kept(await OpenDeep.start({ CARRIER: "scripted", VOICE: "scripted" }));
    const statuses = new Set<string>();
    for (const [round, reached] of ["call.created", "call.dialing", "call.ringing"].entries()) {
      const calls = await Promise.all(
        Array.from({ length: 6 }, (_, n) => openDeep.placeCall(`+120255501${70 + 6 * round + n}`)),
      );
      const isThere = async () => (await openDeep.events(calls[0]!.callId)).some((event) => event.type === reached);
      await until(`the first call told ${reached}`, isThere);
      const { before } = await crash(openDeep, calls);
      for (const { call } of before) statuses.add(call.status);
    }
    console.log(`killed while calls were ${[...statuses].join(", ")}`);
  });

  test.skipIf(!existsSync(mediasoupWorkerBin()))(
    "takes its mediasoup worker with it",
    async () => {
      const openDeep = kept(await OpenDeep.start({ CARRIER: "scripted", MEDIASOUP_WORKER_BIN: mediasoupWorkerBin() }));
      const pid = await until("the worker runs", () =>
        Number(/"pid":(\d+),"msg":"mediasoup worker started"/.exec(openDeep.log())?.[1] ?? 0),
      );
      expect(isAlive(pid)).toBe(true);
      await openDeep.kill();
      await until("the worker has ended", () => !isAlive(pid));
    },
    180_000,
  );

  test.skipIf(!hasAsterisk() || !hasSipCallee())(
    "leaves channels in Asterisk, which the next process hangs up",
    async () => {
      const phone = kept(await Telephone.start({ ringMs: 100 }));
      const callees = kept(await SipCallees.start({ "0124": { does: "ring" } }));
      const pbx = kept(await TestAsterisk.start({ trunkPort: phone.port }));
      const ringing = kept(await TestAsterisk.start({ trunkPort: callees.port }));
      const env = (asterisk: TestAsterisk) => ({
        CARRIER: "asterisk",
        VOICE: "scripted",
        ARI_URL: asterisk.ari.url,
        ARI_USERNAME: asterisk.ari.username,
        ARI_PASSWORD: asterisk.ari.password,
        ARI_APP: asterisk.app,
      });
      const [talks, rings] = [kept(await OpenDeep.start(env(pbx))), kept(await OpenDeep.start(env(ringing)))];
      const talking = await talks.placeCall("+12025550101");
      const waiting = await rings.placeCall("+12025550124");
      await talks.callWhen(talking.callId, "had words", (call) => call.transcript.length >= 1);
      await until("it rings", async () =>
        (await rings.events(waiting.callId)).some((event) => event.type === "call.ringing"),
      );
      const stranded = async (asterisk: TestAsterisk) => (await asterisk.channels()).length;
      await Promise.all([talks.kill(), rings.kill()]);
      expect([await stranded(pbx), await stranded(ringing)]).toEqual([2, 2]);
      await Promise.all([talks.startAgain(), rings.startAgain()]);
      const upAt = performance.now();
      await Promise.all([pbx.empty(), ringing.empty()]);
      await until("the callee's phone is free", () => phone.events.includes("CALL_CLOSED"));
      await until("the other one stopped ringing", () => callees.messages().includes("CANCEL sip:"));
      console.log(`nothing left in Asterisk ${Math.round(performance.now() - upAt)} ms after the start`);
      expect(await talks.call(talking.callId)).toMatchObject({
        status: "dropped_connection",
        hangup_cause: "process-restarted",
      });
      expect(await rings.call(waiting.callId)).toMatchObject({
        status: "failed_attempt",
        hangup_cause: "process-restarted",
      });
      const { left, headerMs } = stereo(await talks.recording(talking.callId));
      expect(headerMs).toBeGreaterThan(0);
      expect(left.some((sample) => Math.abs(sample) > 1000)).toBe(true);
      const next = await talks.placeCall("+12025550102");
      await talks.answered(next.callId);
    },
    180_000,
  );
});
