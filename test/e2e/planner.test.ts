import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { browserMissing, launchBrowser, openPage } from "../support/browser.ts";
import { OpenDeep } from "../support/open-deep.ts";
import { STORY } from "../support/planner-rig.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const EVIL = '<script>alert(1)</script><hx-partial hx-target="#page">gone</hx-partial>';
const STEPS = 80;

describe.skipIf(browserMissing() !== null)("the planner in a browser", () => {
  let openDeep: OpenDeep;
  let browser: Browser;
  beforeAll(async () => {
    openDeep = await OpenDeep.start({});
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await openDeep?.close();
  });

  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => {
      const { activeElement: one } = document;
      return `${one?.id ?? ""} ${one?.textContent?.trim() ?? ""}`;
    });
  const tabTo = async (page: Page, what: string): Promise<void> => {
    for (let i = 0; i < STEPS && !(await focused(page)).includes(what); i++) await page.keyboard.press("Tab");
    expect(await focused(page)).toContain(what);
  };

  test("goes from a sentence to a scheduled campaign by keyboard alone, and shows markup as text", async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(openDeep.url);
    await tabTo(page, "f-message");
    await page.keyboard.type(STORY);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/plan\/cnv_/);
    await page.waitForSelector("#plan-questions .primary");
    // The form that arrives takes the keyboard, because nothing was being written.
    await page.waitForFunction(() => document.activeElement?.id === "q-on_behalf_of");
    await page.keyboard.type("Eva Kralova");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Springfield");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.type(EVIL);
    await tabTo(page, "Submit answers");
    await page.keyboard.press("Enter");
    await page.waitForSelector('#plan-card a[href$="/confirm"]');
    expect(await page.textContent("#plan-card")).toContain(EVIL);
    expect(await page.textContent("h1")).toBe("Earliest cleaning after Thursday 3 pm");
    await tabTo(page, "Review and confirm");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/confirm$/);
    await page.waitForFunction(() => document.activeElement?.textContent?.includes("Confirm and schedule"));
    expect(complaints).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/campaigns\/cmp_/);
  });

  test("Stop ends an answer, and Send again brings it to every page that shows the conversation", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${openDeep.url}/plan`);
    await page.fill("#f-message", STORY);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/plan\/cnv_/);
    await page.click("text=Stop", { timeout: 5000 });
    await page.waitForSelector("text=Send again");
    const { page: other } = await openPage(browser);
    await other.goto(page.url());
    await other.click("text=Send again");
    await other.waitForSelector("#plan-questions .primary");
    await page.waitForSelector("#plan-questions .primary");
  });

  test("a reload in the middle of an answer shows it to its end", async () => {
    const { page } = await openPage(browser);
    await page.goto(`${openDeep.url}/plan`);
    await page.fill("#f-message", STORY);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/plan\/cnv_/);
    await page.reload();
    await page.waitForSelector("#plan-questions .primary");
    expect(await page.locator("#plan-turns > li").count()).toBe(2);
  });
});
