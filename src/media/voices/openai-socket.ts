import net from "node:net";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import type { RealtimeClientEvent } from "openai/resources/realtime/realtime";
import { messageOf } from "../../core/errors.ts";
import { AudioAppend } from "./audio-append.ts";
import type { AudioDelta, AudioDeltaReader } from "./audio-delta.ts";
import { readServerEvent, type ServerEvent } from "./openai-events.ts";

/** Largest message taken, in bytes: minutes of speech. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** A message that is text although it comes as bytes. */
const AS_TEXT = { binary: false };

/** How a socket ended: WebSocket close code, and the HTTP status if the service refused the handshake. */
export interface SocketEnd {
  code: number;
  httpStatus: number | null;
  /** Safe to log: names of protocol errors only. */
  detail: string;
}

/** Whom to connect to, and for what. `safetyId` is a hash, never a number or a name. */
export interface SocketTarget {
  apiKey: string;
  baseUrl: string;
  safetyId: string;
  /** A conversation with a model, or the writing down of speech, whose model is named in the session. */
  session: { model: string } | { intent: "transcription" };
}

/** What a socket tells its owner; nothing any more after `close`. */
export interface SocketOwner {
  /** Speech of the model; holds until the next message. */
  audio(delta: AudioDelta): void;
  event(event: ServerEvent): void;
  /** A message that could not be read; the session goes on. */
  unreadable(detail: string): void;
  /** The owner's own code threw while it handled a message. */
  threw(error: unknown): void;
  ended(end: SocketEnd): void;
}

/**
 * One connection to the Realtime API, through the vendor's client, which keeps the handshake and the error handling.
 * Its message listener is taken over so that speech, nearly all of the traffic, is read without JSON, and other events
 * without being told twice; errors, and what cannot be read, go back to it. Whatever fails, nothing is thrown into the
 * process.
 *
 * The client always asks for `wss:`. With an `http:` base URL the bytes go over plain TCP, for gateways and simulators
 * on the same machine.
 */
export class RealtimeSocket {
  /** Messages and pongs that came in. */
  arrivals = 0;
  /** Messages that came in. */
  messages = 0;
  readonly #client: OpenAIRealtimeWS;
  readonly #socket: OpenAIRealtimeWS["socket"];
  readonly #owner: SocketOwner;
  readonly #delta: AudioDeltaReader | null;
  readonly #append = new AudioAppend();
  #over = false;
  #httpStatus: number | null = null;
  #detail = "";

  /**
   * Starts to connect.
   * @param delta where speech is read into; shared by the sockets of one call. Null where none can come.
   * @throws when the base URL is not one
   */
  constructor(target: SocketTarget, delta: AudioDeltaReader | null, owner: SocketOwner) {
    this.#owner = owner;
    this.#delta = delta;
    const { apiKey, baseUrl, session } = target;
    const options: Record<string, unknown> = {
      maxPayload: MAX_MESSAGE_BYTES,
      headers: { "OpenAI-Safety-Identifier": target.safetyId },
    };
    const url = new URL(baseUrl);
    if (url.protocol === "http:" || url.protocol === "ws:") {
      const port = url.port === "" ? 80 : Number(url.port);
      options.createConnection = () => net.connect(port, url.hostname.replace(/^\[|\]$/g, ""));
    }
    this.#client = new OpenAIRealtimeWS({ ...session, options }, { apiKey, baseURL: baseUrl });
    this.#client.on("error", (error) => {
      // With `error` set it is an event of the service, which `event` brings too.
      if (!error.error && this.#detail === "") this.#detail = "connection failed";
      if (!this.#over && !error.error && this.isOpen) this.#guard(() => this.#owner.unreadable("not an event"));
    });
    this.#client.on("event", (event) => this.#read(event));
    this.#socket = this.#client.socket;
    this.#takeMessages();
    this.#socket.on("unexpected-response", (_request, response) => {
      this.#httpStatus = response.statusCode ?? null;
      this.#detail = `refused with HTTP ${this.#httpStatus ?? "?"}`;
      this.#socket.terminate();
    });
    this.#socket.on("pong", () => {
      this.arrivals++;
    });
    this.#socket.on("close", (code: number) => {
      if (this.#over) return;
      this.#over = true;
      const detail = this.#detail || `closed with ${code}`;
      this.#guard(() => this.#owner.ended({ code, httpStatus: this.#httpStatus, detail }));
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === 1;
  }

  /** Bytes that the network has not taken yet. */
  get backlogBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Sends an event; silently nothing once the socket is gone. */
  send(event: RealtimeClientEvent): void {
    if (!this.#over && this.isOpen) this.#client.send(event);
  }

  /** Sends one 160-byte frame of the person that is listened to at once. */
  append(frame: Uint8Array): void {
    if (this.#over || !this.isOpen) return;
    try {
      this.#socket.send(this.#append.of(frame), AS_TEXT);
    } catch {
      // The close event tells.
    }
  }

  ping(): void {
    try {
      if (!this.#over && this.isOpen) this.#socket.ping();
    } catch {
      // The close event tells.
    }
  }

  /** Ends the connection and tells nobody. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.isOpen) this.#client.close();
    else this.#socket.terminate();
  }

  /** Cuts a connection that no longer answers; tells nobody. */
  abandon(): void {
    this.#over = true;
    this.#socket.terminate();
  }

  #takeMessages(): void {
    const listeners = this.#socket.listeners("message") as ((data: unknown, isBinary: boolean) => void)[];
    this.#socket.removeAllListeners("message");
    this.#socket.on("message", (data: unknown, isBinary: boolean) => {
      this.arrivals++;
      this.messages++;
      if (this.#over) return;
      if (this.#delta && Buffer.isBuffer(data) && this.#delta.read(data)) {
        try {
          this.#owner.audio(this.#delta);
        } catch (error) {
          this.#threw(error);
        }
        return;
      }
      const event = Buffer.isBuffer(data) ? plainEvent(data) : null;
      if (event) this.#read(event);
      else for (const listener of listeners) this.#guard(() => listener.call(this.#socket, data, isBinary));
    });
  }

  #read(raw: unknown): void {
    if (this.#over) return;
    this.#guard(() => {
      const event = readServerEvent(raw);
      if (event === "unknown") return;
      if (event === "malformed") this.#owner.unreadable("unexpected shape");
      else if (event.type === "response.output_audio.delta") this.#readSlowly(event);
      else this.#owner.event(event);
    });
  }

  #readSlowly(event: { response_id: string; item_id: string; delta: string }): void {
    const bytes = Buffer.from(event.delta, "base64");
    this.#owner.audio({ responseId: event.response_id, itemId: event.item_id, bytes, length: bytes.length });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#threw(error);
    }
  }

  #threw(error: unknown): void {
    try {
      this.#owner.threw(error);
    } catch (again) {
      this.#detail = messageOf(again);
    }
  }
}

/** The event in a message; null for an error and for what is no event, which the client judges. */
const plainEvent = (message: Buffer): object | null => {
  try {
    const event = JSON.parse(message.toString()) as { type?: unknown } | null;
    return typeof event?.type === "string" && event.type !== "error" ? event : null;
  } catch {
    return null;
  }
};
