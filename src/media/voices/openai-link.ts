import type { RealtimeClientEvent } from "openai/resources/realtime/realtime";
import { messageOf } from "../../core/errors.ts";
import { FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE } from "../audio/frame.ts";
import type { OpenAiRealtimeSettings } from "../engine/protocol.ts";
import type { AudioDelta, AudioDeltaReader } from "./audio-delta.ts";
import type { ServerEvent, ServerEventOf } from "./openai-events.ts";
import { answerSwitch, sessionProblems, sessionSetup, TURN_END_SILENCE_MS } from "./openai-session.ts";
import { RealtimeSocket, type SocketEnd } from "./openai-socket.ts";

/** From connecting to a session that is set up, in ms; longer is taken as never. */
const SETUP_MS = 5000;
/** The same while a callee waits in silence. */
const URGENT_SETUP_MS = 1500;
/** A quiet connection is asked whether it lives after this long, in ms; sooner while an answer is awaited. */
const PING_AFTER_MS = 4000;
const URGENT_PING_AFTER_MS = 2000;
/** Silence after a ping that means death, in ms. */
const PONG_MS = 2000;
/** A living connection that says nothing while an answer is awaited is of no use after this long, in ms. */
const ANSWER_MS = 8000;
/** Callee audio the network has not taken: about 5 s of it means a dead connection, in bytes. */
const MAX_BACKLOG_BYTES = 65_536;
/** Time between two looks at the connection, in ms. */
const LOOK_MS = 200;
/** Looks in which nothing came, at least, before silence counts: a stalled process must not take itself for a dead peer. */
const SILENT_LOOKS = 5;

/** Silence beyond what ends a turn, in ms. */
const END_MARGIN_MS = 200;

/** Handshake answers that the next try gets too. */
const FINAL_STATUS = new Set([400, 401, 403, 404, 429]);

/** What a link tells the voice. */
export interface LinkOwner {
  linkReady(link: RealtimeLink): void;
  linkAudio(link: RealtimeLink, delta: AudioDelta): void;
  linkEvent(link: RealtimeLink, event: ServerEvent): void;
  /** It is gone; told once. `final`: another one would meet the same end. */
  linkLost(link: RealtimeLink, detail: string, final: boolean): void;
  log(level: "info" | "warn" | "error", message: string): void;
}

/**
 * One session with the service: a connection that is set up, checked against what came back, and watched. Nothing but
 * the set-up is sent before it is `ready`. It owns no timer: `tick` gives it time.
 */
export class RealtimeLink {
  /** Ready for audio and for the conversation. */
  isReady = false;
  /** The service starts responses to the callee's turns by itself, by its own word. */
  answers: boolean;
  /** Where in the call's stream of callee frames the audio of this session begins, in ms. */
  streamStartMs = 0;
  readonly openedAtMs: number;
  readonly #settings: OpenAiRealtimeSettings;
  readonly #owner: LinkOwner;
  readonly #socket: RealtimeSocket | null;
  readonly #setupMs: number;
  #over = false;
  #withVoice = true;
  #setupId = "setup";
  #updates = 0;
  #wantsAnswers: boolean;
  #arrivals = 0;
  #arrivalAtMs: number;
  #messages = 0;
  #messageAtMs: number;
  #pingAtMs = -1;
  #lookAtMs = 0;
  #silentLooks = 0;
  #unansweredLooks = 0;
  #failure = "";

  /** @param urgent a callee is waiting: less time for the set-up */
  constructor(deps: {
    settings: OpenAiRealtimeSettings;
    delta: AudioDeltaReader;
    owner: LinkOwner;
    answers: boolean;
    urgent: boolean;
    nowMs: number;
  }) {
    this.#settings = deps.settings;
    this.#owner = deps.owner;
    this.answers = deps.answers;
    this.#wantsAnswers = deps.answers;
    this.#setupMs = deps.urgent ? URGENT_SETUP_MS : SETUP_MS;
    this.openedAtMs = this.#arrivalAtMs = this.#messageAtMs = deps.nowMs;
    this.#socket = this.#connect(deps.delta);
  }

  #connect(delta: AudioDeltaReader): RealtimeSocket | null {
    try {
      return new RealtimeSocket(this.#settings, delta, {
        audio: (audio) => this.#owner.linkAudio(this, audio),
        event: (event) => this.#event(event),
        unreadable: (detail) => this.#owner.log("warn", `voice: a message could not be read: ${detail}`),
        threw: (error) => this.#owner.log("error", `voice: handling a message failed: ${messageOf(error)}`),
        ended: (end) => this.#ended(end),
      });
    } catch {
      // Told by the next tick: the owner does not expect calls while it is being made.
      this.#failure = "the base URL or key cannot be used";
      return null;
    }
  }

  /** Sends an event once ready; before, nothing. */
  send(event: RealtimeClientEvent): void {
    if (this.isReady) this.#socket?.send(event);
  }

  /** One frame of the callee. */
  hear(frame: Uint8Array): void {
    if (this.isReady) this.#socket?.append(frame);
  }

  /** Lets the service answer the callee's turns from now on; `answers` follows when it agreed. */
  startAnswering(): void {
    this.#wantsAnswers = true;
    if (this.isReady && !this.answers) this.send(answerSwitch(`update-${++this.#updates}`, true));
  }

  /** The callee is gone: silence ends the turn that was being said, and no response is started any more. */
  hearOut(): void {
    this.#wantsAnswers = false;
    this.send(answerSwitch(`update-${++this.#updates}`, false));
    const silence = new Uint8Array(FRAME_SAMPLES).fill(ULAW_SILENCE);
    for (let ms = 0; ms < TURN_END_SILENCE_MS + END_MARGIN_MS; ms += FRAME_MS) this.hear(silence);
  }

  /**
   * Looks after the connection.
   * @param awaiting something is expected from the service
   */
  tick(nowMs: number, awaiting: boolean): void {
    if (this.#over || nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + LOOK_MS;
    const socket = this.#socket;
    if (!socket) return this.#lose(this.#failure, true);
    if (!this.isReady) {
      if (nowMs - this.openedAtMs > this.#setupMs) this.#lose("the session was not set up in time", false);
      return;
    }
    if (socket.arrivals !== this.#arrivals) {
      this.#arrivals = socket.arrivals;
      this.#arrivalAtMs = nowMs;
      this.#pingAtMs = -1;
      this.#silentLooks = 0;
    } else this.#silentLooks++;
    if (socket.messages !== this.#messages || !awaiting) {
      this.#messages = socket.messages;
      this.#messageAtMs = nowMs;
      this.#unansweredLooks = 0;
    } else this.#unansweredLooks++;
    const unanswered = nowMs - this.#messageAtMs > ANSWER_MS && this.#unansweredLooks >= SILENT_LOOKS;
    if (socket.backlogBytes > MAX_BACKLOG_BYTES) this.#lose("the connection takes no audio", false);
    else if (unanswered) this.#lose("the service does not answer", false);
    else if (this.#pingAtMs >= 0) {
      if (nowMs - this.#pingAtMs > PONG_MS && this.#silentLooks >= SILENT_LOOKS)
        this.#lose("the connection is silent", false);
    } else if (nowMs - this.#arrivalAtMs > (awaiting ? URGENT_PING_AFTER_MS : PING_AFTER_MS)) {
      this.#pingAtMs = nowMs;
      this.#silentLooks = 0;
      socket.ping();
    }
  }

  /** Gives up on this session and tells so. */
  fail(detail: string, final: boolean): void {
    this.#lose(detail, final);
  }

  /** Ends the session; tells nobody. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.isReady = false;
    this.#socket?.close();
  }

  #event(event: ServerEvent): void {
    if (this.#over) return;
    if (event.type === "session.created") this.#setUp();
    else if (event.type === "session.updated") this.#updated(event);
    else if (event.type === "error" && this.#refused(event)) return;
    else if (this.isReady) this.#owner.linkEvent(this, event);
  }

  #setUp(): void {
    this.#socket?.send(sessionSetup(this.#settings, this.#setupId, this.#wantsAnswers, this.#withVoice));
    this.answers = this.#wantsAnswers;
  }

  #updated(event: ServerEventOf<"session.updated">): void {
    if (this.isReady) {
      this.answers = event.session.audio.input.turn_detection?.create_response ?? true;
      return;
    }
    const problems = sessionProblems(this.#settings, event.session, this.answers, this.#withVoice);
    if (problems.length > 0) return this.#lose(`the session differs from its set-up in ${problems.join(", ")}`, true);
    this.isReady = true;
    if (this.#wantsAnswers && !this.answers) this.send(answerSwitch(`update-${++this.#updates}`, true));
    this.#owner.linkReady(this);
  }

  /** Whether an error was about the session itself. */
  #refused({ error }: ServerEventOf<"error">): boolean {
    const code = error.code ?? error.type ?? "unknown";
    if (error.code === "session_expired") {
      this.#lose("the session expired", false);
      return true;
    }
    if (error.event_id === this.#setupId) {
      if (error.code === "cannot_update_voice" && this.#withVoice) {
        this.#withVoice = false;
        this.#setupId = "setup-again";
        this.#setUp();
      } else this.#lose(`the session's set-up was refused: ${code} ${error.param ?? ""}`.trim(), true);
      return true;
    }
    if (!this.isReady) {
      this.#lose(`an error before the session was set up: ${code}`, error.code === "insufficient_quota");
      return true;
    }
    if (error.event_id?.startsWith("update-")) {
      // The voice starts the responses itself while `answers` is false.
      this.#owner.log("error", `voice: a change of turn detection was refused: ${code} ${error.param ?? ""}`.trim());
      return true;
    }
    return false;
  }

  #ended(end: SocketEnd): void {
    this.#lose(end.detail, end.httpStatus !== null && FINAL_STATUS.has(end.httpStatus));
  }

  #lose(detail: string, final: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.isReady = false;
    this.#socket?.abandon();
    this.#owner.linkLost(this, detail, final);
  }
}
