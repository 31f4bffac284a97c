import type { Schedule } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { CallFact } from "../core/store/call-events.ts";
import type { Call } from "../core/store/call-record.ts";
import type { TransferFailure, TransferTarget } from "../core/transfer.ts";
import type { CarrierControl } from "../media/carriers/control.ts";
import type { MediaCommand, VoiceBrief, VoiceSettings, VoiceUsage } from "../media/engine/protocol.ts";
import type { AttemptEffect, AttemptInput, Transfer } from "./attempt-machine.ts";
import type { CallCommand } from "./call-commands.ts";
import { Consult, type Consults, unreached } from "./consult.ts";
import { consultBrief } from "./prompts/consult.ts";

/** How long supervisors have to take a call that the agent hands over, in ms: the callee waits meanwhile. */
const SUPERVISORS_MS = 45_000;
/** How long the phone of somebody whom the callee is to be connected with may ring, in ms. */
const CONNECT_TIMEOUT_MS = 30_000;

/** What handing a callee over stands on. */
export interface CallTransferDeps {
  call: Call;
  carrier: CarrierControl;
  /** Whether somebody may be connected with a callee of this tenant, and their number in one spelling. */
  mayConnect: (tenantId: string, phone: string) => Promise<{ ok: true; phone: string } | { ok: false }>;
  /** The voice's end of a call, for the private word with somebody. */
  voiceFor: (brief: VoiceBrief) => Promise<VoiceSettings>;
  /** Where the carrier sends packets. */
  rtpHost: string;
  /** The consults of this process. */
  consults: Consults;
  /** What was spent on the private word with somebody. */
  addUsage: (usage: VoiceUsage) => void;
  schedule: Schedule;
  send: (command: MediaCommand) => void;
  input: (input: AttemptInput) => void;
  /** Adds a line to the call's timeline. */
  note: (kind: string, detail: string, event?: CallFact) => void;
  /** Runs something later, once; a second time in place of the first. Returns how to stop it. */
  after: (ms: number, run: () => void) => () => void;
  log: Log;
}

/** The effects that are about handing the callee over. */
export type TransferEffect = Extract<
  AttemptEffect,
  {
    do:
      | "call-supervisors"
      | "connect"
      | "decline-transfer"
      | "tell-transfer"
      | "drop-transfer"
      | "step-aside"
      | "come-back"
      | "disconnect";
  }
>;

/** Hands the callee of one call over: to whoever of the supervisors takes it, or by telephone. */
export class CallTransfer {
  /** Whom the agent may connect the callee with; nobody on carriers that cannot. */
  targets: readonly TransferTarget[] = [];
  /** Language of the call, BCP 47. */
  language = "en";
  readonly #deps: CallTransferDeps;
  #stopWaiting = (): void => {};
  /** The private word with whom the callee is being handed to; null while there is none. */
  #consult: Consult | null = null;
  #consults = 0;
  /** Counts who was tried, so that nobody is rung whom nobody waits for any more. */
  #attempt = 0;

  constructor(deps: CallTransferDeps) {
    this.#deps = deps;
  }

  /** The agent's wish. */
  ask({ to: name, brief, warm, toolCallId }: Extract<CallCommand, { type: "transfer_call" }>): void {
    const isNamed = (target: TransferTarget): boolean => target.name.toLowerCase() === name?.toLowerCase();
    const to = name === null ? null : this.targets.find(isNamed);
    if (to === undefined) return this.#answer(toolCallId, NOBODY_OF_THAT_NAME, true);
    this.#deps.input({ type: "transfer", toolCallId, to, brief, warm, userId: null });
  }

  /** Carries out what the rules of the attempt ask for. */
  perform(effect: TransferEffect): void {
    const { send, call, note } = this.#deps;
    switch (effect.do) {
      case "call-supervisors":
        note("transfer.asked", `to a supervisor: ${effect.brief}`, this.#asked(null, effect.brief, null));
        this.#stopWaiting = this.#deps.after(SUPERVISORS_MS, () => this.#failed("nobody"));
        return;
      case "connect": {
        const { to, brief, userId, warm } = effect;
        const line = `to ${to.name}${warm ? ", who is briefed first" : ""}${brief === "" ? "" : `: ${brief}`}`;
        note("transfer.asked", line, this.#asked(to, brief, userId));
        return inBackground(this.#deps.log, "connect the callee with somebody", this.#reach(to, warm ? brief : null));
      }
      case "decline-transfer":
        if (effect.toolCallId === null) return note("transfer.failed", "not now");
        return this.#answer(effect.toolCallId, NOT_NOW[effect.why], effect.why === "too-many");
      case "tell-transfer":
        return this.#tell(effect.transfer, effect.outcome);
      case "drop-transfer":
        if (this.#consult) this.#consult.giveUp();
        else if (effect.transfer.to !== null) this.#disconnect();
        this.#consult = null;
        this.#attempt++;
        return this.#tell(effect.transfer, "call-over");
      case "step-aside":
        return send({ type: "away", callId: call.id, on: true, note: "" });
      case "come-back":
        return send({ type: "away", callId: call.id, on: false, note: CAME_BACK });
      case "disconnect":
        return this.#disconnect();
    }
  }

  /** @param brief what they are to be told in private first; null connects them at once */
  async #reach(to: TransferTarget, brief: string | null): Promise<void> {
    const { carrier, call, mayConnect, log } = this.#deps;
    const attempt = ++this.#attempt;
    try {
      const gate = await mayConnect(call.tenantId, to.phone);
      if (this.#attempt !== attempt) return;
      if (!gate.ok) return this.#failed("refused");
      if (brief !== null) return this.#brief({ ...to, phone: gate.phone }, brief);
      const answer = await carrier.connect?.({
        callId: call.id,
        to: gate.phone,
        timeoutMs: CONNECT_TIMEOUT_MS,
        ...(call.from === null ? {} : { from: call.from }),
        ...(call.organization === "" ? {} : { callerName: call.organization }),
      });
      if (answer?.ok) return this.#deps.input({ type: "transfer-joined" });
      this.#failed(answer ? unreached(answer.disposition) : "failed");
    } catch (thrown) {
      log.error({ problem: messageOf(thrown) }, "somebody could not be connected with the callee");
      this.#failed("failed");
    }
  }

  #brief(to: TransferTarget, brief: string): void {
    const { carrier, call, note, voiceFor, input, log } = this.#deps;
    if (carrier.join === undefined) return this.#failed("no-consult");
    const { calleeName, agentName, organization } = call;
    const facts = { person: to.name, brief, calleeName, agentName, organization, language: this.language };
    const consult = new Consult({
      ...this.#deps,
      id: `consult${++this.#consults}_${call.id}`,
      phone: to.phone,
      openVoice: () => voiceFor(consultBrief(facts)),
      log: log.child({ consult: this.#consults }),
      onAnswer: () =>
        note("transfer.briefing", `${to.name} is told in private what it is about, and asked to take over`),
      onOutcome: (outcome) => {
        this.#consult = null;
        if (outcome === "joined") input({ type: "transfer-joined" });
        else this.#failed(outcome);
      },
      onUsage: (usage) => this.#deps.addUsage(usage),
    });
    this.#consult = consult;
    consult.start();
  }

  #failed(why: TransferFailure): void {
    this.#deps.input({ type: "transfer-failed", why });
  }

  #disconnect(): void {
    const { carrier, call, log } = this.#deps;
    if (carrier.disconnect) inBackground(log, "disconnect somebody", carrier.disconnect(call.id));
  }

  #asked(to: TransferTarget | null, brief: string, userId: string | null): CallFact {
    return { type: "transfer.asked", callId: this.#deps.call.id, to: to?.name ?? null, userId, brief };
  }

  #tell({ to, toolCallId }: Transfer, outcome: "made" | "over" | TransferFailure): void {
    const { call, note } = this.#deps;
    const callId = call.id;
    const whom = to?.name ?? "a supervisor";
    this.#stopWaiting();
    if (outcome === "over")
      return note("transfer.over", `${whom} hung up`, { type: "transfer.over", callId, to: whom });
    if (outcome === "made") {
      note("transfer.made", `to ${whom}`, { type: "transfer.made", callId, to: to?.name ?? null });
      if (toolCallId !== null) this.#answer(toolCallId, HANDED_OVER, false);
      return;
    }
    const fact: CallFact = { type: "transfer.failed", callId, to: to?.name ?? null, why: outcome };
    note("transfer.failed", `to ${whom}: ${FAILURE[outcome]}`, fact);
    if (toolCallId === null) return;
    this.#answer(toolCallId, `Nothing came of it: ${FAILURE[outcome]}. ${GO_ON}`, outcome !== "call-over");
  }

  #answer(toolCallId: string, output: string, respond: boolean): void {
    this.#deps.send({ type: "tool-result", callId: this.#deps.call.id, toolCallId, output, respond });
  }
}

const NOT_NOW = {
  "one-is-open": "Something is under way already. Wait for its outcome.",
  "too-many": "Nobody could be reached several times. Go on yourself, and offer that somebody calls back.",
  "call-ends": "The call is ending; nobody is connected any more.",
  "taken-over": "A human colleague is speaking with the callee.",
} as const;
const NOBODY_OF_THAT_NAME =
  "There is nobody of that name to connect with. Use a name that the tool gives, or none for a human colleague.";
const HANDED_OVER = "A person speaks with the callee now. Say nothing until it is your turn again.";
const GO_ON = "The callee is still with you: tell them, and go on yourself or offer that somebody calls back.";
const CAME_BACK =
  "The person whom the callee was connected with has hung up; the callee is with you again. Ask whether there is anything else.";
const FAILURE: Readonly<Record<TransferFailure, string>> = {
  nobody: "nobody was free in time",
  busy: "the line was busy",
  "no-answer": "nobody answered",
  refused: "this number may not be called",
  declined: "they could not take the call",
  undecided: "they did not say in time whether they take the call",
  "no-consult": "nobody can be spoken with in private on this call; connect them without",
  failed: "the connection could not be made",
  "call-over": "the call ended, or went another way, first",
};
