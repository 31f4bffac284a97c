import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import type { Mood } from "../../src/core/mood.ts";
import { METER } from "../../src/media/engine/meters.ts";
import type { Present } from "../../src/media/supervision/messages.ts";
import { buildAssets } from "../../src/server/assets.ts";
import { listen } from "../../src/server/listen.ts";
import { browserMissing, launchBrowser, openPage } from "../support/browser.ts";
import { answerCall, openServer, type ServerRig } from "../support/server-rig.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const AXE = new URL("../../node_modules/axe-core/axe.min.js", import.meta.url).pathname;
const EVIL = `<img src=x onerror="document.title='evil'"> <hx-partial hx-target="#page">gone</hx-partial>`;

describe.skipIf(browserMissing() !== null)("the board in a browser", () => {
  let browser: Browser;
  let server: ServerRig;
  let web: Bun.Server<unknown>;
  let beat: ReturnType<typeof setInterval>;
  const present = new Map<string, Present[]>();
  const asked: string[] = [];
  let slot = 0;
  let keys = 0;

  beforeAll(async () => {
    browser = await launchBrowser();
    server = await openServer({
      assets: await buildAssets({}),
      supervision: {
        attach: () => ({ message: (text) => asked.push(text), closed() {} }),
        present: (callId) => present.get(callId) ?? [],
      },
    });
    web = listen(server.app, { host: "127.0.0.1", port: 0 });
    // The server's clock and timers follow the machine's.
    server.clock.advance(Date.now() - server.clock.now());
    beat = setInterval(() => {
      server.clock.advance(Math.max(0, Date.now() - server.clock.now()));
      server.timers.advance(50);
    }, 50);
  });
  afterAll(async () => {
    clearInterval(beat);
    await browser?.close();
    await web?.stop(true);
  });

  const talking = async (calleeName: string): Promise<string> => {
    // Calls of one moment have no order.
    server.clock.advance(1);
    const { id } = await server.call({ calleeName });
    slot++;
    server.media({ type: "opened", callId: id, port: 0, slot });
    server.parts.media.meters.set(slot, METER.calleeVoiced, 1);
    await answerCall(server, id);
    return id;
  };
  const hear = async (callId: string, text: string, whispered = false): Promise<void> => {
    const speaker = whispered ? ("supervisor" as const) : ("callee" as const);
    const turn = { key: `k${keys++}`, speaker, text, atMs: keys * 1000, endMs: keys * 1000 + 900, whispered };
    server.media({ type: "turn", callId, turn: { ...turn, interrupted: false } });
    await server.store.transcripts.put(server.tenantId, callId, { ...turn, interrupted: false });
  };
  const moodOf = (callId: string, mood: Mood): Promise<void> => {
    const reading = { at: server.clock.now(), mood, offPlan: true, reason: `waits ${EVIL}`, line: `${mood} ${EVIL}` };
    return server.store.callMoods.add(server.tenantId, callId, reading);
  };
  const at = (path: string): string => `http://localhost:${web.port}${path}`;
  const rowsOf = (page: Page): Promise<string[]> =>
    page.locator("#live-rows > tr").evaluateAll((rows) => rows.map((row) => row.id.replace("live-", "")));
  const isLive = (page: Page): Promise<void> =>
    page.locator('#live-state[data-state="live"]').waitFor({ timeout: 60_000 });
  const end = async (callId: string): Promise<void> => {
    const how = { cause: "agent-hung-up", disposition: "answered", at: server.clock.now() } as const;
    await server.store.calls.settle(server.tenantId, callId, how);
  };
  const endAll = async (): Promise<void> => {
    for (const { id } of await server.store.calls.live(server.tenantId)) await end(id);
  };

  test("rows stay where they are under a pointer, then take the new order; a key in the list keeps its place", async () => {
    const { page, complaints } = await openPage(browser);
    const [bakery, hotel, energy] = [await talking("Bakery"), await talking("Hotel"), await talking("City Energy")];
    await page.goto(at("/calls"));
    await isLive(page);
    expect(await rowsOf(page)).toEqual([bakery, hotel, energy]);
    await page.locator(`#live-${hotel}`).hover();
    await hear(energy, `Get me a human. ${EVIL}`);
    await page.locator(`#live-${energy} .need`).waitFor({ timeout: 60_000 });
    await page.waitForFunction(
      (first) => document.getElementById("live-order")?.dataset.order?.startsWith(first) === true,
      energy,
      { timeout: 60_000 },
    );
    await page.waitForTimeout(600);
    expect(await rowsOf(page)).toEqual([bakery, hotel, energy]);
    await page.mouse.move(2, 2);
    await page.waitForFunction(
      (first) => document.getElementById("live-rows")?.firstElementChild?.id === `live-${first}`,
      energy,
      { timeout: 60_000 },
    );
    expect(await rowsOf(page)).toEqual([energy, bakery, hotel]);

    const listen = page.locator(`#live-${hotel} [data-sp="listen"]`);
    await listen.focus();
    await hear(hotel, "This is unacceptable, you idiot! Get me a human.");
    await page.waitForFunction(
      (first) => document.getElementById("live-rows")?.firstElementChild?.id === `live-${first}`,
      hotel,
      { timeout: 60_000 },
    );
    expect(await listen.evaluate((button) => button === document.activeElement)).toBe(true);
    expect(await page.title()).not.toBe("evil");
    expect(await page.locator("#page h1").count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.context().close();
    await endAll();
  });

  test("L listens to the call that comes first, only while the keyboard is on the board and not in a field", async () => {
    const { page } = await openPage(browser);
    const bakery = await talking("Bakery");
    const energy = await talking("City Energy");
    await hear(energy, "Get me a human.");
    await page.goto(at("/calls"));
    await isLive(page);
    // What the phone does with a press is another matter: here only whose button was pressed counts.
    await page.evaluate(() => {
      addEventListener(
        "click",
        (event) => {
          const pressed = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-sp]") : null;
          if (!pressed) return;
          event.stopImmediatePropagation();
          document.body.dataset.pressed = `${document.body.dataset.pressed ?? ""}${pressed.dataset.sp} ${pressed.dataset.call};`;
        },
        true,
      );
    });
    await page.locator("#page h1").focus();
    await page.keyboard.press("l");
    expect(await page.evaluate(() => document.body.dataset.pressed ?? "")).toBe("");
    await page.locator(`#live-${bakery} .row-link`).focus();
    await page.keyboard.press("Control+l");
    await page.keyboard.press("l");
    expect(await page.evaluate(() => document.body.dataset.pressed ?? "")).toBe(`listen ${energy};`);
    await page.context().close();
    await endAll();
  });

  test("a call that ends under the pointer keeps its row until the pointer goes", async () => {
    const { page } = await openPage(browser);
    const [bakery, hotel] = [await talking("Bakery"), await talking("Hotel")];
    await page.goto(at("/calls"));
    await isLive(page);
    await page.locator(`#live-${hotel}`).hover();
    await end(bakery);
    await page.locator(`#live-${bakery}.over`).waitFor({ timeout: 60_000 });
    await page.waitForTimeout(2_500);
    expect(await rowsOf(page)).toEqual([bakery, hotel]);
    await page.mouse.move(2, 2);
    await page.locator(`#live-${bakery}`).waitFor({ state: "detached", timeout: 60_000 });
    await page.context().close();
    await endAll();
  });

  test("the mood of a call changes on the board and on its page while somebody looks", async () => {
    const { page, complaints } = await openPage(browser);
    const bakery = await talking("Bakery");
    for (const path of ["/calls", `/calls/${bakery}`]) {
      await page.goto(at(path));
      await isLive(page);
      for (const [mood, word] of [
        ["uneasy", "Uneasy"],
        ["angry", "Angry"],
      ] as const) {
        await moodOf(bakery, mood);
        await page
          .locator(`:is(#live-rows, #call-head) .badge.mood:has-text("${word}") svg`)
          .waitFor({ timeout: 15_000 });
      }
      await page.locator('.need:has-text("Sounds angry, the model thinks: waits <img")').waitFor({ timeout: 15_000 });
    }
    expect(await page.locator("#facts .moods > li").allInnerTexts()).toHaveLength(4);
    expect(await page.title()).not.toBe("evil");
    expect(complaints).toEqual([]);
    await page.context().close();
    await endAll();
  }, 60_000);

  test("notes and tags are kept from the page of a live call while something else is being typed", async () => {
    const { page, complaints } = await openPage(browser);
    const callId = await talking("Bakery");
    await page.goto(at(`/calls/${callId}`));
    await isLive(page);
    await page.locator("#call-tag").fill("half a t");
    await page.locator("#note-text").fill(`Said ${EVIL}`);
    await page.locator("#note-form button").click();
    await page.locator("#call-notes li").waitFor({ timeout: 60_000 });
    expect(await page.locator("#call-notes p").textContent()).toBe(`Said ${EVIL}`);
    expect(await page.locator("#note-text").inputValue()).toBe("");
    expect(await page.locator("#call-tag").inputValue()).toBe("half a t");
    await page.locator("#tag-form button").click();
    await page.locator("#call-tags li").waitFor({ timeout: 60_000 });
    await page.locator("#tag-form button").click();
    await page.locator("#tag-form .problem").waitFor({ timeout: 60_000 });
    await page.locator("#call-tags button").click();
    await page.locator("#call-tags li").waitFor({ state: "detached", timeout: 60_000 });
    // A mistake in a form is told by the browser too: the answer is a 422.
    expect(complaints.filter((text) => !text.includes("422"))).toEqual([]);
    await page.context().close();
    await endAll();
  });

  test("axe finds nothing on the board and on the page of a supervised call, light and dark, wide and narrow", async () => {
    const energy = await talking("City Energy");
    const bakery = await talking("Bakery");
    await hear(energy, "Get me a human.");
    await hear(bakery, "You are not listening, I already told you that.");
    await hear(bakery, "Offer them ten per cent.", true);
    await moodOf(energy, "calm");
    for (const mood of ["calm", "uneasy", "upset", "angry"] as const) await moodOf(bakery, mood);
    const { userId } = server.parts.owner;
    const by = { userId, at: server.clock.now() };
    await server.store.callNotes.add(server.tenantId, bakery, { ...by, text: "Call again in May." });
    await server.store.callNotes.tag(server.tenantId, bakery, { ...by, tag: "vip" });
    present.set(
      bakery,
      (["listen", "whisper", "barge", "takeover"] as const).map((mode) => ({ seatId: mode, name: "Max", mode })),
    );
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 390]) {
        const { page } = await openPage(browser, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        for (const path of ["/calls", `/calls/${bakery}`]) {
          await page.goto(at(path));
          await isLive(page);
          await page.locator("#help article").first().waitFor({ timeout: 60_000 });
          await page.waitForTimeout(300);
          await page.addScriptTag({ path: AXE });
          const found = await page.evaluate(async () => {
            const { axe } = window as unknown as {
              axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
            };
            const { violations } = await axe.run();
            return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
          });
          expect([colorScheme, width, path, found]).toEqual([colorScheme, width, path, []]);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect([width, path, overflow]).toEqual([width, path, 0]);
        }
        await page.context().close();
      }
    }
    await endAll();
  });
});
