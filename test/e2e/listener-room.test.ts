import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import type { OdPhone } from "../../public/softphone/element.ts";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { systemSchedule } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { createSupervision, type Supervision } from "../../src/media/supervision/signalling.ts";
import { best } from "../support/best.ts";
import { browserMissing, launchBrowser, openPage, watch } from "../support/browser.ts";
import { startListenerSite } from "../support/listener-site.tsx";
import { ToneTap } from "../support/tone-tap.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

/** What is heard must be more than this; the tones reach it within 0.1 s. */
const AUDIBLE = 0.001;

const missing =
  browserMissing() ??
  (existsSync(mediasoupWorkerBin()) ? null : "the mediasoup worker is not built: run `bun run setup`");

const live = new Set<string>();
const came: string[] = [];
let tones: ToneTap;
let supervision: Supervision;
let site: Awaited<ReturnType<typeof startListenerSite>>;
let browser: Browser;

beforeAll(async () => {
  if (missing) return;
  tones = await ToneTap.open();
  supervision = createSupervision({
    log: createLog({ level: "warn" }),
    media: tones,
    schedule: systemSchedule,
    webrtc: { listenIp: "127.0.0.1", withLoopback: true, announcedAddress: null, ports: { from: 41_200, to: 41_260 } },
    workerBin: mediasoupWorkerBin,
    speakerPort: tones.speakerPort,
    callInfo: async (tenantId, callId) =>
      tenantId === "ten_1" ? { live: live.has(callId), answered: true, who: `Callee ${callId}` } : null,
    transcriber: async () => null,
    holdPhrase: () => null,
    hangUp: () => false,
    sendKeys: () => false,
    note: (_by, event) => {
      if (event.type === "supervisor.joined") came.push(`+${event.userId} ${event.callId}`);
      if (event.type === "supervisor.left") came.push(`-${event.userId} ${event.callId}`);
    },
  });
  supervision.prepare();
  site = await startListenerSite({ supervision, callIds: ["c1", "c2"] });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  supervision?.close();
  tones?.close();
});

type Heard = Awaited<ReturnType<OdPhone["received"]>>;
const phone = (page: Page): Promise<Heard> => page.locator("od-phone").evaluate((node: OdPhone) => node.received());
const state = (page: Page): Promise<OdPhone["state"]> =>
  page.locator("od-phone").evaluate((node: OdPhone) => node.state);
const bytes = (heard: Heard): number => heard.reduce((sum, stream) => sum + stream.bytes, 0);
const isHeard = (heard: Heard): boolean => heard.length === 2 && heard.every((stream) => stream.energy > AUDIBLE);

/** Bytes grow on both streams, nothing is paused, and nothing had to be made up for a gap. */
const soundGoesOn = async (page: Page): Promise<void> => {
  const before = await phone(page);
  await until("both streams grew", async () => {
    const now = await phone(page);
    return now.length === 2 && now.every((stream, i) => stream.bytes > (before[i]?.bytes ?? 0));
  });
  for (const stream of await phone(page)) expect(stream.isPaused).toBe(false);
};

/** Opens the list of calls, listens to one, and gives the ms from the click to sound of both parties, by the page's clock. */
const listenTo = async (page: Page, callId: string): Promise<number> => {
  live.add(callId);
  await page.goto(`${site.origin}/calls`);
  await until("this tab is the phone", async () => (await state(page)).owner);
  const heard = page.locator("od-phone").evaluate(async (node: OdPhone, audible) => {
    const clickedAt = await new Promise<number>((clicked) =>
      addEventListener("click", () => clicked(performance.now()), { capture: true, once: true }),
    );
    for (;;) {
      const streams = await node.received();
      const now = performance.now();
      if (streams.length === 2 && streams.every((stream) => stream.energy > audible)) return now - clickedAt;
      if (now - clickedAt > 45_000) throw new Error("no sound within 45 s of the click");
      await new Promise((rested) => setTimeout(rested, 10));
    }
  }, AUDIBLE);
  await page.click(`#listen-${callId}`);
  return heard;
};

test.skipIf(missing !== null)(
  "a click on Listen brings two PCMU streams with sound on both within a second",
  async () => {
    const { page, complaints } = await openPage(browser);
    const leave = async (): Promise<void> => {
      await page.click("od-phone >> text=Leave");
      await until("the copies stopped", () => tones.liveTaps === 0);
      await until("the phone is idle", async () => (await state(page)).place.at === "idle");
    };
    const tookMs = await best(1_000, async () => {
      if (tones.liveTaps > 0) await leave();
      return await listenTo(page, "c1");
    });
    expect(tookMs).toBeLessThan(1_000);
    const heard = await phone(page);
    expect(heard.map(({ party, codec, clockRate }) => `${party} ${codec} ${clockRate}`)).toEqual([
      "callee audio/PCMU 8000",
      "agent audio/PCMU 8000",
    ]);
    expect(await page.locator("od-phone").textContent()).toContain("Nobody hears you.");
    expect(await page.locator("#listen-c1").getAttribute("data-here")).toBe("");
    expect(await page.locator("#listen-c2").getAttribute("data-here")).toBeNull();
    expect(came).toContain("+usr_1 c1");
    await leave();
    expect(came).toContain("-usr_1 c1");
    expect(complaints).toEqual([]);
    await page.context().close();
    console.log(`first sound ${Math.round(tookMs)} ms after the click`);
  },
  180_000,
);

test.skipIf(missing !== null)(
  "walking through pages, Back, a form and a 404 leaves the sound and the element alone",
  async () => {
    const { page, complaints } = await openPage(browser);
    await listenTo(page, "c1");
    await page.locator("od-phone").evaluate((node) => {
      (window as unknown as { born: Element }).born = node;
    });
    const concealedBefore = (await phone(page)).map((stream) => stream.concealed);
    const sameElement = (): Promise<boolean> =>
      page.evaluate(() => (window as unknown as { born: Element }).born === document.querySelector("od-phone"));
    const at = async (heading: string): Promise<void> => {
      await until(`the page says ${heading}`, async () => (await page.locator("h1").textContent()) === heading);
      await soundGoesOn(page);
      expect(await sameElement()).toBe(true);
    };
    await page.click("#nav-Tasks");
    await at("Tasks");
    await page.click("#nav-Home");
    await at("Home");
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    await page.click("#save button");
    await at("Tasks");
    await page.click("#nav-Missing");
    await at("Not found");
    await page.goBack();
    await at("Tasks");
    await page.goBack();
    await at("Home");
    await page.goForward();
    await at("Tasks");
    await page.click("#nav-Calls");
    await at("Calls");
    expect(await page.locator("#listen-c1").getAttribute("data-here")).toBe("");
    const concealed = (await phone(page)).map((stream, i) => stream.concealed - (concealedBefore[i] ?? 0));
    console.log(`samples made up over eight page changes: ${concealed.join(" and ")}`);
    expect(Math.max(...concealed)).toBeLessThan(8_000);
    expect(complaints.filter((text) => !text.includes("404"))).toEqual([]);
    await page.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "a killed mediasoup worker is replaced and heard again within five seconds",
  async () => {
    const { page } = await openPage(browser);
    await listenTo(page, "c1");
    const before = came.length;
    const tookMs = await best(5_000, async () => {
      const pid = supervision.workerPid();
      if (!pid) throw new Error("no worker runs");
      process.kill(pid, "SIGKILL");
      const killedAt = performance.now();
      await until("another worker runs", () => supervision.workerPid() !== pid && supervision.workerPid() !== null);
      await until("both parties are heard again", async () => isHeard(await phone(page)));
      return performance.now() - killedAt;
    });
    console.log(`sound again ${Math.round(tookMs)} ms after the worker was killed`);
    expect(tookMs).toBeLessThan(5_000);
    await soundGoesOn(page);
    expect((await state(page)).place).toMatchObject({ at: "in", link: "ok" });
    expect(came.slice(before)).toEqual([]);
    await page.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "a lost socket costs no sound: the place is kept and taken up again",
  async () => {
    const { page } = await openPage(browser);
    await listenTo(page, "c1");
    const before = await phone(page);
    const connections = site.connections();
    const arrivals = came.length;
    site.dropSockets();
    await until("the phone connected again", () => site.connections() > connections);
    await until("the phone says live", async () => {
      const { place } = await state(page);
      return place.at === "in" && place.link === "ok";
    });
    await soundGoesOn(page);
    // The counters went on: the streams are the ones from before.
    expect(bytes(await phone(page))).toBeGreaterThan(bytes(before));
    expect(came.slice(arrivals)).toEqual([]);
    await page.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "the end of the call is shown, and the copies stop",
  async () => {
    const { page, complaints } = await openPage(browser);
    await listenTo(page, "c2");
    live.delete("c2");
    supervision.callEnded("c2");
    await until("the dock says so", async () =>
      (await page.locator("od-phone").textContent())?.includes("The call is over."),
    );
    expect(await phone(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.click("#listen-c2");
    await until("the dock says so again", async () => (await state(page)).place.at === "ended");
    await page.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "of two tabs one is the phone; it plays what is picked in the other, which takes over when it closes",
  async () => {
    const { page: first } = await openPage(browser);
    await listenTo(first, "c1");
    const second = await first.context().newPage();
    const complaints = watch(second);
    live.add("c2");
    await second.goto(`${site.origin}/calls`);
    await until("the second tab knows", async () =>
      (await second.locator("od-phone").textContent())?.includes("another tab"),
    );
    await second.click("#listen-c2");
    await until("the first tab changed the call", async () => {
      const { place } = await state(first);
      return place.at === "in" && place.call.id === "c2";
    });
    await until("it is heard there", async () => isHeard(await phone(first)));
    expect(await phone(second)).toEqual([]);
    await first.close({ runBeforeUnload: false });
    await until("the second tab is the phone", async () => (await state(second)).owner);
    await second.click("#listen-c1");
    await until("it is heard here", async () => isHeard(await phone(second)));
    expect(complaints).toEqual([]);
    await second.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "leaving the site during a call asks first",
  async () => {
    const { page } = await openPage(browser);
    await listenTo(page, "c1");
    await page.click("h1");
    const asked = new Promise<string>((told) =>
      page.once("dialog", (dialog) => {
        told(dialog.type());
        dialog.accept().catch(() => {});
      }),
    );
    await page.close({ runBeforeUnload: true });
    expect(await asked).toBe("beforeunload");
  },
  180_000,
);

test.skipIf(missing !== null)(
  "the keyboard alone reaches the dock from anywhere and leaves the call",
  async () => {
    const { page } = await openPage(browser);
    await listenTo(page, "c1");
    await page.focus("#nav-Home");
    await page.keyboard.press("Control+Backquote");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Listen");
    await page.focus("od-phone >> text=Leave");
    await page.keyboard.press("Enter");
    await until("the phone is idle", async () => (await state(page)).place.at === "idle");
    await page.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "where the browser blocks sound before a click, one button turns it on",
  async () => {
    const { page } = await openPage(browser);
    // The driver's own commands count as clicks, so the browser's rule is played by the page.
    await page.addInitScript(() => {
      let clicks = 0;
      addEventListener("click", () => clicks++, true);
      const { play } = HTMLMediaElement.prototype;
      HTMLMediaElement.prototype.play = function () {
        return clicks > 1 ? play.call(this) : Promise.reject(new DOMException("no click yet", "NotAllowedError"));
      };
    });
    live.add("c1");
    await page.goto(`${site.origin}/calls`);
    await until("this tab is the phone", async () => (await state(page)).owner);
    await page.click("#listen-c1");
    await until("the sound is blocked", async () => (await state(page)).sound === "blocked");
    await page.click("od-phone >> text=Turn sound on");
    await until("the sound is on", async () => (await state(page)).sound === "ok");
    expect(await page.locator("od-phone >> text=Turn sound on").isVisible()).toBe(false);
    await page.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "the phone shows how loud both parties are and how good the network is",
  async () => {
    const { page } = await openPage(browser);
    await listenTo(page, "c1");
    const levels = (): Promise<number[]> =>
      page
        .locator("od-phone .meter:not([hidden]) i")
        .evaluateAll((bars) => bars.map((bar) => Number((bar as HTMLElement).style.getPropertyValue("--level"))));
    await until("both meters move", async () => (await levels()).every((level) => level > 0.3));
    await until(
      "the network was judged",
      async () => (await page.locator("od-phone .bars").getAttribute("data-quality")) !== null,
    );
    expect(await page.locator("od-phone .bars").getAttribute("aria-label")).toContain("Network good");
    await page.context().close();
  },
  180_000,
);

test.skipIf(missing !== null)(
  "who listens hears another supervisor speak, on a player of its own, and cannot speak meanwhile",
  async () => {
    const people = await Promise.all(
      ["Eva", "Tom"].map(async (user) => {
        const opened = await openPage(browser);
        await opened.page.context().addCookies([{ name: "user", value: user, url: site.origin }]);
        return opened;
      }),
    );
    const [eva, tom] = people.map(({ page }) => page) as [Page, Page];
    await listenTo(eva, "c1");
    await listenTo(tom, "c1");
    const players = (): Promise<number> => tom.locator("od-phone audio").count();
    expect(await players()).toBe(2);
    await eva.click("od-phone [data-mode=barge]");
    const speaking = async (): Promise<Heard[number] | undefined> =>
      (await phone(tom)).find(({ party }) => party === "supervisor");
    await until("Tom hears Eva", async () => ((await speaking())?.energy ?? 0) > AUDIBLE);
    expect(await speaking()).toMatchObject({ codec: "audio/PCMU", clockRate: 8000, isPaused: false });
    expect(await players()).toBe(3);
    const sentence = (page: Page): Promise<string | null> => page.locator("od-phone .dock-sentence").textContent();
    await until("Tom reads it", async () => (await sentence(tom)) === "Nobody hears you. Eva speaks.");
    expect(await sentence(eva)).toBe("The caller and the AI hear you. 1 other listens.");
    await tom.click("od-phone [data-mode=takeover]");
    await until("Tom is refused", async () => (await state(tom)).problem?.includes("Eva"));
    expect(await state(tom)).toMatchObject({ mic: "off", place: { mode: "listen", wish: null } });
    await eva.click("od-phone [data-mode=listen]");
    await until("Eva is gone from the streams", async () => (await players()) === 2);
    expect(await speaking()).toBeUndefined();
    await tom.click("od-phone [data-mode=barge]");
    await until("Tom speaks now", async () => (await state(tom)).mic === "live");
    for (const { page, complaints } of people) {
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  },
  180_000,
);

test.skipIf(missing !== null)(
  "a takeover goes on by itself after the mediasoup worker was killed under it",
  async () => {
    const { page } = await openPage(browser);
    await listenTo(page, "c1");
    await page.click("od-phone [data-mode=takeover]");
    await until("the microphone is open", async () => (await state(page)).mic === "live");
    const tookMs = await best(5_000, async () => {
      const pid = supervision.workerPid();
      if (!pid) throw new Error("no worker runs");
      process.kill(pid, "SIGKILL");
      await until("it is noticed", async () => (await state(page)).mic !== "live");
      const killedAt = performance.now();
      await until("the microphone is open again", async () => (await state(page)).mic === "live");
      return performance.now() - killedAt;
    });
    expect((await state(page)).place).toMatchObject({ at: "in", link: "ok", mode: "takeover", wish: null, cut: null });
    expect(tookMs).toBeLessThan(5_000);
    const sent = (): Promise<number> =>
      page.locator("od-phone").evaluate(async (node: OdPhone) => (await node.sent())?.packets ?? 0);
    const before = await sent();
    await until("it is sent", async () => (await sent()) > before + 10);
    await page.context().close();
  },
  180_000,
);
