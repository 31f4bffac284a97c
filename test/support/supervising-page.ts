import type { Browser, BrowserContextOptions, Page, WebSocketRoute } from "playwright-core";
import type { OdPhone } from "../../public/softphone/element.ts";
import { openPage } from "./browser.ts";
import { until } from "./until.ts";

/** The phone has stopped waiting for the server after this long, in ms. */
const GIVES_UP_MS = 10_000;
/** Times that a button is pressed before it is taken for broken. */
const PRESSES = 4;

/** What the socket's gate does with the server's answers to one kind of request. */
export type Gate = "pass" | "hold" | { reason: string; why: string };

/** A page with a softphone, whose signalling the test can hold back, answer in the server's place, or cut. */
export class SupervisingPage {
  readonly page: Page;
  /** What the browser complained about. */
  readonly complaints: string[];
  /** Requests the phone sent, in order: their type, and for modes and the talk button what was asked. */
  readonly asked: string[] = [];
  /** Modes that the server confirmed: since when each was in force, in ms since the answer, and when it told so, epoch ms. */
  readonly confirmed: { mode: string; atMs: number; toldAt: number }[] = [];
  readonly #sockets = new Set<WebSocketRoute>();
  #gate: { type: string; does: Gate } | null = null;
  #held: (() => void)[] = [];
  #isCut = false;

  private constructor(page: Page, complaints: string[]) {
    this.page = page;
    this.complaints = complaints;
  }

  /** @param isGated whether the test stands between phone and server; without it the browser holds the socket itself */
  static async open(
    browser: Browser,
    options: BrowserContextOptions = {},
    { isGated = true } = {},
  ): Promise<SupervisingPage> {
    const { page, complaints } = await openPage(browser, options);
    const supervising = new SupervisingPage(page, complaints);
    await page.addInitScript(() => {
      const held: MediaStreamTrack[] = [];
      const { mediaDevices } = navigator;
      const { getUserMedia } = mediaDevices;
      Object.assign(window, { microphones: held, noMicrophone: null });
      mediaDevices.getUserMedia = async (wanted) => {
        const { noMicrophone } = window as unknown as { noMicrophone: string | null };
        if (noMicrophone) throw new DOMException("there is none", noMicrophone);
        const stream = await getUserMedia.call(mediaDevices, wanted);
        held.push(...stream.getAudioTracks());
        return stream;
      };
    });
    if (isGated) await page.routeWebSocket(/\/ws\/softphone$/, (socket) => supervising.#pass(socket));
    return supervising;
  }

  #pass(socket: WebSocketRoute): void {
    if (this.#isCut) return void socket.close({ code: 1012 });
    const server = socket.connectToServer();
    this.#sockets.add(socket);
    const gated = new Set<number>();
    socket.onMessage((text) => {
      const { id, type, mode, on } = JSON.parse(String(text));
      if (type !== "ping") this.asked.push([type, mode ?? on].filter((part) => part !== undefined).join(" "));
      if (this.#gate?.type !== type || this.#gate?.does === "pass") return server.send(text);
      const does = this.#gate?.does;
      if (typeof does === "object") return socket.send(JSON.stringify({ reply: id, ok: false, ...does }));
      gated.add(id);
      server.send(text);
    });
    server.onMessage((text) => {
      const { reply, data } = JSON.parse(String(text));
      if (typeof data?.atMs === "number") this.confirmed.push({ mode: data.mode, atMs: data.atMs, toldAt: Date.now() });
      if (gated.has(reply)) this.#held.push(() => socket.send(text));
      else socket.send(text);
    });
  }

  /** From now on the server's answers to such requests are held back, replaced by a refusal, or let through. */
  gate(type: string, does: Gate): void {
    this.#gate = { type, does };
  }

  /** Lets through what was held back, and all that follows. */
  letThrough(): void {
    this.#gate = null;
    for (const send of this.#held.splice(0)) send();
  }

  /** Forgets what was held back, and lets all that follows through. */
  forget(): void {
    this.#gate = null;
    this.#held = [];
  }

  /** Cuts the signalling; until `mend` no other is let through. */
  async cut(): Promise<void> {
    this.#isCut = true;
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    await Promise.all(sockets.map((socket) => socket.close({ code: 1012 }).catch(() => {})));
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Evaluates something of the phone. */
  #phone<T>(read: (phone: OdPhone) => T | Promise<T>): Promise<T> {
    return this.page.locator("od-phone").evaluate(read as (node: Element) => T) as Promise<T>;
  }

  state(): Promise<OdPhone["state"]> {
    return this.#phone((phone) => phone.state);
  }

  /** Whether the microphone's track is enabled; null without one. */
  microphone(): Promise<boolean | null> {
    return this.#phone((phone) => phone.microphoneIsOpen);
  }

  /** From now on the page gets no microphone, for the reason of this `DOMException`; null: it gets one again. */
  async takeMicrophones(name: string | null): Promise<void> {
    await this.page.evaluate((name) => Object.assign(window, { noMicrophone: name }), name);
  }

  /** Pulls the microphone out that the page holds. */
  async pullOut(): Promise<void> {
    await this.page.evaluate(() => {
      const track = (window as unknown as { microphones: MediaStreamTrack[] }).microphones.at(-1);
      track?.stop();
      // Browsers tell of an end that the page did not bring about itself.
      track?.dispatchEvent(new Event("ended"));
    });
  }

  /** How many microphones the page holds open. */
  microphonesHeld(): Promise<number> {
    return this.page.evaluate(
      () =>
        (window as unknown as { microphones: MediaStreamTrack[] }).microphones.filter(
          ({ readyState }) => readyState === "live",
        ).length,
    );
  }

  received(): ReturnType<OdPhone["received"]> {
    return this.#phone((phone) => phone.received());
  }

  sent(): ReturnType<OdPhone["sent"]> {
    return this.#phone((phone) => phone.sent());
  }

  /** What the dock says of who hears whom. */
  async sentence(): Promise<string> {
    return (await this.page.locator("od-phone .dock-sentence").textContent()) ?? "";
  }

  /** The mode in force, with what was asked for behind an arrow; else where the phone is, or `lost`. */
  async mode(): Promise<string> {
    const { place } = await this.state();
    if (place.at !== "in") return place.at;
    if (place.link === "lost") return "lost";
    return place.wish ? `${place.mode} → ${place.wish.mode}` : place.mode;
  }

  /** Waits until `mode()` is this. */
  async is(mode: string, timeoutMs?: number): Promise<void> {
    let last = "";
    await until(
      `the phone is at ${mode}`,
      async () => {
        last = await this.mode();
        return last === mode;
      },
      timeoutMs,
    ).catch(async (thrown) => {
      throw new Error(`${thrown.message}: it is at ${last}, ${JSON.stringify(await this.state())}`);
    });
  }

  /** Opens the live board as the phone. */
  async openBoard(origin: string): Promise<void> {
    await this.page.goto(`${origin}/calls`);
    await until("this tab is the phone", async () => (await this.state()).owner);
  }

  /** Joins a call from the board in this mode. */
  async join(callId: string, mode = "listen"): Promise<void> {
    await this.page.locator(`[data-sp="${mode}"][data-call="${callId}"]`).first().click();
    await this.is(mode);
  }

  /** Presses a button of the dock. */
  async press(mode: string): Promise<void> {
    await this.page.click(`od-phone [data-mode="${mode}"]`);
  }

  /** Brings the phone into a mode. Where it gave up waiting for the server, the button is pressed again, as people do. */
  async turnTo(mode: string): Promise<void> {
    for (let left = PRESSES; (await this.mode()) !== mode; left--) {
      await this.press(mode);
      if (left === 1) return await this.is(mode);
      await this.is(mode, GIVES_UP_MS).catch(({ message }) => console.warn(`pressed again, since: ${message}`));
    }
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
