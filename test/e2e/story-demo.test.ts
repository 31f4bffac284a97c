import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { slowness } from "../support/best.ts";
import { browserMissing, launchBrowser, openPage } from "../support/browser.ts";
import { type Json, OpenDeep } from "../support/open-deep.ts";
import { STORY } from "../support/planner-rig.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

/** How much faster than life the demo's time passes: see `fast-open-deep.ts`. */
const SPEED = 6;
/** The whole story, from the first key to the report, in ms of a machine of its own. */
const STORY_MS = 60_000;
/** Longest wait for what follows the first calls, on a machine with much other work, in ms. */
const AFTER_CALLS_MS = 2 * STORY_MS;
/** Presses of Tab after which something is out of the keyboard's reach. */
const STEPS = 80;

/** How each step is looked at. */
const LOOKS = [
  ["light", 1280, "light"],
  ["dark", 1280, "dark"],
  ["phone", 390, "light"],
] as const;

/** Keeps what the page looks like, where the environment names a folder for it. */
const shot = async (page: Page, name: string): Promise<void> => {
  const dir = process.env.SCREENSHOTS_DIR;
  if (!dir) return;
  const viewport = page.viewportSize()!;
  for (const [look, width, colorScheme] of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ ...viewport, width });
    // Hiding the caret takes an inline style, which the pages' policy refuses.
    await page.screenshot({ path: join(dir, `${name}-${look}.png`), fullPage: true, caret: "initial" });
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(viewport);
};

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: one } = document;
    return `${one?.id ?? ""} ${one?.textContent?.trim() ?? ""}`;
  });
const tabTo = async (page: Page, what: string): Promise<void> => {
  for (let i = 0; i < STEPS && !(await focused(page)).includes(what); i++) await page.keyboard.press("Tab");
  expect(await focused(page)).toContain(what);
};

describe.skipIf(browserMissing() !== null)("the demo, by keyboard alone", () => {
  let openDeep: OpenDeep;
  let browser: Browser;
  beforeAll(async () => {
    openDeep = await OpenDeep.start({ SPEED: String(SPEED) }, "test/support/fast-open-deep.ts");
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await openDeep?.close();
  });

  test("goes from one sentence to a report, over calls of which one was busy and one was put off", async () => {
    const slowerBefore = slowness();
    const startedAt = performance.now();
    const { page, complaints } = await openPage(browser);
    await page.goto(openDeep.url);
    expect(await page.textContent(".banner.demo")).toContain("the text model are played by OpenDeep itself");

    await tabTo(page, "f-message");
    await page.keyboard.type(STORY);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/plan\/cnv_/);
    await page.waitForFunction(() => document.activeElement?.id === "q-on_behalf_of");
    await shot(page, "1-form");
    await page.keyboard.type("Eva Kralova");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Springfield");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Patient since 2019");
    await tabTo(page, "Submit answers");
    await page.keyboard.press("Enter");

    await page.waitForSelector('#plan-card a[href$="/confirm"]');
    await shot(page, "2-plan");
    await tabTo(page, "Review and confirm");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/confirm$/);
    await page.waitForFunction(() => document.activeElement?.textContent?.includes("Confirm and schedule"));
    await shot(page, "3-confirm");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/campaigns\/cmp_/);
    const campaignPath = new URL(page.url()).pathname;

    await page.waitForSelector("#contacts .badge.live");
    await shot(page, "4-calls");
    await tabTo(page, "Follow");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/calls\/call_/);
    await page.waitForSelector("#turns .turn.callee");
    await shot(page, "5-call");
    await tabTo(page, "nav-campaigns");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/campaigns$/);
    await tabTo(page, "Earliest cleaning after Thursday");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname === campaignPath);

    await page.waitForSelector("#contacts >> text=The line was busy.", { timeout: AFTER_CALLS_MS });
    await shot(page, "6-retry");
    await page.waitForSelector('a[href^="/reports/"]', { timeout: AFTER_CALLS_MS });
    await tabTo(page, "report");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/reports\//);
    await page.waitForFunction(() => document.querySelector("h1")?.textContent?.includes("The earliest is"));
    const storyMs = performance.now() - startedAt;
    await shot(page, "7-report");
    const slower = Math.max(slowerBefore, slowness());
    console.log(
      `the story took ${Math.round(storyMs / 1000)} s on a machine ${slower.toFixed(1)} times slower than its own`,
    );
    expect(storyMs).toBeLessThan(STORY_MS * slower);
    expect(complaints).toEqual([]);

    const report = await page.textContent("#page");
    for (const who of ["Downtown Dental", "Smile Studio", "Clinic on 5th Street"]) expect(report).toContain(who);
    expect(await page.locator('#page a[href*="/calls/call_"]').count()).toBeGreaterThanOrEqual(3);
    const { calls } = await openDeep.get("/api/v1/calls");
    const by = (ending: string): string[] =>
      (calls as Json[])
        .filter((call) => call.phone_number.endsWith(ending))
        .sort((a, b) => a.attempt - b.attempt)
        .map((call) => call.disposition);
    expect(by("21")).toEqual(["answered"]);
    expect(by("18")).toEqual(["busy", "answered"]);
    expect(by("19")).toEqual(["answered", "answered"]);
  }, 180_000);

  test("answers an agent from whatever page is open, while the callee holds the line", async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(`${openDeep.url}/settings`);
    const { callId } = await openDeep.placeCall("+12025550120", { callee_name: "Harbor Dental" });
    await page.waitForSelector("#questions input", { timeout: 60_000 });
    expect(await page.textContent("#questions")).toMatch(/Harbor Dental holds the line.*left/);
    await page.keyboard.press("Tab");
    await tabTo(page, "answer-qst_");
    await page.keyboard.type("+1 212 555 0199");
    await shot(page, "8-question");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#toasts >> text=Passed on");
    expect(await page.locator("#questions input").count()).toBe(0);
    expect(new URL(page.url()).pathname).toBe("/settings");
    const call = await openDeep.over(callId);
    const words = (call.transcript as Json[]).map(({ speaker, text }) => `${speaker}: ${text}`);
    expect(words.some((line) => line.startsWith("agent: ") && line.includes("+1 212 555 0199"))).toBe(true);
    expect(complaints).toEqual([]);
  });

  test("calls again with an answer that came too late", async () => {
    const { page } = await openPage(browser);
    const { callId, taskId } = await openDeep.placeCall("+12025550120", { callee_name: "Harbor Dental" });
    const first = await openDeep.over(callId, 60_000);
    // A callee whose clock runs as fast may still get a word in before the line is cut.
    const last = (first.transcript as Json[]).findLast(({ speaker }) => speaker === "agent");
    expect(last?.text).toContain("I will call you again with the answer");
    await page.goto(`${openDeep.url}/tasks?task=${taskId}`);
    await page.waitForSelector("text=Call again with it", { timeout: 60_000 });
    expect((await openDeep.task(taskId)).status).toBe("on_hold");
    await shot(page, "9-late");
    await tabTo(page, "answer-qst_");
    await page.keyboard.type("+1 212 555 0199");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#toasts >> text=The next call about it knows your answer");
    await page.waitForSelector(`#task-${taskId} .badge.ok`, { timeout: 60_000 });
    const task = await openDeep.task(taskId);
    expect([task.status, task.attempts]).toEqual(["completed", 2]);
    const second = await openDeep.call(task.calls.find((call: Json) => call.attempt === 2).id);
    expect((second.transcript as Json[]).some(({ text }) => text.includes("The answer is: +1 212 555 0199"))).toBe(
      true,
    );
  });
});
