import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import axe, { type AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { browserMissing, launchBrowser, openPage } from "../support/browser.ts";
import { type Json, OpenDeep } from "../support/open-deep.ts";
import { STORY, STORY_ANSWERS } from "../support/planner-rig.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const LOOKS = [
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
  ["dark", 390],
] as const;

/** Rules of WCAG 2.2 at A and AA, and what axe's authors hold for good practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

describe.skipIf(browserMissing() !== null)("pages of the way from a sentence to a report", () => {
  let openDeep: OpenDeep;
  let browser: Browser;
  /** Path by what it shows. */
  const paths: Record<string, string> = {};

  const chat = (body: object): Promise<Json> => openDeep.post("/api/chat_interaction", body);

  beforeAll(async () => {
    openDeep = await OpenDeep.start({ SPEED: "6" }, "test/support/fast-open-deep.ts");
    browser = await launchBrowser();
    const asked = await chat({ username: "Eva", message: STORY });
    const planned = await chat({ username: "Eva", message: STORY });
    await chat({ conversation_id: planned.conversation_id, answers: STORY_ANSWERS });
    const done = await chat({ username: "Eva", message: STORY });
    const { conversation_id } = done;
    const { campaign_plan } = await chat({ conversation_id, answers: STORY_ANSWERS });
    const plan = { ...campaign_plan, contacts: campaign_plan.contacts.slice(0, 1) };
    const { campaign_id, tasks } = await openDeep.post("/api/execute_campaign", { campaign_plan: plan });
    const { callId, taskId } = await openDeep.placeCall("+12025550120", { callee_name: "Harbor Dental" });
    await openDeep.over(callId, 60_000);
    const isHeld = async () => (await openDeep.task(taskId)).status === "on_hold";
    await until("the question came too late", isHeld);
    const isWritten = async () => (await fetch(`${openDeep.url}/reports/${campaign_id}/table.csv`)).ok;
    await until("the report was written", isWritten, 60_000);
    const added = await fetch(`${openDeep.url}/dnd`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: openDeep.url, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ phone: "+12025550177", reason: "asked" }).toString(),
    });
    expect(added.status).toBe(303);
    const { conversation_id: planId } = planned;
    Object.assign(paths, {
      home: "/",
      plans: "/plan",
      "a form": `/plan/${asked.conversation_id}`,
      "a plan": `/plan/${planId}`,
      "a plan to confirm": `/plan/${planId}/confirm`,
      "a list of contacts to import": `/plan/${planId}/import`,
      campaigns: "/campaigns",
      "a campaign": `/campaigns/${campaign_id}`,
      "a report": `/reports/${campaign_id}`,
      "tasks, with a question that came too late": `/tasks?task=${tasks[0].id}`,
      "a call that is over": `/calls/${callId}`,
      "the history, searched": "/history?q=earliest&outcome=answered",
      "the history, where nothing matches": "/history?q=zebra",
      "numbers not to call": "/dnd",
      "numbers not to call, from a file": "/dnd/import",
      settings: "/settings",
    });
  });

  afterAll(async () => {
    await browser?.close();
    await openDeep?.close();
  });

  /** What axe says against the page as it is. */
  const complaintsAbout = async (page: Page, what: string): Promise<string[]> => {
    await page.evaluate(axe.source);
    const { violations, passes } = (await page.evaluate(
      `axe.run(document, { runOnly: ${JSON.stringify(TAGS)}, resultTypes: ["violations"] })`,
    )) as AxeResults;
    expect(passes.length).toBeGreaterThan(10);
    return violations.map(
      ({ id, nodes }) => `${what}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
    );
  };

  test.each(LOOKS)(
    "have nothing that axe complains about, %s and %d px wide",
    async (colorScheme, width) => {
      const { page } = await openPage(browser, {
        colorScheme,
        viewport: { width, height: 800 },
        reducedMotion: "reduce",
      });
      const found: string[] = [];
      for (const [what, path] of Object.entries(paths)) {
        const response = await page.goto(openDeep.url + path);
        expect([what, response?.status()]).toEqual([what, 200]);
        found.push(...(await complaintsAbout(page, what)));
      }
      await page.context().close();
      expect(found).toEqual([]);
    },
    180_000,
  );

  test("have nothing that axe complains about while an agent on the phone asks", async () => {
    const { page } = await openPage(browser, { reducedMotion: "reduce" });
    const { callId } = await openDeep.placeCall("+12025550120", { callee_name: "Harbor Dental" });
    await page.goto(`${openDeep.url}/calls/${callId}`);
    await page.waitForSelector("#questions .banner.warn input", { timeout: 60_000 });
    const found: string[] = [];
    for (const [colorScheme, width] of LOOKS) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      found.push(...(await complaintsAbout(page, `a live call, ${colorScheme}, ${width} px`)));
    }
    await page.context().close();
    expect(found).toEqual([]);
  });
});
