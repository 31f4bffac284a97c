import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { mediasoupWorkerBin, repoDir } from "../../scripts/paths.ts";
import { browserMissing, launchBrowser } from "../support/browser.ts";
import { OpenDeep } from "../support/open-deep.ts";
import { together } from "../support/start-up.ts";
import { SupervisingPage } from "../support/supervising-page.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const AXE = join(repoDir, "node_modules/axe-core/axe.min.js");
const missing = browserMissing() !== null || !existsSync(mediasoupWorkerBin());

/** A callee who holds the line for minutes. */
const PATIENT = "+12025550120";
/** Where pictures of all states go; none are made where it is not set. */
const PICTURES = process.env.DOCK_PICTURES_DIR;
const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
] as const;

let openDeep: OpenDeep;
let browser: Browser;
let callId: string;
let phone: SupervisingPage;

beforeAll(async () => {
  if (missing) return;
  // With the tone the dock has the most to say.
  const env = { MEDIASOUP_WORKER_BIN: mediasoupWorkerBin(), NOTICE_TONE: "speak" };
  [openDeep, browser] = await together(OpenDeep.start(env), launchBrowser());
  ({ callId } = await openDeep.placeCall(PATIENT, { callee_name: "City Dental" }));
  await openDeep.answered(callId);
});

afterEach(() => phone?.close());

afterAll(async () => {
  await browser?.close();
  await openDeep?.close();
});

const open = async (mode: string): Promise<SupervisingPage> => {
  phone = await SupervisingPage.open(browser, { reducedMotion: "reduce", viewport: SIZES[0] });
  await phone.page.context().addInitScript({ path: AXE });
  await phone.openBoard(openDeep.url);
  if (mode === "idle") return phone;
  await phone.join(callId);
  await phone.turnTo(mode);
  return phone;
};

/** What axe finds in the dock and its cards now, each finding with its place. */
const findings = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    interface Found {
      violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
    }
    const { axe } = window as unknown as { axe: { run(where: unknown): Promise<Found> } };
    const { violations } = await axe.run({ include: [["od-phone"], ["#help"]] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  });

/** Parts of the dock that stand out at the right. */
const tooWide = (page: Page): Promise<string[]> =>
  page
    .locator("od-phone")
    .evaluate((dock) =>
      [dock, ...dock.querySelectorAll("*")]
        .filter((part) => part.getBoundingClientRect().right > innerWidth + 1 && part.checkVisibility())
        .map((part) => part.outerHTML.slice(0, 80)),
    );

/** The dock as it is: nothing for axe to find, light and dark, wide and narrow; nothing stands out, also on 320 px and at twice the text. */
const isFine = async (name: string, page = phone.page): Promise<void> => {
  for (const viewport of SIZES)
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await Bun.sleep(60);
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}-${viewport.width}-${colorScheme}.png`) });
      expect([name, viewport.width, colorScheme, await findings(page)]).toEqual([
        name,
        viewport.width,
        colorScheme,
        [],
      ]);
    }
  for (const [width, text] of [
    [390, 100],
    [320, 100],
    [1280, 200],
  ] as const) {
    await page.setViewportSize({ width, height: 700 });
    await page.evaluate((text) => document.documentElement.style.setProperty("font-size", `${text}%`), text);
    await Bun.sleep(60);
    if (PICTURES && width !== 390) await page.screenshot({ path: join(PICTURES, `${name}-${width}-${text}.png`) });
    expect([name, width, text, await tooWide(page)]).toEqual([name, width, text, []]);
  }
  await page.evaluate(() => document.documentElement.style.removeProperty("font-size"));
  await page.setViewportSize(SIZES[0]);
};

const talkButton = "od-phone .talk-button";

describe.skipIf(missing)("axe finds nothing in the dock, and it fits on a telephone,", () => {
  test("while it is idle, its settings are open, or another tab is the phone", async () => {
    const { page } = await open("idle");
    await isFine("idle");
    const other = await page.context().newPage();
    await other.goto(`${openDeep.url}/calls`);
    await until("it knows", async () => (await other.locator("od-phone").textContent())?.includes("another tab"));
    await isFine("other-tab", other);
    await other.close();
    await phone.page.click("od-phone .more");
    await isFine("idle-settings");
  });

  test("while it joins, listens and asks for more", async () => {
    const { page } = await open("idle");
    phone.gate("join", "hold");
    await page.locator(`[data-sp="listen"][data-call="${callId}"]`).first().click();
    await phone.is("joining");
    await isFine("joining");
    phone.letThrough();
    await phone.is("listen");
    await isFine("listen");
    await page.evaluate(() => {
      const card = document.createElement("article");
      card.className = "help-card";
      card.dataset.help = "other";
      const parts = ["h2", "p", "button", "button"].map((tag) => document.createElement(tag));
      parts.forEach((part, n) => {
        part.textContent = ["City Energy", "The caller asked for a human", "Accept", "Not now"][n] ?? "";
        if (n > 1) part.className = n === 2 ? "btn small primary" : "btn small";
      });
      card.append(...parts);
      document.getElementById("help")?.replaceChildren(card);
    });
    await isFine("help");
  });

  test("while it whispers, silent and talking, and while a wider mode is pending, refused or without a microphone", async () => {
    const { page } = await open("whisper");
    await isFine("whisper");
    await page.focus(talkButton);
    await page.keyboard.down("Space");
    await until("it talks", async () => (await phone.microphone()) === true);
    await isFine("whisper-talking");
    await page.keyboard.up("Space");
    phone.gate("mode", "hold");
    await phone.press("barge");
    await phone.is("whisper → barge");
    await isFine("pending");
    phone.forget();
    await phone.is("whisper");
    phone.gate("mode", { reason: "taken", why: "Eva is already speaking on this call." });
    await phone.press("barge");
    await until("it is refused", async () => (await phone.state()).problem?.startsWith("Eva"));
    await isFine("refused");
    phone.forget();
    await phone.press("listen");
    await phone.is("listen");
    await phone.takeMicrophones("NotAllowedError");
    await phone.press("whisper");
    await until("it is denied", async () => (await phone.state()).mic === "denied");
    await isFine("denied");
  });

  test("while one barges in, muted and not, with the panel open", async () => {
    const { page } = await open("barge");
    await isFine("barge");
    await page.click(talkButton);
    await isFine("barge-muted");
    await page.click("od-phone .more");
    await page.fill("#phone-note", "Very friendly.");
    await page.click(".panel-notes >> text=Keep");
    await page.fill("#phone-tag", "vip");
    await page.click(".panel-notes >> text=Add");
    await page.click("od-phone .phrases button >> nth=0");
    await until("the whisper is shown", () => page.locator(".panel-words .turn.whispered").count());
    await isFine("panel");
    await page.click("od-phone >> text=End call");
    await isFine("end");
    await page.keyboard.press("Escape");
  });

  test("while one takes over, is asked about it, or has lost the link", async () => {
    const { page } = await open("takeover");
    await isFine("takeover");
    await page.click("od-phone .give-back");
    await isFine("give-back");
    await page.keyboard.press("Escape");
    await page.click("od-phone >> text=Leave");
    await isFine("leave");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Backquote");
    await page.keyboard.press("?");
    await isFine("keys");
    await page.keyboard.press("Escape");
    await phone.cut();
    await phone.is("lost");
    await isFine("lost");
    phone.mend();
    await until("it is back", async () => (await phone.mode()) !== "lost");
  });

  test("once the call is over, and after a reload", async () => {
    const { page } = await open("listen");
    page.once("dialog", (dialog) => void dialog.accept());
    await page.click("h1");
    await page.reload();
    await until("it offers the call", async () => (await phone.sentence()).startsWith("You were on"));
    await isFine("before");
    await page.click("od-phone >> text=Join again");
    await phone.is("listen");
    await page.click("od-phone .more");
    await page.click("od-phone >> text=End call");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Say goodbye, then end");
    await page.keyboard.press("Enter");
    await phone.is("ended", 15_000);
    await isFine("ended");
    const { transcript, hangup_cause } = await openDeep.over(callId);
    expect(hangup_cause).toBe("user-hung-up");
    const last = transcript.findLast(({ speaker }: { speaker: string }) => speaker === "agent");
    expect(last).toMatchObject({ interrupted: false, text: expect.stringMatching(/Goodbye\.$/) });
  });
});
