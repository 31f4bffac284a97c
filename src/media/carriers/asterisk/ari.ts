import type { Schedule } from "../../../core/clock.ts";
import { messageOf, OutsideError } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import type { CarrierHealth } from "../control.ts";
import {
  type AriChannel,
  type AriEvent,
  parseAriEvent,
  parseBridgeIds,
  parseChannels,
  parseMediaAddress,
  READ_EVENTS,
} from "./events.ts";
import { AriRefusal, type AriSocket, type FencedClient, loadFencedClient } from "./fenced-client.ts";

/** Where ARI is and who we are there. */
export interface AriSettings {
  /** Such as `http://127.0.0.1:8088`; what follows the port is ignored. */
  url: string;
  username: string;
  password: string;
  /** Name of our Stasis app; one process per name. */
  app: string;
}

/** What is told about the connection and by it. */
export interface AriListener {
  /** Connected, or connected again: events in between are lost, so everything has to be compared. */
  onUp(): void;
  /** The connection is gone; requests fail until `onUp`. */
  onDown(): void;
  onEvent(event: AriEvent): void;
}

/** Requests of ARI that a call needs. All reject with an `OutsideError` and take at most `REQUEST_TIMEOUT_MS`. */
export interface Ari {
  /** Connects; resolves when connected, or when the first try failed and it goes on in the background for ever. */
  start(): Promise<void>;
  /** Ends the connection. May be called twice; tells nobody. */
  close(): void;
  isUp(): boolean;
  health(): CarrierHealth;
  /** A channel of media that sends to `host`:`port`; gives where it takes packets. */
  createMedia(
    id: string,
    to: { host: string; port: number },
    variables: Record<string, string>,
  ): Promise<{ host: string; port: number }>;
  /** A channel to `endpoint` that does not ring yet; `variables` are set on it. */
  createCall(id: string, endpoint: string, variables?: Record<string, string>): Promise<void>;
  createBridge(id: string): Promise<void>;
  addToBridge(bridgeId: string, channelIds: string[]): Promise<void>;
  /** Rings; no answer within `timeoutMs`, in whole seconds upwards, ends the channel. */
  dial(id: string, timeoutMs: number): Promise<void>;
  sendDtmf(id: string, digits: string): Promise<void>;
  /** Gone is fine: a channel that does not exist has ended. */
  hangUp(id: string, reason?: "normal" | "congestion"): Promise<void>;
  /** Gone is fine. */
  destroyBridge(id: string): Promise<void>;
  channels(): Promise<AriChannel[]>;
  bridgeIds(): Promise<string[]>;
}

/** Longest wait for any answer. A request to a server that went away is otherwise never answered at all. */
const REQUEST_TIMEOUT_MS = 5_000;

/** Requests on their way at once. Asterisk queues ten new connections; an eleventh waits a second for its retry. */
const REQUESTS_AT_ONCE = 8;

/** Loading the client reads a dozen description files. */
const LOAD_TIMEOUT_MS = 10_000;
const OPEN_TIMEOUT_MS = 5_000;

const BACK_OFF = { firstMs: 100, longestMs: 5_000 };
/** How often the connection is tried; an answer must be there at the next one. */
const PING_EVERY_MS = 10_000;
/** After another program took our app over, how often it is asked whether that one is gone. */
const REPLACED_EVERY_MS = 5_000;

/**
 * ARI over the `ari-client` package, connected for ever. Nothing here throws into the event loop: a wrong password, a
 * server that is no ARI and an Asterisk that comes and goes are states of `health`.
 */
export class ConnectedAri implements Ari {
  readonly #settings: AriSettings;
  readonly #listener: AriListener;
  readonly #log: Log;
  readonly #schedule: Schedule;
  readonly #pingEveryMs: number;
  #client: FencedClient | undefined;
  #socket: AriSocket | undefined;
  #health: CarrierHealth = { state: "starting", detail: "Connecting to Asterisk." };
  #closed = false;
  #failures = 0;
  #inFlight = 0;
  #waiting: (() => void)[] = [];
  #failRequests = new Set<(error: OutsideError) => void>();
  #pongDue = false;
  #cancelTimer: () => void = () => {};

  constructor(deps: {
    settings: AriSettings;
    listener: AriListener;
    log: Log;
    schedule: Schedule;
    pingEveryMs?: number;
  }) {
    this.#settings = { ...deps.settings, url: new URL(deps.settings.url).origin };
    this.#listener = deps.listener;
    this.#log = deps.log;
    this.#schedule = deps.schedule;
    this.#pingEveryMs = deps.pingEveryMs ?? PING_EVERY_MS;
  }

  async start(): Promise<void> {
    await this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#lost("closed", false);
  }

  isUp(): boolean {
    return this.#health.state === "up";
  }

  health(): CarrierHealth {
    return this.#health;
  }

  async createMedia(
    id: string,
    to: { host: string; port: number },
    variables: Record<string, string>,
  ): Promise<{ host: string; port: number }> {
    const reply = await this.#request("channels", "externalMedia", {
      channelId: id,
      app: this.#settings.app,
      external_host: `${to.host}:${to.port}`,
      format: "ulaw",
      variables,
    });
    return read(() => parseMediaAddress(reply));
  }

  async createCall(id: string, endpoint: string, variables: Record<string, string> = {}): Promise<void> {
    await this.#request("channels", "create", { channelId: id, app: this.#settings.app, endpoint, variables });
  }

  async createBridge(id: string): Promise<void> {
    await this.#request("bridges", "create", { bridgeId: id, type: "mixing" });
  }

  async addToBridge(bridgeId: string, channelIds: string[]): Promise<void> {
    await this.#request("bridges", "addChannel", { bridgeId, channel: channelIds.join(",") });
  }

  async dial(id: string, timeoutMs: number): Promise<void> {
    await this.#request("channels", "dial", { channelId: id, timeout: Math.max(1, Math.ceil(timeoutMs / 1000)) });
  }

  async sendDtmf(id: string, digits: string): Promise<void> {
    await this.#request("channels", "sendDTMF", { channelId: id, dtmf: digits, duration: 100, between: 60 });
  }

  async hangUp(id: string, reason: "normal" | "congestion" = "normal"): Promise<void> {
    await goneIsFine(this.#request("channels", "hangup", { channelId: id, reason }));
  }

  async destroyBridge(id: string): Promise<void> {
    await goneIsFine(this.#request("bridges", "destroy", { bridgeId: id }));
  }

  async channels(): Promise<AriChannel[]> {
    const reply = await this.#request("channels", "list", {});
    return read(() => parseChannels(reply));
  }

  async bridgeIds(): Promise<string[]> {
    const reply = await this.#request("bridges", "list", {});
    return read(() => parseBridgeIds(reply));
  }

  /** One try; whatever comes of it, the next step is under way when it resolves. */
  async #connect(): Promise<void> {
    try {
      const problem = await this.#probe();
      if (this.#closed) return;
      if (problem) return this.#tryAgain(problem);
      const { url, username, password, app } = this.#settings;
      this.#client ??= await this.#within(LOAD_TIMEOUT_MS, loadFencedClient(url, username, password));
      if (this.#closed) return;
      await this.#within(OPEN_TIMEOUT_MS, this.#open(this.#client));
      await this.#setFilter(app);
    } catch (thrown) {
      if (this.#closed) return;
      this.#socket?.close();
      this.#socket = undefined;
      return this.#tryAgain(`Asterisk could not be connected to: ${messageOf(thrown)}.`);
    }
    if (this.#closed) return;
    if (!this.#socket) return this.#tryAgain("Asterisk closed the connection at once.");
    this.#failures = 0;
    this.#health = { state: "up", detail: `Connected to Asterisk as app ${this.#settings.app}.` };
    this.#log.info({}, "connected to Asterisk");
    this.#watch();
    this.#listener.onUp();
  }

  /** Whether there is an ARI that takes our credentials: null, or what is wrong and how to mend it. */
  async #probe(): Promise<string | null> {
    const { url, username, password } = this.#settings;
    let response: Response;
    try {
      response = await fetch(`${url}/ari/api-docs/resources.json`, {
        headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
        redirect: "manual",
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      if (response.status === 401 || response.status === 403) {
        return "Asterisk refused the user name or password: compare ARI_USERNAME and ARI_PASSWORD with ari.conf.";
      }
      if (response.status === 503) return "Asterisk is starting.";
      if (response.status !== 200) return NOT_ARI;
      const text = await response.text();
      return text.length < 1_000_000 && text.includes('"swaggerVersion"') && text.includes("channels") ? null : NOT_ARI;
    } catch {
      return "Asterisk does not answer at ARI_URL: start it, or correct the address.";
    }
  }

  /** Opens the events socket; resolves when it is open. */
  #open(client: FencedClient): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket = client.open(this.#settings.app, {
        onOpen: resolve,
        onEvent: (raw) => this.#heard(raw),
        onPong: () => {
          this.#pongDue = false;
        },
        onClosed: (reason) => {
          reject(new Error(reason));
          this.#lost(reason, true);
        },
      });
    });
  }

  /** The filter goes with the app, so it is set after every connect. A user who may only read is found out here. */
  async #setFilter(applicationName: string): Promise<void> {
    const filter = { allowed: [...READ_EVENTS, "ApplicationReplaced"].map((type) => ({ type })) };
    try {
      await this.#send("applications", "filter", { applicationName, filter });
    } catch (thrown) {
      if (thrown instanceof OutsideError && statusOf(thrown) === 403) {
        throw new Error("the user may only read: set read_only = no in ari.conf");
      }
      throw thrown;
    }
  }

  #heard(raw: unknown): void {
    if ((raw as { type?: unknown } | null)?.type === "ApplicationReplaced") return this.#replaced();
    try {
      const event = parseAriEvent(raw);
      if (event) this.#listener.onEvent(event);
    } catch (thrown) {
      this.#log.warn({ error: messageOf(thrown) }, "an event of Asterisk was not understood");
    }
  }

  #watch(): void {
    this.#pongDue = false;
    this.#after(this.#pingEveryMs, () => this.#ping());
  }

  #ping(): void {
    if (this.#pongDue) return this.#socket?.cut("no answer to a ping");
    this.#pongDue = true;
    this.#socket?.ping();
    this.#after(this.#pingEveryMs, () => this.#ping());
  }

  /** Another connection has our app. Taking it back would go on for ever, so we wait until it is free. */
  #replaced(): void {
    const detail = `Another program connected to Asterisk as app ${this.#settings.app}: stop it, or set ARI_APP.`;
    this.#log.error({}, "another program took over our app in Asterisk");
    this.#lost("replaced", false);
    this.#health = { state: "down", detail };
    this.#after(REPLACED_EVERY_MS, () => void this.#connectWhenFree());
  }

  async #connectWhenFree(): Promise<void> {
    const { url, username, password, app } = this.#settings;
    const status = await fetch(`${url}/ari/applications/${encodeURIComponent(app)}`, {
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    }).then(
      (response) => response.status,
      () => 0,
    );
    if (this.#closed) return;
    if (status === 200) this.#after(REPLACED_EVERY_MS, () => void this.#connectWhenFree());
    else await this.#connect();
  }

  #lost(reason: string, retry: boolean): void {
    const wasUp = this.isUp();
    const socket = this.#socket;
    this.#socket = undefined;
    if (wasUp) this.#health = { state: "down", detail: "The connection to Asterisk was lost; connecting again." };
    socket?.close();
    this.#failAll(new OutsideError("The connection to Asterisk was lost.", { retryable: true, cause: reason }));
    if (!wasUp || this.#closed) return;
    this.#log.warn({ reason }, "the connection to Asterisk was lost");
    this.#listener.onDown();
    if (retry) this.#after(BACK_OFF.firstMs, () => void this.#connect());
  }

  #tryAgain(problem: string): void {
    const delayMs = Math.min(BACK_OFF.longestMs, BACK_OFF.firstMs * 2 ** this.#failures++);
    if (this.#health.detail !== problem) this.#log.warn({ problem }, "not connected to Asterisk");
    this.#health = { state: "down", detail: problem };
    this.#after(delayMs, () => void this.#connect());
  }

  #after(delayMs: number, run: () => void): void {
    this.#cancelTimer();
    if (!this.#closed) this.#cancelTimer = this.#schedule(run, delayMs);
  }

  async #request(resource: string, operation: string, params: Record<string, unknown>): Promise<unknown> {
    if (!this.isUp()) throw new OutsideError("There is no connection to Asterisk.", { retryable: true });
    return this.#send(resource, operation, params);
  }

  /** One request, after those before it when too many are on their way. */
  async #send(resource: string, operation: string, params: Record<string, unknown>): Promise<unknown> {
    if (this.#inFlight >= REQUESTS_AT_ONCE) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#inFlight++;
    const what = `${resource}.${operation}`;
    const late = new OutsideError(`Asterisk did not answer ${what} in time.`, { retryable: true });
    let cancel = () => {};
    let fail: (error: OutsideError) => void = () => {};
    try {
      const client = this.#client;
      if (!client || !this.#socket) throw new OutsideError("There is no connection to Asterisk.", { retryable: true });
      return await new Promise((resolve, reject) => {
        fail = reject;
        this.#failRequests.add(fail);
        cancel = this.#schedule(() => reject(late), REQUEST_TIMEOUT_MS);
        client.call(resource, operation, params).then(resolve, (thrown) => reject(outsideError(what, thrown)));
      });
    } finally {
      cancel();
      this.#failRequests.delete(fail);
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inFlight--;
    }
  }

  async #within<T>(ms: number, work: Promise<T>): Promise<T> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#schedule(() => reject(new Error("it took too long")), ms);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }

  #failAll(error: OutsideError): void {
    for (const fail of [...this.#failRequests]) fail(error);
  }
}

const NOT_ARI =
  "What answers at ARI_URL is not Asterisk's REST interface, or it is still starting: check http.conf, ari.conf.";

const statusOf = (error: OutsideError): number => (error.cause instanceof AriRefusal ? error.cause.status : 0);

/** Asterisk's own words stay in `cause`: they may repeat what was asked for. */
const outsideError = (what: string, thrown: unknown): OutsideError => {
  const status = thrown instanceof AriRefusal ? thrown.status : 0;
  const retryable = status === 0 || status === 500 || status === 503;
  return new OutsideError(`Asterisk refused ${what}${status ? ` with ${status}` : ""}.`, { retryable, cause: thrown });
};

const goneIsFine = async (request: Promise<unknown>): Promise<void> => {
  try {
    await request;
  } catch (thrown) {
    if (!(thrown instanceof OutsideError) || statusOf(thrown) !== 404) throw thrown;
  }
};

const read = <T>(parse: () => T): T => {
  try {
    return parse();
  } catch (thrown) {
    throw new OutsideError("Asterisk's answer was not understood.", { retryable: false, cause: thrown });
  }
};
