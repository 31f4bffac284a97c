import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { makeCertificate } from "../bench/certificate.ts";
import { browserMissing, launchBrowser, openPage } from "../support/browser.ts";
import { type Json, OpenDeep } from "../support/open-deep.ts";
import { STORY } from "../support/planner-rig.ts";
import { together } from "../support/start-up.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

/** A callee who holds the line for minutes. */
const PATIENT = "+12025550120";
/** What a page or a server may take on a machine with other work to do, in ms. */
const PATIENCE = { timeout: 60_000 };
const TABS = 12;

describe.skipIf(browserMissing() !== null)("pages that are live", () => {
  let openDeep: OpenDeep;
  let browser: Browser;
  let talkedId = "";
  let talkedAt = Number.NEGATIVE_INFINITY;

  beforeAll(async () => {
    [openDeep, browser] = await together(OpenDeep.start({}), launchBrowser());
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    if (!openDeep.isRunning) return;
    const { calls } = await openDeep.get("/api/v1/calls?live=true");
    const others = (calls as Json[]).filter(({ id, ended_at }) => id !== talkedId && ended_at === null);
    await Promise.all(others.map(({ id }) => openDeep.post(`/api/v1/calls/${id}/hangup`)));
  });
  afterAll(async () => {
    await browser?.close();
    await openDeep?.close();
  });

  const open = async (path: string, options: BrowserContextOptions = {}) => {
    const opened = await openPage(browser, options);
    await opened.page.goto(openDeep.url + path);
    return opened;
  };
  /** Has two talk for about 40 s; who comes within the first 15 s finds them at it. */
  const startTalk = async (): Promise<void> => {
    if (performance.now() - talkedAt < 15_000) return;
    talkedId = (await openDeep.placeCall("+12025550100", { callee_name: "Harbor Dental" })).callId;
    talkedAt = performance.now();
  };
  const isAt = (page: Page, state: string) => page.locator(`#live-state[data-state="${state}"]`).waitFor(PATIENCE);
  const rowOf = (page: Page, callId: string) => page.locator(`#live-${callId}`);
  const newCall = async (phone = PATIENT): Promise<string> =>
    (await openDeep.placeCall(phone, { callee_name: "City Dental" })).callId;
  const streamsAre = (count: number) =>
    until(`${count} streams are open`, async () => (await openDeep.metric("opendeep_open_streams")) === count);
  const focused = (page: Page): Promise<string> => page.evaluate(() => document.activeElement?.id ?? "");
  const pathOf = (page: Page): string => new URL(page.url()).pathname;

  describe("the board", () => {
    test("shows calls that come, change and go, while what is being typed keeps its words and the keyboard", async () => {
      const { page, complaints } = await open("/");
      await isAt(page, "live");
      await page.locator("#f-action").click();
      await page.keyboard.type("Ask for the opening ");
      const callId = await newCall();
      await rowOf(page, callId).waitFor(PATIENCE);
      await page.keyboard.type("hours on ");
      await rowOf(page, callId).locator("text=Talking").waitFor(PATIENCE);
      await page.keyboard.type("Sunday");
      await openDeep.post(`/api/v1/calls/${callId}/hangup`);
      await rowOf(page, callId).waitFor({ state: "detached", ...PATIENCE });
      await page.locator(`#recent-${callId}`).waitFor(PATIENCE);
      await page.keyboard.type(".");
      expect(await page.inputValue("#f-action")).toBe("Ask for the opening hours on Sunday.");
      expect(await focused(page)).toBe("f-action");
      expect(complaints).toEqual([]);
    });

    test("holds one stream on the server, which ends when its page is left or closed", async () => {
      await streamsAre(0);
      const { page } = await open("/calls");
      await isAt(page, "live");
      await streamsAre(1);
      for (const path of ["/settings", "/", "/calls"]) {
        await page.click(`#nav a[href="${path}"]`);
        await page.waitForURL((url) => url.pathname === path);
        await streamsAre(1);
      }
      await page.close();
      await streamsAre(0);
    });

    /** What the browser tells a page when its tab goes to the back or comes to the front. */
    const hide = (page: Page, hidden: boolean): Promise<void> =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        const value = hidden ? "hidden" : "visible";
        Object.defineProperty(document, "visibilityState", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);

    test("in a hidden tab of another page rests, and is whole again when the tab is shown", async () => {
      const { page } = await open("/");
      await isAt(page, "live");
      const gone = await newCall();
      await rowOf(page, gone).waitFor(PATIENCE);
      await hide(page, true);
      await streamsAre(0);
      const callId = await newCall();
      await openDeep.post(`/api/v1/calls/${gone}/hangup`);
      await openDeep.over(gone);
      await Bun.sleep(500);
      expect([await rowOf(page, callId).count(), await rowOf(page, gone).count()]).toEqual([0, 1]);
      await hide(page, false);
      await rowOf(page, callId).waitFor(PATIENCE);
      await rowOf(page, gone).waitFor({ state: "detached", ...PATIENCE });
      await streamsAre(1);
    });

    test("of the page of calls goes on in a hidden tab, for its sounds and its title", async () => {
      const { page } = await open("/calls");
      await isAt(page, "live");
      await hide(page, true);
      const callId = await newCall();
      await rowOf(page, callId).waitFor({ state: "attached", ...PATIENCE });
    });
  });

  describe("a slow or failing beginning", () => {
    test("of either script leaves the page live, and says so", async () => {
      for (const script of ["htmx", "app"]) {
        const { page } = await openPage(browser);
        await page.route(`**/assets/${script}.js*`, async (route) => {
          await Bun.sleep(1_500);
          await route.continue();
        });
        await page.goto(`${openDeep.url}/calls`);
        await isAt(page, "live");
        const callId = await newCall();
        await rowOf(page, callId).waitFor(PATIENCE);
      }
    });

    test("of the stream is waited for with one connection, or tried again without a heap of messages", async () => {
      const asked = { slow: 0, busy: 0, lost: 0 };
      const newPage = async (): Promise<Page> => (await openPage(browser)).page;
      const [slow, busy, lost] = await Promise.all([newPage(), newPage(), newPage()]);
      // Longer than a page waits before it looks whether its stream is there.
      await slow.route("**/sse/calls", async (route) => {
        asked.slow++;
        await Bun.sleep(11_500);
        await route.continue();
      });
      await busy.route("**/sse/calls", (route) =>
        asked.busy++ === 0 ? route.fulfill({ status: 503, body: "{}" }) : route.continue(),
      );
      await lost.route("**/sse/calls", (route) => (asked.lost++ < 1 ? route.abort() : route.continue()));
      await Promise.all([slow, busy, lost].map((page) => page.goto(`${openDeep.url}/calls`)));
      await Promise.all([isAt(busy, "offline"), isAt(lost, "offline")]);
      const callId = await newCall();
      await Promise.all([slow, busy, lost].map((page) => isAt(page, "live")));
      await Promise.all([slow, busy, lost].map((page) => rowOf(page, callId).waitFor(PATIENCE)));
      expect(asked).toEqual({ slow: 1, busy: 2, lost: 2 });
      for (const page of [slow, busy, lost]) expect(await page.locator("#toasts .toast").count()).toBe(0);
      await streamsAre(3);
    });
  });

  describe("a conversation about a plan", () => {
    beforeAll(startTalk);

    /** Notes every text that an answer had while it was being written. */
    const watchWords = (page: Page): Promise<void> =>
      page.evaluate(() => {
        const seen: string[] = [];
        Object.assign(window, { seen });
        new MutationObserver(() => {
          const text = document.querySelector("#plan-now [aria-busy=true] .pre")?.textContent?.trim();
          if (text && seen.at(-1) !== text) seen.push(text);
        }).observe(document.body, { childList: true, characterData: true, subtree: true });
      });
    const words = (page: Page): Promise<string[]> =>
      page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    const sentTo = (page: Page): string[] => {
      const sent: string[] = [];
      page.on("request", (request) => {
        if (request.method() === "POST") sent.push(new URL(request.url()).pathname.replace(/cnv_\w+/, "…"));
      });
      return sent;
    };

    test("takes two presses of Enter as one, shows words as they come, and ends for everybody with Stop", async () => {
      const { page, complaints } = await open("/plan");
      const sent = sentTo(page);
      await watchWords(page);
      await page.fill("#f-message", STORY);
      await Promise.all([page.keyboard.press("Enter"), page.keyboard.press("Enter")]);
      await page.waitForURL(/\/plan\/cnv_/);
      await page.waitForSelector("#plan-questions .primary", PATIENCE);
      expect((await words(page)).length).toBeGreaterThan(2);
      const grown = await words(page);
      for (const [i, text] of grown.slice(1).entries()) expect(text).toStartWith(grown[i]!.slice(0, 20));
      expect(sent).toEqual(["/plan"]);
      expect(await page.locator("#plan-turns > .supervisor").count()).toBe(1);

      await page.fill("#f-message", "Only in the morning, please.");
      await Promise.all([page.keyboard.press("Enter"), page.keyboard.press("Enter")]);
      await until("the box is empty", async () => (await page.inputValue("#f-message")) === "");
      expect(await focused(page)).toBe("f-message");
      await page.click("text=Stop", PATIENCE);
      await page.waitForSelector("text=Send again", PATIENCE);
      // What a new page shows is what the server does.
      const { page: other } = await open(pathOf(page));
      expect(await other.locator("#plan-now [aria-busy=true]").count()).toBe(0);
      await other.waitForSelector("text=Send again", PATIENCE);
      const turns = await other.locator("#plan-turns > li").count();
      await Bun.sleep(1_500);
      expect(await page.locator("#plan-turns > li").count()).toBe(turns);
      expect(await page.locator("#plan-turns > .supervisor").count()).toBe(2);
      expect(sent).toEqual(["/plan", "/plan/…/messages", "/plan/…/stop"]);
      expect(complaints).toEqual([]);
    });

    test("and a call that is asked for come back from a mistake with all values, at the field to be mended", async () => {
      const { page } = await open("/plan");
      await page.click("text=Display name");
      await page.fill("#f-display_name", "Eva's desk");
      await page.click("#plan-start button[type=submit]");
      await page.locator("#f-message-problem").waitFor(PATIENCE);
      expect([await page.inputValue("#f-display_name"), await focused(page)]).toEqual(["Eva's desk", "f-message"]);
      expect(pathOf(page)).toBe("/plan");

      await page.click('#nav a[href="/"]');
      await page.waitForURL((url) => url.pathname === "/");
      const typed = { callee_name: "Dr. <b>Novak</b>", action: "Ask for the opening hours.", context: "Since 2019" };
      await page.fill("#f-phone_number", "12");
      for (const [name, value] of Object.entries(typed)) await page.fill(`#f-${name}`, value);
      await page.click("#call-form button[type=submit]");
      await page.locator("#f-phone_number-problem").waitFor(PATIENCE);
      expect(await focused(page)).toBe("f-phone_number");
      expect(await page.getAttribute("#f-phone_number", "aria-describedby")).toContain("f-phone_number-problem");
      for (const [name, value] of Object.entries({ phone_number: "12", ...typed }))
        expect([name, await page.inputValue(`#f-${name}`)]).toEqual([name, value]);
      expect(pathOf(page)).toBe("/");
    });
  });

  describe("a call", () => {
    beforeAll(startTalk);

    test("has its new lines read aloud once somebody asks, whole and once, from then on", async () => {
      const { page } = await open(`/calls/${talkedId}`);
      await isAt(page, "live");
      expect(await page.getAttribute("#call-body [role=log]", "aria-live")).toBe("off");
      expect(await page.getAttribute("#aloud", "aria-live")).toBe("polite");
      await page.locator("#turns > li:not([aria-busy])").first().waitFor(PATIENCE);
      expect(await page.isChecked("#read-aloud")).toBe(false);
      expect(await page.locator("#aloud p").count()).toBe(0);
      const earlier = await page.locator("#turns > li").count();
      await page.check("#read-aloud");
      const lines = page.locator("#aloud p");
      await until("two lines were read", async () => (await lines.count()) >= 2);
      const read = await lines.allTextContents();
      const { transcript } = await openDeep.call(talkedId);
      const said = (transcript as Json[]).map(({ text }) => text as string);
      const places = read.map((line) => said.findIndex((text) => line.endsWith(`: ${text}`)));
      expect([read, places[0]! >= earlier - 1]).toEqual([read, true]);
      expect(places).toEqual(places.map((_, i) => places[0]! + i));
      await page.reload();
      expect(await page.isChecked("#read-aloud")).toBe(true);
      expect(await page.locator("#aloud p").count()).toBe(0);
    });

    test("that is over is heard from the turn that is clicked, which is marked, by ranges of its file", async () => {
      const { ended_at } = await openDeep.call(talkedId);
      if (ended_at === null) await openDeep.post(`/api/v1/calls/${talkedId}/hangup`);
      await openDeep.over(talkedId);
      const { page, complaints } = await openPage(browser);
      const statuses: number[] = [];
      page.on("response", (response) => {
        if (response.url().endsWith("/recording.wav")) statuses.push(response.status());
      });
      await page.goto(`${openDeep.url}/calls/${talkedId}`);
      await page.locator("[data-player]").waitFor(PATIENCE);
      const audio = (): Promise<{ at: number; paused: boolean; ready: number }> =>
        page
          .locator("[data-player] audio")
          .evaluate((one: HTMLAudioElement) => ({ at: one.currentTime, paused: one.paused, ready: one.readyState }));
      await until("the recording is known", async () => (await audio()).ready > 0);
      expect(await page.locator("#turns [aria-current]").count()).toBe(0);
      const turns = page.locator("#turns [data-t]");
      expect(await turns.count()).toBeGreaterThan(2);
      const heard = async (index: number): Promise<void> => {
        const turn = turns.nth(index);
        const at = Number(await turn.getAttribute("data-t"));
        await turn.click();
        await until(`turn ${index} is marked`, async () => (await turn.getAttribute("aria-current")) === "true");
        expect(await page.locator("#turns [aria-current]").count()).toBe(1);
        const now = await audio();
        expect([index, now.paused]).toEqual([index, false]);
        expect(now.at).toBeWithin(at - 0.1, at + 8);
      };
      await heard(2);
      await heard(1);
      await page.locator("[data-toggle]").click();
      await until("it is paused", async () => (await audio()).paused);
      const last = Number(await turns.last().getAttribute("data-t"));
      await page.locator(".track input").evaluate((range: HTMLInputElement, to) => {
        range.value = String(to);
        range.dispatchEvent(new Event("input", { bubbles: true }));
      }, last + 0.2);
      await until("the last turn is marked", async () => (await turns.last().getAttribute("aria-current")) === "true");
      expect(statuses.length).toBeGreaterThan(0);
      expect(statuses.filter((status) => status !== 206)).toEqual([]);
      const url = `${openDeep.url}/api/v1/calls/${talkedId}/recording.wav`;
      const part = await fetch(url, { headers: { range: "bytes=44-99" } });
      expect([part.status, (await part.bytes()).length]).toEqual([206, 56]);
      expect(complaints).toEqual([]);
    });
  });

  test("a list of numbers shows as text, whatever markup stands in its file", async () => {
    const { page, complaints } = await open("/dnd/import");
    const evil = `<script>document.title="no"</script><hx-partial hx-target="#page">gone</hx-partial>`;
    const list = `phone,reason\n+12025550177,"${evil.replaceAll('"', '""')}"\n12,"${evil.replaceAll('"', '""')}"\n`;
    await page.setInputFiles("#file", { name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(list) });
    await page.click("#page form button[type=submit]");
    await page.waitForURL(/\/dnd\/imports\//, PATIENCE);
    expect(await page.textContent("#page")).toContain("Added1");
    await page.click('#nav a[href="/dnd"]');
    await page.locator("#page table", { hasText: evil }).waitFor(PATIENCE);
    expect(await page.locator("#page h1").count()).toBe(1);
    expect(await page.title()).not.toBe("no");
    expect(complaints).toEqual([]);
  });

  test("a link that fails leaves page and address as they were, and says why until it is dismissed", async () => {
    const { page } = await open("/settings");
    const h1 = await page.textContent("h1");
    const fails = async (words: string): Promise<void> => {
      await page.click('#nav a[href="/dnd"]');
      const toast = page.locator("#toasts .toast.error[role=alert]", { hasText: words });
      await toast.waitFor(PATIENCE);
      expect([words, pathOf(page), await page.textContent("h1")]).toEqual([words, "/settings", h1]);
      await toast.locator("[data-dismiss]").click();
      await toast.waitFor({ state: "detached", ...PATIENCE });
    };
    const store = new Database(join(openDeep.dataDir, "opendeep.sqlite"));
    store.run("PRAGMA busy_timeout = 5000");
    store.run("ALTER TABLE dnd_list RENAME TO dnd_away");
    await fails("Try again").finally(() => {
      store.run("ALTER TABLE dnd_away RENAME TO dnd_list");
      store.close();
    });
    await page.context().setOffline(true);
    await fails("No connection to the server");
    await page.context().setOffline(false);
    await page.evaluate(() => {
      (window as unknown as { htmx: { config: { defaultTimeout: number } } }).htmx.config.defaultTimeout = 300;
    });
    await page.route("**/dnd", async (route) => {
      await Bun.sleep(1_500);
      await route.abort().catch(() => {});
    });
    await fails("The server took too long");
    await page.unroute("**/dnd");
    await page.click('#nav a[href="/dnd"]');
    await page.waitForURL((url) => url.pathname === "/dnd", PATIENCE);
  });

  test("the server that is started again finds its pages, which are live by themselves", async () => {
    const [{ page: board }, { page: home }] = await Promise.all([open("/calls"), open("/")]);
    await Promise.all([isAt(board, "live"), isAt(home, "live")]);
    const before = await newCall();
    await Promise.all([rowOf(board, before).waitFor(PATIENCE), rowOf(home, before).waitFor(PATIENCE)]);
    await openDeep.kill();
    await Promise.all([isAt(board, "offline"), isAt(home, "offline")]);
    expect(await board.textContent("#live-state")).toBe("Live updates stopped");
    await openDeep.startAgain();
    await Promise.all([isAt(board, "live"), isAt(home, "live")]);
    const after = await newCall();
    for (const page of [board, home]) {
      await rowOf(page, after).waitFor(PATIENCE);
      await rowOf(page, before).waitFor({ state: "detached", ...PATIENCE });
      expect(await page.locator("#toasts .toast").count()).toBe(0);
    }
  });
});

describe.skipIf(browserMissing() !== null || Bun.which("openssl") === null)("over HTTPS", () => {
  const dir = mkdtempSync(join(tmpdir(), "od-https-"));
  let openDeep: OpenDeep;
  let browser: Browser;

  beforeAll(async () => {
    const made = (await makeCertificate(dir))!;
    const key = join(dir, "key.pem");
    await Bun.write(key, made.key);
    [openDeep, browser] = await together(
      OpenDeep.start({ TLS_CERT_FILE: made.path, TLS_KEY_FILE: key }),
      launchBrowser(),
    );
  });
  afterAll(async () => {
    await browser?.close();
    await openDeep?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test(`${TABS} tabs are live at once over one connection, and the phone's socket works beside them`, async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const pages: Page[] = [];
    let frames = 0;
    for (let i = 0; i < TABS; i++) {
      const page = await context.newPage();
      page.on("websocket", (socket) => socket.on("framereceived", () => frames++));
      await page.goto(`${openDeep.url}/calls`);
      pages.push(page);
    }
    const live = '#live-state[data-state="live"]';
    await Promise.all(pages.map((page) => page.locator(live).waitFor(PATIENCE)));
    const streams = await openDeep.metric("opendeep_open_streams");
    expect(streams).toBe(TABS);
    const { callId } = await openDeep.placeCall(PATIENT);
    await Promise.all(pages.map((page) => page.locator(`#live-${callId}`).waitFor({ state: "attached", ...PATIENCE })));
    const protocols = await Promise.all(
      pages.map((page) =>
        page.evaluate(() =>
          (performance.getEntriesByType("navigation") as PerformanceNavigationTiming[]).map(
            ({ nextHopProtocol }) => nextHopProtocol,
          ),
        ),
      ),
    );
    expect(protocols.flat()).toEqual(Array(TABS).fill("h2"));
    await pages[0]!.locator(`[data-sp="listen"][data-call="${callId}"]`).first().click();
    await until("the server answered the phone", () => frames > 0);
    await context.close();
    await until("no stream is open", async () => (await openDeep.metric("opendeep_open_streams")) === 0);
  });
});
