import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { browserMissing, launchBrowser } from "../support/browser.ts";
import { OpenDeep } from "../support/open-deep.ts";
import { SupervisingPage } from "../support/supervising-page.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(45_000);

const missing = browserMissing() !== null || !existsSync(mediasoupWorkerBin());

/** A callee who holds the line for minutes. */
const PATIENT = "+12025550120";

let openDeep: OpenDeep;
let browser: Browser;
let callId: string;
let phone: SupervisingPage | null = null;

beforeAll(async () => {
  if (missing) return;
  [openDeep, browser] = await Promise.all([
    OpenDeep.start({ MEDIASOUP_WORKER_BIN: mediasoupWorkerBin() }),
    launchBrowser(),
  ]);
}, 60_000);

afterEach(async () => {
  await phone?.close();
  phone = null;
});

afterAll(async () => {
  await browser?.close();
  await openDeep?.close();
}, 30_000);

/** A call that is talking; the one from before while it lasts. */
const liveCall = async (name = "City Dental"): Promise<string> => {
  const call = callId ? await openDeep.call(callId) : null;
  if (call?.callee_name === name && call.ended_at === null) return callId;
  const placed = await openDeep.placeCall(PATIENT, { callee_name: name });
  callId = placed.callId;
  await openDeep.answered(callId, 15_000);
  return callId;
};

/** The board in a browser, the phone on a live call in this mode. */
const on = async (mode: string, options: Parameters<typeof SupervisingPage.open>[1] = {}): Promise<SupervisingPage> => {
  const id = await liveCall();
  phone = await SupervisingPage.open(browser, options);
  await phone.openBoard(openDeep.url);
  await phone.join(id);
  if (mode !== "listen") {
    await phone.press(mode);
    await phone.is(mode);
  }
  return phone;
};

const talkButton = "od-phone .talk-button";

describe.skipIf(missing)("the microphone", () => {
  test("is not there in Listen, disabled while a wider audience is pending, enabled after the server's word", async () => {
    const phone = await on("listen");
    expect(await phone.microphone()).toBeNull();
    expect(await phone.sent()).toBeNull();
    expect(phone.asked).not.toContain("open-microphone");
    expect(await phone.sentence()).toBe("Nobody hears you.");
    phone.gate("mode", "hold");
    await phone.press("barge");
    await phone.is("listen → barge");
    await until("the server was asked", () => phone.asked.includes("mode barge"));
    expect(await phone.microphone()).toBe(false);
    expect(await phone.page.locator("od-phone [data-mode=barge]").getAttribute("aria-busy")).toBe("true");
    expect(await phone.page.locator("od-phone [data-mode=barge]").getAttribute("aria-pressed")).toBe("false");
    phone.letThrough();
    await phone.is("barge");
    expect(await phone.microphone()).toBe(true);
    expect(await phone.sentence()).toStartWith("The caller and the AI hear you.");
    await until("packets are sent", async () => ((await phone.sent())?.packets ?? 0) > 10);
    const streams = [...(await phone.received()), { ...(await phone.sent()) }];
    expect(streams.map(({ codec, clockRate }) => `${codec} ${clockRate}`)).toEqual(Array(3).fill("audio/PCMU 8000"));
    expect(phone.complaints).toEqual([]);
  });

  test("is silent before a narrower audience is told to the server, and let go on the return to Listen", async () => {
    const phone = await on("takeover");
    expect(await phone.microphone()).toBe(true);
    phone.gate("mode", "hold");
    await phone.press("barge");
    expect(await phone.microphone()).toBe(false);
    phone.letThrough();
    await phone.is("barge");
    await phone.press("listen");
    await phone.is("listen");
    expect(await phone.microphone()).toBeNull();
    expect(await phone.sent()).toBeNull();
    expect(await phone.microphonesHeld()).toBe(0);
  });

  test("stays silent after a refusal, and the dock shows the server's words", async () => {
    const phone = await on("whisper");
    phone.gate("mode", { reason: "taken", why: "Eva is already speaking on this call." });
    await phone.press("barge");
    await until("the reason is shown", async () =>
      (await phone.page.locator("od-phone .dock-note").textContent())?.includes(
        "Eva is already speaking on this call.",
      ),
    );
    expect(await phone.mode()).toBe("whisper");
    expect(await phone.microphone()).toBe(false);
  });

  test("stays silent when the server does not confirm within five seconds, and the mode is the old one", async () => {
    const phone = await on("whisper");
    phone.gate("mode", "hold");
    await phone.press("takeover");
    await phone.is("whisper → takeover");
    const askedAt = performance.now();
    await phone.is("whisper");
    expect(performance.now() - askedAt).toBeWithin(3_500, 6_500);
    expect(await phone.microphone()).toBe(false);
    expect(await phone.page.locator("#toasts").textContent()).toContain("did not confirm in time");
    // What comes too late opens nothing.
    phone.letThrough();
    await Bun.sleep(300);
    expect([await phone.mode(), await phone.microphone()]).toEqual(["whisper", false]);
    expect(phone.asked.filter((one) => one.startsWith("mode")).at(-1)).toBe("mode whisper");
  });

  test("follows the talk button in Whisper: pointer, Space, focus that goes elsewhere, another window", async () => {
    const phone = await on("whisper");
    const { page } = phone;
    const isOpen = (open: boolean) =>
      until(`the microphone is ${open}`, async () => (await phone.microphone()) === open);
    const box = (await page.locator(talkButton).boundingBox())!;
    await page.mouse.move(box.x + 20, box.y + 10);
    await page.mouse.down();
    await isOpen(true);
    expect(await page.locator(talkButton).textContent()).toBe("Talking");
    // Away from the button it is still held.
    await page.mouse.move(box.x + 20, box.y - 300);
    expect(await phone.microphone()).toBe(true);
    await page.mouse.up();
    await isOpen(false);
    await page.focus(talkButton);
    await page.keyboard.down("Space");
    await isOpen(true);
    await page.keyboard.up("Space");
    await isOpen(false);
    await page.keyboard.down("Space");
    await isOpen(true);
    await page.focus("#nav-tasks");
    await isOpen(false);
    await page.keyboard.up("Space");
    await page.focus(talkButton);
    await page.keyboard.down("Space");
    await isOpen(true);
    await page.evaluate(() => dispatchEvent(new Event("blur")));
    await isOpen(false);
    await page.keyboard.up("Space");
    await page.mouse.move(box.x + 20, box.y + 10);
    await page.mouse.down();
    await isOpen(true);
    await page.locator(talkButton).dispatchEvent("pointercancel");
    await isOpen(false);
    await page.mouse.up();
    const talks = phone.asked.filter((one) => one.startsWith("talk"));
    expect(talks).toEqual(Array.from({ length: 10 }, (_, n) => `talk ${n % 2 === 0}`));
    expect(phone.complaints).toEqual([]);
  });

  test("is shut by a lost link, and a takeover goes on by itself once the link is back", async () => {
    const phone = await on("takeover");
    await phone.cut();
    await until("the dock says so", async () => (await phone.sentence()).includes("The connection was lost"));
    expect(await phone.microphone()).toBe(false);
    expect(await phone.page.locator("od-phone .dock-who .badge").textContent()).toBe("Reconnecting");
    phone.mend();
    await phone.is("takeover", 12_000);
    expect(await phone.microphone()).toBe(true);
    expect((await openDeep.call(callId)).ended_at).toBeNull();
  });

  test("is shut by a change of call, and asked about where that would leave a takeover", async () => {
    const phone = await on("barge");
    const second = await openDeep.placeCall("+12025550199", { callee_name: "Library" });
    await openDeep.answered(second.callId, 15_000);
    const listen = `[data-sp="listen"][data-call="${second.callId}"]`;
    await phone.page.waitForSelector(listen);
    phone.gate("join", "hold");
    await phone.page.click(listen);
    await phone.is("joining");
    expect(await phone.microphone()).toBe(false);
    phone.letThrough();
    await phone.is("listen");
    expect(await phone.microphone()).toBeNull();
    await phone.press("takeover");
    await phone.is("takeover");
    await phone.page.locator(`[data-sp="listen"][data-call="${callId}"]`).first().click();
    await phone.page.click("od-phone dialog >> text=Stay");
    expect(await phone.mode()).toBe("takeover");
    await openDeep.post(`/api/v1/calls/${second.callId}/hangup`);
    await phone.is("ended");
    expect(await phone.microphone()).toBeNull();
  });

  for (const [name, error, words] of [
    ["is blocked", "NotAllowedError", "The browser blocks the microphone. Allow it next to the address"],
    ["is missing", "NotFoundError", "No microphone was found"],
    ["is held by another program", "NotReadableError", "Another program holds the microphone"],
  ] as const)
    test(`that ${name} is said with the way out, and the mode stays`, async () => {
      const phone = await on("listen");
      await phone.takeMicrophones(error);
      await phone.press("whisper");
      await until("it is said", async () =>
        (await phone.page.locator("od-phone .dock-note").textContent())?.includes(words),
      );
      expect(await phone.mode()).toBe("listen");
      await phone.takeMicrophones(null);
      await phone.press("whisper");
      await phone.is("whisper");
      expect(await phone.page.locator("od-phone .dock-note").isVisible()).toBe(false);
    });

  test("that is pulled out is replaced by another, and muted stays muted over every change of device", async () => {
    const phone = await on("barge");
    await phone.page.click(talkButton);
    expect(await phone.microphone()).toBe(false);
    // The fake microphones of the browser, other than the one in use.
    await phone.page.click("od-phone .more");
    const choices = () => phone.page.locator("#phone-microphone option").count();
    await until("the devices are named", async () => (await choices()) > 1);
    await phone.page.selectOption("#phone-microphone", { index: 1 });
    await Bun.sleep(400);
    expect([await phone.microphone(), (await phone.state()).mic]).toEqual([false, "muted"]);
    const before = (await phone.sent())?.packets ?? 0;
    await until("the new one is sent", async () => ((await phone.sent())?.packets ?? 0) > before + 10);
    await phone.page.click(talkButton);
    expect(await phone.microphone()).toBe(true);
    await phone.pullOut();
    await until("another one is held", async () => (await phone.microphonesHeld()) === 1);
    await until("it is heard at once", async () => (await phone.microphone()) === true);
    await phone.takeMicrophones("NotFoundError");
    await phone.pullOut();
    await until("it is said", async () => (await phone.state()).mic === "missing");
    expect(await phone.page.locator(talkButton).textContent()).toBe("Try the microphone");
    await phone.takeMicrophones(null);
    await phone.page.click(talkButton);
    await until("it is there again, muted", async () => (await phone.state()).mic === "muted");
  });
});
