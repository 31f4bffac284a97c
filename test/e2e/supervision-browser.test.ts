import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { slowness } from "../support/best.ts";
import { browserMissing, launchBrowser } from "../support/browser.ts";
import { OpenDeep } from "../support/open-deep.ts";
import { together } from "../support/start-up.ts";
import { SupervisingPage } from "../support/supervising-page.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = browserMissing() !== null || !existsSync(mediasoupWorkerBin());

/** A callee who holds the line for minutes. */
const PATIENT = "+12025550120";

let openDeep: OpenDeep;
let browser: Browser;
let callId: string;
let answeredAt = 0;
let phone: SupervisingPage | null = null;

beforeAll(async () => {
  if (missing) return;
  [openDeep, browser] = await together(OpenDeep.start({ MEDIASOUP_WORKER_BIN: mediasoupWorkerBin() }), launchBrowser());
  // The first microphone of a browser can take longer than the phone waits for the server.
  const page = await browser.newPage();
  await page.goto(openDeep.url);
  await page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
  });
  await page.close();
});

afterEach(async () => {
  await phone?.close();
  phone = null;
});

afterAll(async () => {
  await browser?.close();
  await openDeep?.close();
});

/** Ms that a call still has before it, at the least, where nobody speaks in the agent's place. */
const LASTS_MS = 20_000;

/** A call that is talking; the one from before while it is young enough to last through a test. */
const liveCall = async (name = "City Dental"): Promise<string> => {
  const call = callId ? await openDeep.call(callId) : null;
  const isYoung = performance.now() - answeredAt < LASTS_MS;
  if (call?.callee_name === name && call.ended_at === null && isYoung) return callId;
  // Two calls with one name could not be told apart on the board.
  if (call && call.ended_at === null) await openDeep.post(`/api/v1/calls/${callId}/hangup`);
  const placed = await openDeep.placeCall(PATIENT, { callee_name: name });
  callId = placed.callId;
  await openDeep.answered(callId);
  answeredAt = performance.now();
  return callId;
};

/** The board in a browser, the phone on a live call in this mode. */
const on = async (mode: string, options: Parameters<typeof SupervisingPage.open>[1] = {}): Promise<SupervisingPage> => {
  const id = await liveCall();
  phone = await SupervisingPage.open(browser, options);
  await phone.openBoard(openDeep.url);
  await phone.join(id);
  await phone.turnTo(mode);
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
    // All at once: the phone waits 5 s for the answer.
    const button = phone.page.locator("od-phone [data-mode=barge]");
    const asIs = [phone.microphone(), button.getAttribute("aria-busy"), button.getAttribute("aria-pressed")];
    const seen = await Promise.all<unknown>(asIs);
    phone.letThrough();
    expect(seen).toEqual([false, "true", "false"]);
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
    const askedAt = performance.now();
    await phone.press("takeover");
    await phone.is("whisper → takeover");
    await phone.is("whisper");
    expect(performance.now() - askedAt).toBeWithin(4_900, 6_500 * slowness());
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
    await phone.is("lost");
    expect(await phone.sentence()).toContain("The connection was lost");
    expect(await phone.microphone()).toBe(false);
    expect(await phone.page.locator("od-phone .dock-who .badge").textContent()).toBe("Reconnecting");
    phone.mend();
    await phone.is("takeover");
    expect(await phone.microphone()).toBe(true);
    expect((await openDeep.call(callId)).ended_at).toBeNull();
  });

  test("is shut by a change of call, and asked about where that would leave a takeover", async () => {
    const phone = await on("barge");
    const second = await openDeep.placeCall("+12025550199", { callee_name: "Library" });
    await openDeep.answered(second.callId);
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

describe.skipIf(missing)("the dock", () => {
  test("lives through every menu entry, Back, Forward, a form, a 404 and a 500 while one speaks", async () => {
    const phone = await on("takeover");
    const { page } = phone;
    await page.locator("od-phone").evaluate((node) => {
      Object.assign(window, { born: node, left: 0 });
      new MutationObserver((changes) => {
        for (const { removedNodes } of changes) {
          const watched = window as unknown as { left: number };
          for (const gone of removedNodes) if (gone.contains(node)) watched.left++;
        }
      }).observe(document, { childList: true, subtree: true });
    });
    const counts = async (): Promise<number[]> => {
      const [heard, sent] = await Promise.all([phone.received(), phone.sent()]);
      expect(heard.map(({ isPaused }) => isPaused)).toEqual([false, false]);
      return [...heard.map(({ bytes }) => bytes), sent?.bytes ?? 0];
    };
    let before = await counts();
    const at = async (path: string, status = 200): Promise<void> => {
      await until(`the page is ${path}`, () => page.evaluate((path) => location.pathname === path, path));
      if (status === 200) await until("its menu is right", () => page.locator("#nav [aria-current]").count());
      await until(`sound went on at ${path}`, async () => (await counts()).every((bytes, i) => bytes > before[i]!));
      before = await counts();
      expect(
        await page.evaluate(() => (window as unknown as { born: Node }).born === document.querySelector("od-phone")),
      ).toBe(true);
      expect([path, await phone.mode(), await phone.microphone()]).toEqual([path, "takeover", true]);
    };
    const links = await page.locator("#nav a").evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
    for (const href of links) {
      await page.click(`#nav a[href="${href}"]`);
      await at(href);
    }
    for (const href of links.toReversed().slice(1, 3)) {
      await page.goBack();
      await at(href);
    }
    for (const href of links.slice(-2)) {
      await page.goForward();
      await at(href);
    }
    await page.click(`#nav a[href="/dnd"]`);
    await at("/dnd");
    await page.fill("#dnd-form [name=phone]", "+12025550177");
    await page.fill("#dnd-form [name=reason]", "Asked not to be called.");
    await page.click("#dnd-form button[type=submit]");
    await until("the form was taken", async () =>
      (await page.locator("#page table").textContent())?.includes("Asked not to be called."),
    );
    await at("/dnd");
    await page.evaluate(() => {
      const link = document.createElement("a");
      link.href = "/nowhere";
      link.id = "to-nowhere";
      link.textContent = "Nowhere";
      document.querySelector("#page")?.append(link);
      (window as unknown as { htmx: { process(node: Element): void } }).htmx.process(link);
    });
    await page.click("#to-nowhere");
    await at("/nowhere", 404);
    await page.route("**/tasks", (route) =>
      route.fulfill({ status: 500, contentType: "text/html", body: "<h1>no</h1>" }),
    );
    await page.click(`#nav a[href="/tasks"]`);
    await Bun.sleep(300);
    expect(await page.locator("h1").textContent()).not.toBe("no");
    await until("sound went on", async () => (await counts()).every((bytes, i) => bytes > before[i]!));
    expect(await page.evaluate(() => (window as unknown as { left: number }).left)).toBe(0);
    expect(phone.complaints.filter((text) => !/status of (404|500)/.test(text))).toEqual([]);
  });

  test("is worked by the keyboard alone, and letters do nothing in fields or once they are switched off", async () => {
    const phone = await on("listen");
    const { page } = phone;
    const { keyboard } = page;
    const focused = (): Promise<string> =>
      page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim() || "");
    await page.focus("#nav-tasks");
    await keyboard.press("w");
    expect(await phone.mode()).toBe("listen");
    await keyboard.press("Control+Backquote");
    expect(await focused()).toBe("Listen");
    await keyboard.press("w");
    await phone.is("whisper");
    await page.focus(talkButton);
    await keyboard.down("Space");
    await until("it is open", async () => (await phone.microphone()) === true);
    await keyboard.up("Space");
    await until("it is shut", async () => (await phone.microphone()) === false);
    await keyboard.press("B");
    await phone.is("barge");
    await keyboard.press("m");
    expect(await phone.microphone()).toBe(false);
    await keyboard.press("Space");
    expect(await phone.microphone()).toBe(true);
    await keyboard.press("t");
    await phone.is("takeover");
    await keyboard.press("k");
    expect(await focused()).toBe("1");
    await keyboard.press("n");
    expect(await focused()).toBe("phone-note");
    await keyboard.type("lwbtmgk?");
    expect(await page.inputValue("#phone-note")).toBe("lwbtmgk?");
    expect(await phone.mode()).toBe("takeover");
    await keyboard.press("Control+Backquote");
    await keyboard.press("?");
    expect(await page.locator("od-phone dialog").textContent()).toContain("Give back to the AI");
    await keyboard.press("Escape");
    await keyboard.press("g");
    await until("it asks for a note", async () => (await focused()) === "phone-give-back");
    await keyboard.type("They agreed to Thursday.");
    await keyboard.press("Enter");
    await phone.is("listen");
    expect(phone.asked).toContain("mode listen");
    await page.uncheck("#phone-letters");
    await keyboard.press("Control+Backquote");
    await keyboard.press("w");
    await Bun.sleep(200);
    expect(phone.asked.at(-1)).not.toBe("mode whisper");
    expect(await phone.mode()).toBe("listen");
    await page.focus("od-phone >> text=Leave");
    await keyboard.press("Enter");
    await phone.is("idle");
    expect(phone.complaints).toEqual([]);
  });

  test("has a talk button that need not be held, for who switches that on", async () => {
    const phone = await on("whisper");
    const { page } = phone;
    await page.click("od-phone .more");
    await page.uncheck("#phone-hold");
    await page.click(talkButton);
    expect([await phone.microphone(), await page.locator(talkButton).textContent()]).toEqual([true, "Stop talking"]);
    await page.click(talkButton);
    expect(await phone.microphone()).toBe(false);
  });

  test("tells the AI in text, keeps notes and tags, and presses keys where one speaks with the caller", async () => {
    const phone = await on("whisper");
    const { page } = phone;
    await page.click("od-phone .more");
    expect(await page.locator("od-phone .keypad").isVisible()).toBe(false);
    await page.fill("#phone-whisper", "Ask for <b>Anna</b>.");
    await page.keyboard.press("Enter");
    await until("the AI was told", async () =>
      (await page.locator(".panel-words [role=status]").textContent())?.includes("The AI was told"),
    );
    await until("it stands in the last words", async () =>
      (await page.locator(".panel-words .turn.whispered").allTextContents()).some((text) =>
        text.includes("Ask for <b>Anna</b>."),
      ),
    );
    expect(await page.locator(".panel-words .turn b").count()).toBe(0);
    await page.fill("#phone-note", "Very friendly.");
    await page.click(".panel-notes >> text=Keep");
    await until("the note is there", async () =>
      (await page.locator(".panel-notes .notes").textContent())?.includes("Very friendly."),
    );
    await page.fill("#phone-tag", "friendly");
    await page.click(".panel-notes >> text=Add");
    await page.click(`.panel-notes [aria-label="Take the tag “friendly” off"]`);
    await until("the tag is off", async () => !(await page.locator(".panel-notes .tags").isVisible()));
    await phone.press("barge");
    await phone.is("barge");
    await page.click("od-phone .keypad >> text=5");
    await until("it was sent", async () => (await page.locator(".panel-keypad output").textContent()) === "5");
    expect(phone.asked.filter((one) => /^(whisper|dtmf)/.test(one))).toEqual(["whisper", "dtmf"]);
    expect(phone.complaints).toEqual([]);
  });

  test("asks a takeover that is left what becomes of the call, and ends a call only after a question", async () => {
    const phone = await on("takeover");
    const { page } = phone;
    await page.click("od-phone >> text=Leave");
    await page.click("od-phone dialog >> text=Stay");
    expect(await phone.mode()).toBe("takeover");
    await page.click("od-phone >> text=Leave");
    await page.click("od-phone dialog >> text=Give back to the AI");
    await phone.is("idle");
    expect(await phone.microphonesHeld()).toBe(0);
    expect((await openDeep.call(callId)).ended_at).toBeNull();
    await phone.join(callId);
    await page.click("od-phone .more");
    await page.click("od-phone .panel-end >> text=End call");
    await page.click("od-phone dialog >> text=Cancel");
    expect((await openDeep.call(callId)).ended_at).toBeNull();
    await page.click("od-phone .panel-end >> text=End call");
    await page.click("od-phone dialog >> text=End now");
    await phone.is("ended");
    await openDeep.over(callId);
  });

  test("offers the call of before after a reload, as a listener, and asks before it is left", async () => {
    const phone = await on("barge");
    const { page } = phone;
    await page.click("h1");
    let asked = "";
    page.once("dialog", (dialog) => {
      asked = dialog.type();
      dialog.accept().catch(() => {});
    });
    await page.reload();
    expect(asked).toBe("beforeunload");
    await until("it is offered", async () => (await phone.sentence()) === "You were on City Dental.");
    expect(await phone.microphonesHeld()).toBe(0);
    await page.click("od-phone >> text=Join again");
    await phone.is("listen");
    expect(await phone.microphone()).toBeNull();
  });

  test("is one in all tabs: a mode picked in another is asked for here, and the next tab takes over", async () => {
    const phone = await on("listen");
    const second = await phone.page.context().newPage();
    await second.goto(`${openDeep.url}/calls`);
    await until("the second tab knows", async () =>
      (await second.locator("od-phone .dock-sentence").textContent())?.includes("another tab"),
    );
    await second.locator(`[data-sp="barge"][data-call="${callId}"]`).first().click();
    await phone.is("barge");
    expect(await phone.microphone()).toBe(true);
    await phone.page.close({ runBeforeUnload: false });
    await until("the second tab is the phone", async () =>
      (await second.locator("od-phone .dock-sentence").textContent())?.startsWith("Pick a live call"),
    );
  });

  test("rings for a call that needs help, counts it in the title, and joins it as a listener", async () => {
    const id = await liveCall();
    phone = await SupervisingPage.open(browser);
    const { page } = phone;
    await page.addInitScript(() => {
      const { start } = OscillatorNode.prototype;
      Object.assign(window, { notes: 0 });
      OscillatorNode.prototype.start = function (...at) {
        (window as unknown as { notes: number }).notes++;
        start.apply(this, at);
      };
    });
    await phone.openBoard(openDeep.url);
    // The list is the test's own from here on.
    await page.route("**/sse/**", (route) => route.abort());
    const focusBefore = await page.evaluate(() => document.activeElement?.tagName);
    const card = (id: string) =>
      page.evaluate((id) => {
        const card = document.createElement("article");
        card.className = "help-card";
        card.dataset.help = id;
        const [title, why, accept, later] = ["h2", "p", "button", "button"].map((tag) => document.createElement(tag));
        title!.textContent = "City <i>Dental</i>";
        why!.textContent = "asked for a person";
        accept!.textContent = "Accept";
        later!.textContent = "Not now";
        Object.assign(accept!.dataset, { sp: "listen", call: id, who: "City Dental" });
        later!.dataset.helpDismiss = id;
        card.append(title!, why!, accept!, later!);
        document.getElementById("help")?.append(card);
      }, id);
    await card("call_other");
    await until("it rings", () => page.evaluate(() => (window as unknown as { notes: number }).notes >= 2));
    expect(await page.title()).toStartWith("(1) ");
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe(focusBefore);
    await page.click("#nav-tasks");
    await until("the title of the next page counts too", async () => (await page.title()).startsWith("(1) Tasks"));
    await page.click("#help >> text=Not now");
    expect(await page.locator("#help .help-card").isVisible()).toBe(false);
    expect(await page.title()).not.toStartWith("(");
    await card(id);
    expect(await page.title()).toStartWith("(1) ");
    await page.click("#help .help-card:not([hidden]) >> text=Accept");
    await phone.is("listen");
    expect(await phone.microphone()).toBeNull();
    expect(await page.title()).not.toStartWith("(");
  });

  test("shows words of callers as words", async () => {
    const id = await liveCall(`<script>document.title="no"</script>`);
    phone = await SupervisingPage.open(browser);
    await phone.openBoard(openDeep.url);
    await phone.join(id, "whisper");
    expect(await phone.page.locator("od-phone .dock-names strong").textContent()).toBe(
      `<script>document.title="no"</script>`,
    );
    expect(await phone.page.title()).not.toBe("no");
    expect(phone.complaints).toEqual([]);
  });

  test("plays through another device without a change of mode", async () => {
    const phone = await on("barge");
    const { page } = phone;
    await page.evaluate(() => {
      Object.assign(window, { sinks: [] });
      HTMLMediaElement.prototype.setSinkId = (id) => {
        (window as unknown as { sinks: string[] }).sinks.push(id);
        return Promise.resolve();
      };
    });
    await page.click("od-phone .more");
    const speakers = page.locator("#phone-speaker option");
    await until("the devices are named", async () => (await speakers.count()) > 1);
    const chosen = await speakers.nth(1).getAttribute("value");
    await page.selectOption("#phone-speaker", { index: 1 });
    const sinks = await page.evaluate(() => (window as unknown as { sinks: string[] }).sinks);
    expect(sinks).toEqual([chosen, chosen] as string[]);
    expect([await phone.mode(), await phone.microphone()]).toEqual(["barge", true]);
  });
});
