import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { OdTalk } from "../../public/talk/element.ts";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { ulawDecode } from "../../src/media/audio/g711.ts";
import { browserMissing, launchBrowser, openPage } from "../support/browser.ts";
import { OpenDeep } from "../support/open-deep.ts";
import { RealtimeProcess } from "../support/realtime-process.ts";
import { together } from "../support/start-up.ts";
import { CALLEE_SPEECH, samplesOf, wavOf } from "../support/telephone.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = browserMissing() !== null || !existsSync(mediasoupWorkerBin());
/** What is heard must be more than this; speech reaches it within 0.2 s. */
const AUDIBLE = 0.0005;
/** The pitch of the agent's words. */
const AGENT_HZ = 500;

/** What the browser's microphone hears, over and over: a sentence, then silence in which it is answered. */
const SENTENCE_MS = 3300;
const ROUND_MS = 6000;

let model: RealtimeProcess;
let dir: string;
let openDeep: OpenDeep;
let browser: Browser;
let page: Page;
let complaints: string[];
let agentPath: string;

beforeAll(async () => {
  if (missing) return;
  dir = mkdtempSync(join(tmpdir(), "od-talk-"));
  const speech = new Int16Array(8 * ROUND_MS);
  speech.set(samplesOf(CALLEE_SPEECH).subarray(0, 8 * SENTENCE_MS), 8 * 1000);
  writeFileSync(join(dir, "speech.wav"), wavOf(speech));
  [model, browser] = await together(
    RealtimeProcess.start({ otherwise: { text: "Reply.", seconds: 1.2, toneHz: AGENT_HZ } }),
    launchBrowser([`--use-file-for-fake-audio-capture=${join(dir, "speech.wav")}`]),
  );
  openDeep = await OpenDeep.start({
    VOICE: "openai-realtime",
    OPENAI_API_KEY: "sk-only-for-tests",
    OPENAI_BASE_URL: model.url,
    MEDIASOUP_WORKER_BIN: mediasoupWorkerBin(),
  });
  ({ page, complaints } = await openPage(browser));
  await page.goto(`${openDeep.url}/agents`);
  agentPath = (await page.locator("#page .card a.btn.primary").first().getAttribute("href")) ?? "";
});

afterAll(async () => {
  await browser?.close();
  await openDeep?.close();
  await model?.close();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const talk = (on: Page) => on.locator("od-talk");
const place = (on: Page) => talk(on).evaluate((node: OdTalk) => node.place);
const stats = async (on: Page) => (await talk(on).evaluate((node: OdTalk) => node.stats()))!;
const begin = async (on: Page): Promise<string> => {
  await on.click("od-talk form button[type=submit]");
  await until("both hear each other", async () => (await place(on)) === "talking");
  const link = on.locator("#talk-call nav a");
  await link.waitFor();
  return ((await link.getAttribute("href")) ?? "").slice("/calls/".length);
};
const workerPid = (): number =>
  Number([...openDeep.log().matchAll(/"pid":(\d+),"msg":"mediasoup worker started"/g)].at(-1)?.[1]);
/** Open files of the mediasoup worker: each call with a browser has a port of its own. */
const openFiles = (): number => readdirSync(`/proc/${workerPid()}/fd`).length;
const energyOf = (ulaw: Uint8Array): number => {
  let sum = 0;
  for (const byte of ulaw) sum += (ulawDecode[byte]! / 32_768) ** 2;
  return ulaw.length === 0 ? 0 : sum / ulaw.length;
};

/** All that the model was told on one connection, as JSON. */
const told = async (connection: number): Promise<string> => JSON.stringify((await model.events(connection)).received);

let before: number;

test.skipIf(missing)(
  "an agent is called from its page: both hear each other, and the words stand beside it",
  async () => {
    await page.goto(openDeep.url + agentPath);
    await until("the worker runs", () => workerPid() > 0);
    before = openFiles();
    await page.fill("#talk-action", "Ask for the earliest appointment.");
    const clickedAt = performance.now();
    const callId = await begin(page);
    console.log(`the agent was on the line ${Math.round(performance.now() - clickedAt)} ms after the click`);
    await until("the agent is heard", async () => (await stats(page)).energy > AUDIBLE);
    await until("the agent hears", async () => energyOf(await model.heard(1)) > AUDIBLE / 10);
    const { sentCodec, receivedCodec } = await stats(page);
    expect([sentCodec, receivedCodec]).toEqual(["audio/PCMU", "audio/PCMU"]);

    await page.locator("#turns .turn.agent", { hasText: "Reply." }).first().waitFor();
    await page.locator("#turns .turn.callee:not(.partial)").first().waitFor();
    await page.locator("#facts dt", { hasText: "Answer time" }).waitFor();
    console.log(`answer time: ${await page.locator("#facts dt:has-text('Answer time') + dd").textContent()}`);
    expect(await page.locator("#facts dt", { hasText: "Number" }).count()).toBe(0);
    expect(await told(1)).toContain("Ask for the earliest appointment.");

    await talk(page).getByRole("button", { name: "Hang up" }).click();
    await until("the page says so", async () => (await place(page)) === "over");
    const call = await openDeep.over(callId);
    expect(call).toMatchObject({
      carrier: "browser",
      phone_number: "",
      status: "completed_attempt",
      hangup_cause: "callee-hung-up",
    });
    expect((await openDeep.task(call.task_id)).status).toBe("completed");
    expect((await openDeep.get("/api/v1/tasks")).tasks ?? []).toEqual([]);
    await page.locator("#recording audio").first().waitFor({ state: "attached" });
    await until("nothing is left in the worker", () => openFiles() === before);
  },
  180_000,
);

test.skipIf(missing)("a muted microphone keeps the agent from hearing, and the call goes on", async () => {
  const callId = await begin(page);
  await talk(page).getByRole("button", { name: "Mute" }).click();
  await until("the agent's first words are stored", async () => (await openDeep.call(callId)).transcript.length > 0);
  const connection = (await model.connections()).length;
  await Bun.sleep(1500);
  const heard = (await model.heard(connection)).length;
  await Bun.sleep(1500);
  const meanwhile = (await model.heard(connection)).subarray(heard);
  expect(meanwhile.length).toBeGreaterThan(8 * 1000);
  expect(energyOf(meanwhile)).toBeLessThan(1e-7);
  await talk(page).getByRole("button", { name: "Hang up" }).click();
  await openDeep.over(callId);
});

test.skipIf(missing)("a closed tab ends the call and leaves no transport behind", async () => {
  const other = await openPage(browser);
  await other.page.goto(openDeep.url + agentPath);
  const callId = await begin(other.page);
  expect(openFiles()).toBeGreaterThan(before);
  await other.page.close();
  expect(await openDeep.over(callId)).toMatchObject({
    status: "completed_attempt",
    hangup_cause: "callee-hung-up",
  });
  await until("nothing is left in the worker", () => openFiles() === before);
  expect(await openDeep.metric("opendeep_live_calls")).toBe(0);
});

test.skipIf(missing)("a step to another page hangs up", async () => {
  const callId = await begin(page);
  await page.click('#nav a[href="/calls"]');
  expect(await openDeep.over(callId)).toMatchObject({ hangup_cause: "callee-hung-up" });
  await page.goto(openDeep.url + agentPath);
});

test.skipIf(missing)("without a microphone the page says why, and no call is made", async () => {
  const calls = (await openDeep.get("/api/v1/calls")).calls.length;
  const says: [name: string, sentence: string][] = [
    ["NotAllowedError", "The browser blocks the microphone."],
    ["NotFoundError", "No microphone was found."],
    ["NotReadableError", "Another program holds the microphone."],
  ];
  for (const [name, sentence] of says) {
    await page.evaluate((error) => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("", error);
      };
    }, name);
    await page.click("od-talk form button[type=submit]");
    await page.getByRole("alert").filter({ hasText: sentence }).waitFor();
    expect(await place(page)).toBe("idle");
  }
  expect((await openDeep.get("/api/v1/calls")).calls.length).toBe(calls);
  await page.reload();
});

test.skipIf(missing)(
  "a media worker that dies ends the call with a word on the page, and the next call works",
  async () => {
    const callId = await begin(page);
    process.kill(workerPid(), "SIGKILL");
    expect(await openDeep.over(callId)).toMatchObject({
      status: "dropped_connection",
      hangup_cause: "carrier-lost",
    });
    await page.getByRole("alert").filter({ hasText: "The sound was lost" }).waitFor();
    const next = await begin(page);
    await until("the agent is heard", async () => (await stats(page)).energy > AUDIBLE);
    await openDeep.post(`/api/v1/calls/${next}/hangup`);
    await until("the page says that it is over", async () => (await place(page)) === "over");
    expect(await openDeep.over(next)).toMatchObject({ hangup_cause: "user-hung-up" });
  },
);

test.skipIf(missing)("a changed profile is what the next call is told", async () => {
  await page.fill("#f-instructions", "Always mention the blue door.");
  await page.fill("#f-language", "not a language");
  await page.click("#agent-profile button[type=submit]");
  await page.locator("#agent-profile .problem").waitFor();
  await page.fill("#f-language", "en");
  await page.click("#agent-profile button[type=submit]");
  await page.locator("#toasts", { hasText: "The profile is saved." }).waitFor();
  const callId = await begin(page);
  expect(await told((await model.connections()).length)).toContain("Always mention the blue door.");
  await talk(page).getByRole("button", { name: "Hang up" }).click();
  await openDeep.over(callId);
});

test.skipIf(missing)("the demo's agent talks too", async () => {
  const demo = await OpenDeep.start({ MEDIASOUP_WORKER_BIN: mediasoupWorkerBin() });
  try {
    const { page } = await openPage(browser);
    await page.goto(`${demo.url}/agents`);
    await page.click("#page .card a.btn.primary");
    await page.waitForSelector("od-talk form");
    const callId = await begin(page);
    await until("the agent is heard", async () => (await stats(page)).energy > AUDIBLE);
    await page.locator("#turns .turn.agent:not(.partial)").first().waitFor();
    await talk(page).getByRole("button", { name: "Hang up" }).click();
    await until("the page says so", async () => (await place(page)) === "over");
    await page.close();
    expect(await demo.over(callId)).toMatchObject({ voice: "scripted", hangup_cause: "callee-hung-up" });
  } finally {
    await demo.close();
  }
});

test.skipIf(missing)("the browser had nothing to complain", () => {
  // Chromium itself says so of a form that came back with a mistake.
  expect(complaints.filter((line) => !line.includes("status of 422"))).toEqual([]);
});
