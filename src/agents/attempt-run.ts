import type { HangupCause } from "../core/call.ts";
import type { Clock, Schedule } from "../core/clock.ts";
import { messageOf, OutsideError } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { CallFact } from "../core/store/call-events.ts";
import { type Call, latencyOf } from "../core/store/call-record.ts";
import type { Store } from "../core/store/open.ts";
import type { CallSubject, CarrierControl, CarrierEvent } from "../media/carriers/control.ts";
import type { MediaHandle, MediaMessage } from "../media/engine/handle.ts";
import type {
  CallStats,
  RecordingFile,
  SpokenLine,
  VoiceBrief,
  VoiceSettings,
  VoiceUsage,
} from "../media/engine/protocol.ts";
import {
  ATTEMPT_START,
  type AttemptEffect,
  type AttemptInput,
  type AttemptState,
  stepAttempt,
} from "./attempt-machine.ts";
import type { CallCommand, CallCommands } from "./call-commands.ts";
import { CallTransfer } from "./call-transfer.ts";
import type { Consults } from "./consult.ts";
import { earlierCalls } from "./earlier-calls.ts";
import { OwnerQuestionOfCall } from "./owner-question.ts";
import { liveCallBrief } from "./prompts/live-call.ts";
import { toCommand } from "./tools/call-tools.ts";

/** How long leg, voice and recording may take to be opened, in ms; a demo's sentences are spoken in this time. */
const OPEN_TIMEOUT_MS = 20_000;
/** How long a phone may ring, in ms. */
const RING_TIMEOUT_MS = 45_000;
/** How long the last words may take to play before the line is cut, in ms. */
const FAREWELL_MS = 15_000;
/** The same where a person ends the call and waits for it. */
const FIRM_FAREWELL_MS = 8000;
/** How long the media thread may take to tell a closed call's figures, in ms. */
const CLOSE_TIMEOUT_MS = 3000;
/** Longest conversation: beyond it something is stuck, or costs more than it is worth. */
const MAX_TALK_MS = 30 * 60_000;

/** Makes the voice's end of one call. */
export type VoiceFor = (wanted: { call: Call; brief: VoiceBrief; about: CallSubject }) => Promise<VoiceSettings>;

/** What attempts need from their surroundings. */
export interface AttemptDeps {
  store: Store;
  media: MediaHandle;
  /** The carrier of a call, by the kind that the call was created with. */
  carrierFor: (kind: string) => CarrierControl;
  commands: CallCommands;
  voiceFor: VoiceFor;
  /** Said in this language, BCP 47, when a voice is lost for good in a conversation; null hangs up without a word. */
  apology: (language: string) => SpokenLine | null;
  /** The sound of an answer of the owner, for voices that speak no words of their own; without it they need none. */
  answerLine?: (answer: string) => Promise<SpokenLine>;
  /** The sound of an agent's farewell, for the same voices. */
  farewellLine?: (farewell: string, language: string) => Promise<SpokenLine>;
  /** Where the leg's packets are to be sent: the address the carrier reaches. */
  rtpHost: string;
  /** Absolute path of a new recording, and the same relative to the data folder; null records nothing. */
  recordingPath: (callId: string) => { absolute: string; relative: string } | null;
  /** Whether somebody may be connected with a callee of this tenant; without it nobody may. */
  mayConnect?: (tenantId: string, phone: string) => Promise<{ ok: true; phone: string } | { ok: false }>;
  /** Absolute path of what supervisors say in this call; null, and without it, records none of it. */
  supervisorPath?: (callId: string) => string | null;
  clock: Clock;
  schedule: Schedule;
  log: Log;
  metrics: Metrics;
}

/** One attempt: feeds the rules of `attempt-machine` with what happens and carries out what they ask for. */
export class Attempt {
  readonly tenantId: string;
  /** BCP 47, such as `en`. */
  language = "en";
  /** Resolves when the call is settled. */
  readonly over: Promise<void>;
  readonly #deps: AttemptDeps;
  readonly #call: Call;
  readonly #carrier: CarrierControl;
  readonly #log: Log;
  readonly #timers = new Map<string, () => void>();
  #state: AttemptState = ATTEMPT_START;
  #settled!: () => void;
  #stats: CallStats | null = null;
  readonly #latenciesMs: number[] = [];
  readonly #question: OwnerQuestionOfCall;
  readonly #transfer: CallTransfer;
  /** When the connection ended; what follows is only noting it. */
  #endedAt: number | null = null;
  /** What the agent is to say before a person ends the call. */
  #farewell: { instructions: string; spoken?: SpokenLine } = { instructions: GOODBYE };
  #recordingId: string | null = null;
  #recording: RecordingFile | null = null;
  /** Store writes of this call, one after the other. */
  #writes: Promise<void> = Promise.resolve();

  constructor(deps: AttemptDeps, call: Call, consults: Consults) {
    this.#deps = deps;
    this.#call = call;
    this.#carrier = deps.carrierFor(call.carrier);
    this.tenantId = call.tenantId;
    this.#log = deps.log.child({ callId: call.id });
    this.#question = new OwnerQuestionOfCall({ store: deps.store, clock: deps.clock, call });
    this.#transfer = new CallTransfer({
      call,
      carrier: this.#carrier,
      mayConnect: deps.mayConnect ?? (async () => ({ ok: false })),
      voiceFor: async (brief) => await deps.voiceFor({ call, brief, about: { ...call, context: "" } }),
      rtpHost: deps.rtpHost,
      consults,
      addUsage: (usage) => this.#spend(usage),
      schedule: deps.schedule,
      send: (command) => deps.media.send(command),
      input: (input) => this.input(input),
      note: (kind, detail, event) => this.#note(kind, detail, event),
      after: (ms, run) => this.#after("transfer", ms, run),
      log: this.#log,
    });
    this.over = new Promise((settled) => {
      this.#settled = settled;
    });
  }

  /** Whether the callee can be connected with somebody. */
  get canConnect(): boolean {
    return this.#carrier.connect !== undefined;
  }

  /** From the created call to the settled one. */
  async run(): Promise<void> {
    const stop = this.#deps.commands.listen(this.#call.id, (command) => this.#obey(command));
    this.#after("open", OPEN_TIMEOUT_MS, () => this.input({ type: "open-timeout" }));
    const opening = this.#open().catch((thrown) => {
      this.#log.error({ problem: messageOf(thrown) }, "a call could not be opened");
      this.input({ type: "open-failed", detail: thrown instanceof OutsideError ? thrown.message : "internal error" });
    });
    inBackground(this.#log, "open a call", opening);
    await this.over;
    stop();
  }

  async #open(): Promise<void> {
    const { store, media } = this.#deps;
    const call = this.#call;
    await store.calls.initiating(this.tenantId, call.id);
    const task = await store.tasks.get(this.tenantId, call.taskId);
    // A call that names no agent is made by the first one.
    const agent = task?.agentId
      ? await store.agents.get(this.tenantId, task.agentId)
      : ((await store.agents.list(this.tenantId))[0] ?? null);
    if (this.canConnect) this.#transfer.targets = agent?.transferTargets ?? [];
    this.language = task?.language ?? "en";
    this.#transfer.language = this.language;
    const earlier = task === null || call.attempt === 1 ? null : await earlierCalls(store, task);
    const ownerAnswer = earlier?.answers.at(-1)?.answer;
    const about = {
      action: call.action,
      context: task?.context ?? "",
      calleeName: call.calleeName,
      agentName: call.agentName,
      organization: call.organization,
      attempt: call.attempt,
      ...(ownerAnswer === undefined ? {} : { ownerAnswer }),
    };
    const brief = liveCallBrief({
      ...about,
      language: this.language,
      profile: agent?.instructions ?? "",
      transferTo: this.#transfer.targets.map(({ name }) => name),
      ...(earlier === null ? {} : { earlier }),
    });
    const words = agent?.farewell ?? "";
    const [leg, voice, spoken] = await Promise.all([
      this.#carrier.legFor({ callId: call.id, to: call.to, about }),
      this.#deps.voiceFor({ call, brief, about }),
      words === "" ? undefined : this.#deps.farewellLine?.(words, this.language),
    ]);
    if (words !== "") this.#farewell = { instructions: farewellOf(words), ...(spoken ? { spoken } : {}) };
    if (this.#state.at !== "opening") return;
    const path = this.#deps.recordingPath(call.id);
    if (path) {
      this.#recordingId = (await store.recordings.open(this.tenantId, call.id, { path: path.relative })).id;
    }
    const supervisorPath = this.#deps.supervisorPath?.(call.id) ?? null;
    const recordingPath = path?.absolute ?? null;
    media.send({ type: "open", call: { callId: call.id, leg, voice, recordingPath, supervisorPath } });
  }

  /** Something happened: the rules say what follows. */
  input(input: AttemptInput): void {
    const [state, effects] = stepAttempt(this.#state, input);
    this.#state = state;
    if (state.at === "closing" || state.at === "over") this.#endedAt ??= this.#deps.clock.now();
    for (const effect of effects) {
      try {
        this.#perform(effect);
      } catch (thrown) {
        // What follows, the settling above all, is still to be done.
        this.#log.error({ step: effect.do, problem: messageOf(thrown) }, "a step of a call failed");
      }
    }
  }

  #perform(effect: AttemptEffect): void {
    const { media, store } = this.#deps;
    const callId = this.#call.id;
    switch (effect.do) {
      case "originate":
        this.#write("dialing", () => store.calls.dialing(this.tenantId, callId));
        inBackground(this.#log, "originate", this.#originate(effect.port));
        return;
      case "note-ringing":
        media.send({ type: "prepare", callId });
        this.#write("ringing", () => store.calls.ringing(this.tenantId, callId));
        return;
      case "set-remote":
        media.send({ type: "remote", callId, host: effect.host, port: effect.port });
        return;
      case "answer":
        media.send({ type: "answer", callId });
        this.#write("answer", () => store.calls.answer(this.tenantId, callId));
        this.#after("time-limit", MAX_TALK_MS, () => this.input({ type: "time-limit" }));
        return;
      case "say-goodbye":
        if (effect.toolCallId === null) media.send({ type: "say", callId, instructions: GOODBYE });
        else media.send(toolResult(callId, effect.toolCallId, GOODBYE, true));
        return;
      case "say-farewell":
        media.send({ type: "say", callId, now: true, ...this.#farewell });
        return;
      case "apologise": {
        const apology = this.#deps.apology(this.language);
        if (apology) media.send({ type: "play", callId, line: apology });
        return;
      }
      case "drain":
        return this.#drain(effect.expectSpeech, effect.firm ?? false);
      case "go-on":
        media.send(toolResult(callId, effect.toolCallId, GO_ON[effect.why], false));
        return;
      case "ask-owner":
        this.#noteTool("request_user_info", true, effect.question);
        this.#after("owner", effect.timeoutMs, () => this.input({ type: "owner-silent" }));
        return inBackground(this.#log, "ask the owner", this.#askOwner(effect));
      case "decline-question":
        this.#noteTool("request_user_info", false, "declined");
        media.send(toolResult(callId, effect.toolCallId, DECLINED[effect.why], effect.why === "too-many"));
        return;
      case "tell-answer":
        this.#timers.get("owner")?.();
        this.#question.answered();
        this.#note("question", "the owner answered");
        return inBackground(this.#log, "tell the answer", this.#tellAnswer(effect));
      case "say-no-answer":
        media.send(toolResult(callId, effect.toolCallId, NO_ANSWER, true));
        return;
      case "drop-question":
        this.#timers.get("owner")?.();
        this.#note("question", "no answer came in time");
        if (effect.toolCallId !== null) {
          media.send(toolResult(callId, effect.toolCallId, DROPPED[effect.why], false));
        }
        return inBackground(this.#log, "drop a question", this.#question.drop());
      case "call-supervisors":
      case "connect":
      case "decline-transfer":
      case "tell-transfer":
      case "drop-transfer":
      case "step-aside":
      case "come-back":
      case "disconnect":
        return this.#transfer.perform(effect);
      case "hang-up-carrier":
        inBackground(this.#log, "hang up", this.#carrier.hangUp(callId));
        return;
      case "close-media":
        media.send({ type: "close", callId });
        this.#after("close", CLOSE_TIMEOUT_MS, () => this.input({ type: "close-timeout" }));
        return;
      case "settle":
        for (const stop of this.#timers.values()) stop();
        inBackground(this.#log, "settle", this.#settle(effect.end));
    }
  }

  #drain(expectSpeech: boolean, firm: boolean): void {
    const maxMs = firm ? FIRM_FAREWELL_MS : FAREWELL_MS;
    this.#deps.media.send({ type: "drain", callId: this.#call.id, maxMs, expectSpeech, firm });
  }

  async #originate(port: number): Promise<void> {
    const { rtpHost } = this.#deps;
    const { id: callId, to, from, organization, attempt } = this.#call;
    const request = { callId, to, attempt, timeoutMs: RING_TIMEOUT_MS, mediaHost: rtpHost, mediaPort: port };
    try {
      const answer = await this.#carrier.originate({
        ...request,
        ...(from === null ? {} : { from }),
        ...(organization === "" ? {} : { callerName: organization }),
      });
      if (!answer.ok) this.input({ type: "refused", end: answer });
    } catch (thrown) {
      this.#log.error({ problem: messageOf(thrown) }, "the carrier could not be asked to dial");
      const detail = thrown instanceof OutsideError ? thrown.message : "the carrier could not be asked to dial";
      this.input({ type: "refused", end: { cause: "trunk-failure", disposition: "trunk-failure", detail } });
    }
  }

  /** Stores something about this call after all that was stored before; a failure is logged and ends nothing. */
  #write(what: string, work: () => Promise<unknown>): void {
    this.#writes = this.#writes.then(work).then(
      () => undefined,
      (thrown) => this.#log.error({ what, problem: messageOf(thrown) }, "a call could not be stored"),
    );
  }

  #after(name: string, ms: number, run: () => void): () => void {
    this.#timers.get(name)?.();
    const stop = this.#deps.schedule(run, ms);
    this.#timers.set(name, stop);
    return stop;
  }

  /** What the carrier says about this call. */
  onCarrier(event: CarrierEvent): void {
    switch (event.type) {
      case "media":
        return this.input({ type: "carrier-media", host: event.host, port: event.port });
      case "dtmf":
        return this.#noteKey(event.digit);
      case "ended":
        return this.input({ type: "carrier-ended", end: event });
      default:
        return this.input({ type: event.type });
    }
  }

  /** What the media thread says about this call. */
  onMedia(event: Exclude<MediaMessage, { type: "media-died" | "log" }>): void {
    const { store, metrics } = this.#deps;
    const callId = this.#call.id;
    switch (event.type) {
      case "opened":
      case "open-failed":
      case "callee-hung-up":
      case "media-lost":
      case "drained":
      case "supervised":
        return this.input(event);
      case "voice-lost":
        this.#noteVoiceLost(event.recovered, event.detail);
        return event.recovered ? undefined : this.input(event);
      case "tool-call":
        return this.#toolCall(event);
      case "turn":
        return this.#write("turn", () => store.transcripts.put(this.tenantId, callId, event.turn));
      case "usage":
        return this.#spend(event.usage);
      case "latency":
        metrics.turnLatencyMs.observe(event.ms);
        return this.#noteLatency(event.ms);
      case "barge-in":
        metrics.bargeIns.inc();
        return this.#note("barge-in", `the callee spoke over the agent ${event.atMs} ms after the answer`);
      case "dtmf":
        return this.#noteKey(event.digit);
      case "notice-tone":
        return this.#note("supervisor", NOTICED[event.why]);
      case "transcriber-lost":
        this.#log.warn({ detail: event.detail }, "what supervisors say is not written down any more");
        return this.#note("supervisor", "what supervisors say is not written down any more");
      case "closed":
        this.#stats = event.stats;
        this.#recording = event.recording;
        metrics.framesSent.inc(event.stats.framesSent);
        metrics.lateFrames.inc(event.stats.lateFrames);
        if (event.stats.firstWordMs !== null) metrics.firstWordMs.observe(event.stats.firstWordMs);
        return this.input({ type: "closed" });
      case "voice-ready":
      case "partial":
        return;
    }
  }

  #spend(usage: VoiceUsage): void {
    const { metrics, store } = this.#deps;
    metrics.voiceCostUsd.inc({ provider: usage.provider }, usage.costUsd);
    this.#write("usage", () => store.calls.addUsage(this.tenantId, this.#call.id, usage));
  }

  /** Adds a line to the call's timeline, and where others should hear of it, an event. */
  #note(kind: string, detail: string, event?: CallFact): void {
    const entry = { at: this.#deps.clock.now(), kind, detail, ...(event ? { event } : {}) };
    this.#write(kind, () => this.#deps.store.callEvents.add(this.tenantId, this.#call.id, entry));
  }

  /** How fast the agent answers is to be seen while the call goes on. */
  #noteLatency(ms: number): void {
    this.#latenciesMs.push(ms);
    const latency = latencyOf(this.#latenciesMs);
    if (latency === null) return;
    this.#write("latency", () => this.#deps.store.calls.setLatency(this.tenantId, this.#call.id, latency));
  }

  #noteVoiceLost(recovered: boolean, detail: string): void {
    const line = recovered ? "the voice's session broke; a new one carries on" : "the voice was lost";
    this.#note("voice", line, { type: "voice.lost", callId: this.#call.id, recovered, detail });
  }

  #noteTool(name: string, ok: boolean, result: string): void {
    this.#note("tool", `${name}: ${result}`, { type: "tool.called", callId: this.#call.id, name, ok, result });
  }

  #noteKey(digit: string): void {
    this.#note("dtmf", `received ${digit}`, { type: "dtmf.received", callId: this.#call.id, digit });
  }

  #toolCall(event: Extract<MediaMessage, { type: "tool-call" }>): void {
    const parsed = toCommand(event);
    if (!parsed.ok) {
      this.#noteTool(event.name.slice(0, 64), false, "refused");
      this.#deps.media.send(toolResult(this.#call.id, event.toolCallId, parsed.problem, true));
      return;
    }
    this.#deps.commands.send(this.#call.id, parsed.command);
  }

  /** Carries a command out; false for an answer to a question that is not open any more. */
  #obey(command: CallCommand): boolean {
    if (command.type === "owner_answered" && !this.#question.is(command.questionId)) return false;
    this.#carryOut(command);
    return true;
  }

  #carryOut(command: CallCommand): void {
    switch (command.type) {
      case "hang_up":
        return this.input({ type: command.politely ? "end-politely" : "hang-up" });
      case "end_call": {
        this.#noteTool(command.type, true, command.reason);
        const disposition = command.reason === "voicemail" ? "voicemail" : "answered";
        const { toolCallId, speaking } = command;
        return this.input({ type: "farewell", disposition, toolCallId, speaking });
      }
      case "reschedule_call_trigger_analysis": {
        this.#noteTool(command.type, true, JSON.stringify({ reason: command.reason, when: command.when }));
        const { toolCallId, speaking } = command;
        return this.input({ type: "farewell", disposition: "answered", toolCallId, speaking });
      }
      case "request_user_info":
        return this.input({ ...command, type: "ask-owner" });
      case "transfer_call":
        this.#noteTool(command.type, true, command.to ?? "a supervisor");
        return this.#transfer.ask(command);
      case "connect":
        return this.input({ ...command, type: "transfer", toolCallId: null });
      case "owner_answered":
        return this.input({ type: "owner-answered", answer: command.answer });
      case "send_dtmf":
        return inBackground(this.#log, "send keys", this.#sendKeys(command.digits, command.toolCallId));
    }
  }

  async #askOwner(asked: { toolCallId: string; question: string; timeoutMs: number }): Promise<void> {
    try {
      await this.#question.ask(asked);
    } catch (thrown) {
      this.#log.error({ problem: messageOf(thrown) }, "the owner could not be asked");
      this.input({ type: "owner-silent" });
    }
  }

  async #tellAnswer({ toolCallId, answer }: { toolCallId: string; answer: string }): Promise<void> {
    const spoken = await this.#deps.answerLine?.(answer);
    this.#deps.media.send({
      ...toolResult(this.#call.id, toolCallId, `The person you call for answered: ${JSON.stringify(answer)}`, true),
      ...(spoken ? { spoken } : {}),
    });
  }

  async #sendKeys(digits: string, toolCallId: string | null): Promise<void> {
    let output = "The keys were pressed. Wait for what the other side says.";
    try {
      await this.#carrier.sendDtmf(this.#call.id, digits);
      this.#note("dtmf", toolCallId === null ? `a supervisor sent ${digits}` : `sent ${digits}`, {
        type: "dtmf.sent",
        callId: this.#call.id,
        digits,
      });
    } catch (thrown) {
      this.#log.warn({ problem: messageOf(thrown) }, "keys could not be sent");
      if (toolCallId === null) this.#note("dtmf", "keys of a supervisor could not be sent");
      output = "The keys could not be sent. Tell the callee in words instead.";
    }
    if (toolCallId === null) return;
    this.#deps.media.send(toolResult(this.#call.id, toolCallId, output, false));
  }

  async #settle(end: { cause: HangupCause; disposition: Call["disposition"] & string; detail: string }): Promise<void> {
    const { store, metrics, clock } = this.#deps;
    try {
      if (this.#recordingId !== null) {
        const { durationMs, bytes } = this.#recording ?? { durationMs: 0, bytes: 0 };
        this.#write("recording", () => store.recordings.close(this.tenantId, this.#call.id, { durationMs, bytes }));
      }
      await this.#writes;
      const settled = await store.calls.settle(this.tenantId, this.#call.id, {
        cause: end.cause,
        disposition: end.disposition,
        at: clock.now(),
        endedAt: this.#endedAt ?? clock.now(),
        ...(this.#stats ? { stats: this.#stats } : {}),
        ...(end.detail === "" ? {} : { detail: end.detail }),
      });
      if (settled.ok) {
        const { status, disposition, durationMs } = settled.call;
        metrics.callsEnded.inc({ status, disposition: disposition ?? "failed" });
        this.#log.info({ status, disposition, cause: end.cause, durationMs }, "the call ended");
      }
    } finally {
      this.#settled();
    }
  }
}

const GOODBYE = "Say one short goodbye to the callee now, nothing else. The line is cut after it.";
const farewellOf = (words: string): string =>
  `Say goodbye to the callee now with exactly these words, and nothing else: ${JSON.stringify(words)} The line is cut after it.`;
const NO_ANSWER =
  "The person you call for did not answer in time. Tell the callee that you will call again with the answer, thank them and say goodbye, nothing else. The line is cut after it.";
const DECLINED = {
  "one-is-open": "A question is already before them. Wait for its outcome.",
  "too-many": "They were asked too often in this call. Go on without it, or end the call politely.",
  "call-ends": "The call is ending; nothing can be asked any more.",
  "taken-over": "A human colleague speaks with the callee now; nothing can be asked.",
} as const;
const DROPPED = {
  "no-answer": "The person you call for did not answer in time. Do not wait for the answer any longer.",
  "call-ends": DECLINED["call-ends"],
} as const;
const GO_ON = {
  "callee-talks":
    "The callee is still talking, so the line was not cut. Go on with the conversation; end the call later.",
  "taken-over":
    "A human colleague speaks with the callee now, so the line was not cut. Say nothing until you are told.",
  "call-ends": "The call is ending already; the line is cut after your goodbye.",
} as const;

const NOTICED = {
  listens: "The caller heard a tone: a supervisor listens",
  speaks: "The caller heard a tone: a supervisor can be heard",
} as const;

const toolResult = (callId: string, toolCallId: string, output: string, respond: boolean) =>
  ({ type: "tool-result", callId, toolCallId, output, respond }) as const;
