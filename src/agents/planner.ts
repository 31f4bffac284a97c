import { type CampaignPlan, readPlan } from "../core/campaign-plan.ts";
import type { Clock } from "../core/clock.ts";
import { assert, messageOf, OutsideError } from "../core/errors.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Conversation, ConversationMessage } from "../core/store/conversation-record.ts";
import type { Store } from "../core/store/open.ts";
import type { ListedContact } from "./contact-list.ts";
import { type LookUp, MAX_ANSWER } from "./look-up-evidence.ts";
import type { Model, ModelMessage, ModelTool, ModelUsage } from "./models/model.ts";
import { type CheckedTurn, checkTurn, ModelTurn, type PlannerQuestion } from "./planner-turn.ts";
import { plannerPrompt } from "./prompts/planner.ts";
import type { LookUpTools } from "./tools/look-ups.ts";

/** What the assistant is called unless the user says otherwise. */
export const DEFAULT_DISPLAY_NAME = "APPU";
/** Longest message of a user and longest answer to one question, in characters. */
export const MAX_MESSAGE = 4000;
/** Longest display name, in characters. */
export const MAX_DISPLAY_NAME = 60;

/** Messages after which a conversation takes no more: a model would have to read them all each time. */
const MAX_MESSAGES = 300;
/** Times a model is told what is wrong with its answer before the turn fails. */
const MAX_REPAIRS = 3;
const MAX_TOOL_ROUNDS = 8;

/** What goes with an assistant's message. */
export interface AssistantData {
  status: CheckedTurn["status"];
  questions: PlannerQuestion[];
  /** The text notes what the user changed by hand. */
  isNote?: boolean;
}

/** What goes with a user's message. */
export interface UserData {
  answers?: Record<string, string>;
  username?: string;
}

/** What goes with a message of the role `tool`: a look-up, a list the user gave, or whom of their lists they took off. */
export type ToolData =
  | { kind: "look-up"; lookUp: LookUp }
  | { kind: "contacts"; contacts: ListedContact[] }
  | { kind: "taken-off"; phones: string[] };

/** A turn under way. */
export interface RunningTurn {
  /** The reply as far as it is written. */
  text: string;
  /** What is being looked up, one line each. */
  notes: string[];
  /** Settled when the turn is over, whatever came of it; never rejects. */
  over: Promise<TurnOutcome>;
}

/** What came of a turn: an answer that is stored, or one sentence why there is none. */
export type TurnOutcome =
  | { ok: true; turn: CheckedTurn }
  | { ok: false; reason: "stopped" | "failed"; problem: string };

/** Why nothing can be said in a conversation now. */
export type SayRefusal = "unknown-conversation" | "busy" | "scheduled" | "too-long" | "nothing-to-answer";

/** Something the user says. */
export interface UserMessage {
  text: string;
  answers?: Record<string, string>;
  /** Who speaks, where the asker says so. */
  username?: string;
}

/** What a planner is made of. */
export interface PlannerParts {
  store: Store;
  model: Model;
  /** Look-ups the model may ask for; none where nothing is configured. */
  lookUps: LookUpTools;
  clock: Clock;
  log: Log;
  /** IANA zone of the people who plan. */
  zone: string;
}

/** Conversations that end in plans. */
export interface Planner {
  /** Stores the message and starts to answer; refused while another answer is being written. */
  say(
    tenantId: string,
    conversationId: string,
    message: UserMessage,
  ): Promise<{ ok: true; running: RunningTurn } | { ok: false; reason: SayRefusal }>;
  /** Answers the last message again: after a stop, a failure or a restart. */
  retry(
    tenantId: string,
    conversationId: string,
  ): Promise<{ ok: true; running: RunningTurn } | { ok: false; reason: SayRefusal }>;
  /** Ends the answer under way; false when there is none. */
  stop(conversationId: string): boolean;
  running(conversationId: string): RunningTurn | null;
  /** Why the last turn has no answer; null when it has one, and after a restart. */
  problem(conversationId: string): string | null;
  /** Rings on every change of the turn under way; the answer stops it. */
  subscribe(conversationId: string, ring: () => void): () => void;
  /** Puts a plan that people changed in the place of the old one; what changed becomes part of the conversation. */
  edit(
    tenantId: string,
    conversationId: string,
    plan: unknown,
    what: string,
  ): Promise<
    { ok: true; conversation: Conversation } | { ok: false; reason: SayRefusal | "bad-plan"; problems: string[] }
  >;
  /** Adds people of a list to the conversation, and to its plan when there is one. */
  addContacts(
    tenantId: string,
    conversationId: string,
    contacts: readonly ListedContact[],
  ): Promise<{ ok: true } | { ok: false; reason: SayRefusal }>;
  /** Ends all turns and waits for them. */
  close(): Promise<void>;
}

/** The parts of a conversation's messages that plans are checked against. */
export const lookUpsOf = (messages: readonly ConversationMessage[]): LookUp[] =>
  messages.flatMap(({ role, data }) => {
    const tool = role === "tool" ? (data as ToolData | null) : null;
    return tool?.kind === "look-up" ? [tool.lookUp] : [];
  });

/** Everybody on the lists the user gave, but for those the user took off the plan afterwards; each number once. */
export const listedOf = (messages: readonly ConversationMessage[]): ListedContact[] => {
  const listed = new Map<string, ListedContact>();
  for (const { role, data } of messages) {
    const tool = role === "tool" ? (data as ToolData | null) : null;
    if (tool?.kind === "contacts") for (const one of tool.contacts) listed.set(one.phone, one);
    if (tool?.kind === "taken-off") for (const phone of tool.phones) listed.delete(phone);
  }
  return [...listed.values()];
};

/** The questions that wait for answers: those of the last assistant's message, when nothing was said after it. */
export const openQuestions = (messages: readonly ConversationMessage[]): PlannerQuestion[] => {
  const last = messages.findLast(({ role }) => role !== "tool");
  return last?.role === "assistant" ? ((last.data as AssistantData | null)?.questions ?? []) : [];
};

/** Builds the planner. Turns run in the background of a request and outlive it. */
export const createPlanner = (parts: PlannerParts): Planner => new PlannerOf(parts);

interface Turn extends RunningTurn {
  stop: AbortController;
}

class PlannerOf implements Planner {
  readonly #parts: PlannerParts;
  readonly #turns = new Map<string, Turn>();
  readonly #problems = new Map<string, string>();
  readonly #rings = new Map<string, Set<() => void>>();

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  async say(tenantId: string, conversationId: string, message: UserMessage) {
    const { conversations } = this.#parts.store;
    const refused = await this.#refusal(tenantId, conversationId);
    if (refused !== null) return { ok: false as const, reason: refused };
    if (this.#turns.has(conversationId)) return { ok: false as const, reason: "busy" as const };
    const turn = this.#begin(conversationId);
    const data: UserData = {
      ...(message.answers && Object.keys(message.answers).length > 0 ? { answers: message.answers } : {}),
      ...(message.username ? { username: message.username } : {}),
    };
    const stored = conversations.append(tenantId, conversationId, { role: "user", text: message.text, data });
    turn.over = stored.then(() => this.#run(tenantId, conversationId, turn));
    await stored;
    return { ok: true as const, running: turn };
  }

  async retry(tenantId: string, conversationId: string) {
    const refused = await this.#refusal(tenantId, conversationId);
    if (refused !== null) return { ok: false as const, reason: refused };
    const messages = await this.#parts.store.conversations.messages(tenantId, conversationId);
    if (messages.findLast(({ role }) => role !== "tool")?.role !== "user") {
      return { ok: false as const, reason: "nothing-to-answer" as const };
    }
    if (this.#turns.has(conversationId)) return { ok: false as const, reason: "busy" as const };
    const turn = this.#begin(conversationId);
    turn.over = this.#run(tenantId, conversationId, turn);
    return { ok: true as const, running: turn };
  }

  stop(conversationId: string): boolean {
    const turn = this.#turns.get(conversationId);
    turn?.stop.abort();
    return turn !== undefined;
  }

  running(conversationId: string): RunningTurn | null {
    return this.#turns.get(conversationId) ?? null;
  }

  problem(conversationId: string): string | null {
    return this.#problems.get(conversationId) ?? null;
  }

  subscribe(conversationId: string, ring: () => void): () => void {
    const rings = this.#rings.get(conversationId) ?? new Set();
    rings.add(ring);
    this.#rings.set(conversationId, rings);
    return () => {
      rings.delete(ring);
      if (rings.size === 0 && this.#rings.get(conversationId) === rings) this.#rings.delete(conversationId);
    };
  }

  async edit(tenantId: string, conversationId: string, plan: unknown, what: string) {
    const { clock, store } = this.#parts;
    const refused = await this.#refusal(tenantId, conversationId);
    if (refused !== null) return { ok: false as const, reason: refused, problems: [] };
    const read = readPlan(plan, clock.now());
    if (!read.ok) {
      return { ok: false as const, reason: "bad-plan" as const, problems: read.problems.map(({ message }) => message) };
    }
    await this.#takeOff(tenantId, conversationId, read.plan);
    const conversation = await store.conversations.setPlan(tenantId, conversationId, read.plan, "plan_complete");
    if (conversation === null) return { ok: false as const, reason: "scheduled" as const, problems: [] };
    // Not the last word: the note is part of the assistant's turn, so that nothing waits for an answer.
    await store.conversations.append(tenantId, conversationId, {
      role: "assistant",
      text: what,
      data: { status: "plan_complete", questions: [], isNote: true } satisfies AssistantData,
    });
    return { ok: true as const, conversation };
  }

  /** Who was on the plan and is not any more is not called for being on a list. */
  async #takeOff(tenantId: string, conversationId: string, plan: CampaignPlan): Promise<void> {
    const { conversations } = this.#parts.store;
    const before = (await conversations.get(tenantId, conversationId))?.plan?.contacts ?? [];
    const listed = new Set(listedOf(await conversations.messages(tenantId, conversationId)).map(({ phone }) => phone));
    const left = new Set(plan.contacts.map(({ phone }) => phone));
    const phones = before.map(({ phone }) => phone).filter((phone) => listed.has(phone) && !left.has(phone));
    if (phones.length === 0) return;
    const data: ToolData = { kind: "taken-off", phones };
    await conversations.append(tenantId, conversationId, { role: "tool", text: "Taken off the plan", data });
  }

  async addContacts(tenantId: string, conversationId: string, contacts: readonly ListedContact[]) {
    const refused = await this.#refusal(tenantId, conversationId);
    if (refused !== null) return { ok: false as const, reason: refused };
    await this.#parts.store.conversations.append(tenantId, conversationId, {
      role: "tool",
      text: `A list of ${contacts.length} contacts`,
      data: { kind: "contacts", contacts: [...contacts] } satisfies ToolData,
    });
    return { ok: true as const };
  }

  async close(): Promise<void> {
    for (const turn of this.#turns.values()) turn.stop.abort();
    await Promise.all([...this.#turns.values()].map((turn) => turn.over));
  }

  async #refusal(tenantId: string, conversationId: string): Promise<SayRefusal | null> {
    const { conversations } = this.#parts.store;
    const conversation = await conversations.get(tenantId, conversationId);
    if (conversation === null) return "unknown-conversation";
    if (conversation.stage === "scheduled") return "scheduled";
    const messages = await conversations.messages(tenantId, conversationId);
    if (messages.length >= MAX_MESSAGES) return "too-long";
    return this.#turns.has(conversationId) ? "busy" : null;
  }

  #begin(conversationId: string): Turn {
    const turn: Turn = {
      text: "",
      notes: [],
      over: Promise.resolve({ ok: false, reason: "failed", problem: "" }),
      stop: new AbortController(),
    };
    this.#turns.set(conversationId, turn);
    this.#problems.delete(conversationId);
    return turn;
  }

  async #run(tenantId: string, conversationId: string, turn: Turn): Promise<TurnOutcome> {
    let outcome: TurnOutcome;
    try {
      outcome = { ok: true, turn: await this.#answer(tenantId, conversationId, turn) };
    } catch (thrown) {
      if (turn.stop.signal.aborted) outcome = { ok: false, reason: "stopped", problem: "Stopped." };
      else {
        const isOutside = thrown instanceof OutsideError;
        if (!isOutside) this.#parts.log.error({ conversationId, problem: messageOf(thrown) }, "a planning turn failed");
        const problem = isOutside ? thrown.message : "Something broke on our side.";
        outcome = { ok: false, reason: "failed", problem };
      }
      this.#problems.set(conversationId, outcome.problem);
      const { usage } = thrown as { usage?: ModelUsage | null };
      if (usage) this.#account(tenantId, conversationId, usage);
    }
    this.#turns.delete(conversationId);
    this.#ring(conversationId);
    return outcome;
  }

  async #answer(tenantId: string, conversationId: string, turn: Turn): Promise<CheckedTurn> {
    const { store, model, clock, zone } = this.#parts;
    const { conversations } = store;
    const conversation = await conversations.get(tenantId, conversationId);
    assert(conversation !== null, "a conversation that was read is there");
    const messages = await conversations.messages(tenantId, conversationId);
    const lookUps = lookUpsOf(messages);
    const contactList = listedOf(messages);
    const user = await store.users.get(tenantId, conversation.userId);
    const facts = {
      contactList,
      displayName: conversation.displayName,
      plan: conversation.plan,
      nowMs: clock.now(),
      evidence: () => ({
        userTexts: messages.filter(({ role }) => role === "user").map(userTextOf),
        lookUps,
        listed: new Set(contactList.map(({ phone }) => phone)),
      }),
    };
    const schema = ModelTurn.superRefine((given, context) => {
      const check = checkTurn(given, facts);
      if (!check.ok) for (const message of check.problems) context.addIssue({ code: "custom", message });
    });
    const { value, usage } = await model.complete({
      purpose: "planner",
      system: plannerPrompt({
        ...facts,
        userName: userNameOf(messages) ?? (user === null || user.name === "Owner" ? "" : user.name),
        zone,
        lookUps,
        listed: { count: contactList.length, sample: contactList.slice(0, 5) },
      }),
      messages: modelMessages(messages),
      schema,
      tools: this.#tools(tenantId, conversationId, turn, lookUps),
      signal: turn.stop.signal,
      reply: {
        field: "reply",
        onDelta: (delta) => {
          turn.text += delta;
          this.#ring(conversationId);
        },
        onRestart: () => {
          turn.text = "";
          this.#ring(conversationId);
        },
      },
      maxRepairs: MAX_REPAIRS,
      maxToolRounds: MAX_TOOL_ROUNDS,
    });
    this.#account(tenantId, conversationId, usage);
    const checked = checkTurn(value, facts);
    assert(checked.ok, "an answer that was checked stands the same check");
    await this.#keep(tenantId, conversation, checked.turn);
    return checked.turn;
  }

  async #keep(tenantId: string, conversation: Conversation, turn: CheckedTurn): Promise<void> {
    const { conversations } = this.#parts.store;
    const { id } = conversation;
    const { plan, status } = turn;
    // A plan that is being corrected stays to be looked at; only a finished stage lets it be confirmed.
    const kept =
      plan === null && status !== "refused"
        ? await conversations.setStage(tenantId, id, status)
        : await conversations.setPlan(tenantId, id, plan, plan === null ? "clarifying" : "plan_complete");
    if (kept === null) {
      throw new OutsideError("The plan was confirmed before this was answered; its calls are as they were shown.", {
        retryable: false,
      });
    }
    const data: AssistantData = { status, questions: turn.questions };
    await conversations.append(tenantId, id, { role: "assistant", text: turn.reply, data });
  }

  /** The look-ups, each answer of which is kept with the conversation before the model reads it. */
  #tools(tenantId: string, conversationId: string, turn: Turn, lookUps: LookUp[]): ModelTool[] {
    const { store, clock } = this.#parts;
    const account = (usage: ModelUsage): void => this.#account(tenantId, conversationId, usage);
    return this.#parts.lookUps(account).map((tool) => ({
      ...tool,
      run: async (args: never, context: { signal: AbortSignal }): Promise<unknown> => {
        const asked = Object.values(args as Record<string, unknown>)
          .filter((one) => typeof one === "string" && one !== "")
          .join(", ")
          .slice(0, 300);
        turn.notes.push(asked);
        this.#ring(conversationId);
        const answer = await tool.run(args, context);
        const text = JSON.stringify(answer).slice(0, MAX_ANSWER);
        const lookUp: LookUp = { tool: tool.name, asked, answer: text, at: clock.now() };
        const data: ToolData = { kind: "look-up", lookUp };
        await store.conversations.append(tenantId, conversationId, { role: "tool", text: asked, data });
        lookUps.push(lookUp);
        return answer;
      },
    }));
  }

  #account(tenantId: string, conversationId: string, usage: ModelUsage): void {
    const { store, clock, log } = this.#parts;
    const { vendor: provider, model, purpose, costUsd, ...counters } = usage;
    const entry = { purpose, provider, model, costUsd, counters, at: clock.now(), subjectId: conversationId };
    inBackground(log, "account for a planning turn", store.usage.add(tenantId, entry));
  }

  #ring(conversationId: string): void {
    for (const ring of this.#rings.get(conversationId) ?? []) ring();
  }
}

const userNameOf = (messages: readonly ConversationMessage[]): string | null =>
  (
    messages.findLast(({ role, data }) => role === "user" && (data as UserData | null)?.username)
      ?.data as UserData | null
  )?.username ?? null;

/** A user's message as a model reads it: the words, then the answers by the names of their questions. */
const userTextOf = ({ text, data }: ConversationMessage): string => {
  const answers = (data as UserData | null)?.answers;
  return [text, answers ? `Answers: ${JSON.stringify(answers)}` : ""].filter(Boolean).join("\n\n") || "(nothing)";
};

const assistantTextOf = ({ text, data }: ConversationMessage): string => {
  const questions = (data as AssistantData | null)?.questions ?? [];
  const asked = questions.map((one) => `- ${one.field_name}: ${one.question_text}`);
  return [text, ...asked].filter(Boolean).join("\n") || "(a plan)";
};

/** What was said, in turns: messages of one side that follow each other become one, and the user has the last word. */
const modelMessages = (messages: readonly ConversationMessage[]): ModelMessage[] => {
  const turns: { role: "user" | "assistant"; text: string }[] = [];
  for (const message of messages) {
    if (message.role === "tool") continue;
    const text = message.role === "user" ? userTextOf(message) : assistantTextOf(message);
    const last = turns.at(-1);
    if (last?.role === message.role) last.text += `\n\n${text}`;
    else turns.push({ role: message.role, text });
  }
  return turns;
};
