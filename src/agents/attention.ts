import type { Mood, MoodReading } from "../core/mood.ts";
import { REACH, type SupervisionMode } from "../core/supervision.ts";
import type { Turn } from "../media/engine/protocol.ts";
import { calleeSigns, lacksAnswer, saysTheSame, wordsOf } from "./attention-words.ts";

/** What a call may need a person for. */
export type NeedKind =
  | "transfer-asked"
  | "human-asked"
  | "anger"
  | "silence"
  | "loop"
  | "talking-over"
  | "off-plan"
  | "model-trouble"
  | "owner-question";

/** One reason to look after a call. */
export interface Need {
  kind: NeedKind;
  /** How much, 0 … 100, at the moment it was asked for. */
  score: number;
  /** Why, in words without a full stop. It stays the same while only time passes. */
  reason: string;
  /** When it began, epoch ms. */
  since: number;
  /** When something last spoke for it, epoch ms. */
  at: number;
  /** A model's impression, not a rule: it stands beside what rules say of the same and takes nothing from it. */
  isImpression: boolean;
}

/** How much a call needs a person. */
export interface Attention {
  /** 0 … 100: that of the greatest need, and more with every other kind of need. */
  score: number;
  /** The greatest first. */
  needs: readonly Need[];
  /** How the callee sounds to a model; null where none reads the call, or not lately. */
  mood: Mood | null;
}

/** A call that needs nobody. */
export const CALM: Attention = { score: 0, needs: [], mood: null };

/** From this score on a call is to be watched. */
export const WATCH_AT = 30;
/** From this score on somebody should be called. */
export const HELP_AT = 60;
/** A need below this is forgotten. */
const FADED = 8;

const MINUTE = 60_000;
/** Silence that begins to count, and the one from which it counts no more than it does, in ms. */
const SILENCE_FROM_MS = 6_000;
const SILENCE_FULL_MS = 20_000;
/** Fewer words than these are said again by everybody: "yes", "one moment please". */
const LOOP_WORDS = 5;
const REMEMBERED_TURNS = 8;
/** Longest turn that is compared, in words. */
const COMPARED_WORDS = 80;
const LOOP_WITHIN_MS = 3 * MINUTE;
const NO_ANSWER_WITHIN_MS = 3 * MINUTE;
/** Score by talking over within a minute; below the first it is a lively talk. */
const TALKED_OVER = [0, 0, 0, 35, 50, 60, 70] as const;
/** An answer that took longer is slow, in ms; two of three make trouble. */
const SLOW_ANSWER_MS = 2_500;
/** What an impression weighs. Anger calls for help; upset and off the plan, even both, are watched; unease needs nobody. */
const MOOD_WEIGHT: Readonly<Record<Mood, number>> = { calm: 0, uneasy: 0, upset: 40, angry: 65 };
const OFF_PLAN_WEIGHT = 30;
const IMPRESSION_HALF_LIFE_MS = MINUTE;
/** How long an impression tells how a callee sounds, in ms. */
const MOOD_LASTS_MS = 3 * MINUTE;
/** Turns whose keys are remembered, so that a corrected transcript does not count twice. */
const REMEMBERED_KEYS = 32;

/** Something that happened, worth less the longer ago: half after each half-life. */
interface Mark {
  weight: number;
  halfLifeMs: number;
  reason: string;
  since: number;
  at: number;
}

const worth = (mark: Mark, now: number): number => mark.weight * 0.5 ** (Math.max(0, now - mark.at) / mark.halfLifeMs);

/** Keeps what is younger than a span, and at most so many; the oldest go. */
const keepRecent = (times: number[], now: number, withinMs: number, most: number): void => {
  while (times.length > 0 && (times.length > most || now - (times[0] ?? now) > withinMs)) times.shift();
};

/**
 * How much one call needs a person, by cheap rules on what happened in it. Whoever hears the call tells it; it keeps
 * a fixed amount, however long the call. All times are epoch ms and must not go back.
 */
export class CallAttention {
  readonly #marks = new Map<NeedKind, Mark>();
  readonly #impressions = new Map<NeedKind, Mark>();
  readonly #keys: string[] = [];
  readonly #said: { words: string[]; at: number }[] = [];
  readonly #repeats: number[] = [];
  readonly #noAnswers: number[] = [];
  readonly #talkedOver: number[] = [];
  readonly #slow: boolean[] = [];
  #voicedAt: number;
  #askedAt: number | null = null;
  #asks = 0;
  #handsOver: { brief: string; at: number } | null = null;
  #personSpeaks = false;
  #mood: { mood: Mood; at: number } | null = null;

  /** @param answeredAt silence counts from here */
  constructor(answeredAt: number) {
    this.#voicedAt = answeredAt;
  }

  /** A finished turn; whispers and what supervisors say are about the help, not about the need. */
  turn(turn: Pick<Turn, "key" | "speaker" | "text" | "interrupted" | "whispered">, now: number): void {
    if (!turn.whispered) this.voiced(now);
    if (turn.speaker === "supervisor" || turn.whispered || this.#keys.includes(turn.key)) return;
    this.#keys.push(turn.key);
    if (this.#keys.length > REMEMBERED_KEYS) this.#keys.shift();
    if (turn.speaker === "callee") this.#calleeSaid(turn.text, now);
    else this.#agentSaid(turn, now);
  }

  /** Somebody is heard on the line. */
  voiced(now: number): void {
    this.#voicedAt = now;
  }

  /** The callee talked over the agent. */
  bargeIn(now: number): void {
    this.#talkedOver.push(now);
    keepRecent(this.#talkedOver, now, MINUTE, 2 * TALKED_OVER.length);
  }

  /** The agent took so many ms to answer. */
  latency(ms: number, now: number): void {
    this.#slow.push(ms > SLOW_ANSWER_MS);
    if (this.#slow.length > 3) this.#slow.shift();
    const isSlow = this.#slow.filter(Boolean).length >= 2;
    if (isSlow)
      this.#mark("model-trouble", { weight: 40, halfLifeMs: 45_000, reason: "The agent answers slowly" }, now);
  }

  /** The model's session broke. */
  voiceLost(recovered: boolean, now: number): void {
    const reason = recovered ? "The voice model broke off and came back" : "The voice model is lost";
    this.#mark("model-trouble", { weight: recovered ? 50 : 100, halfLifeMs: MINUTE, reason }, now);
  }

  /** A supervisor's mode is in force; who is spoken to by a person has what was asked for. */
  supervised(mode: SupervisionMode, now: number): void {
    this.#personSpeaks = REACH[mode] >= REACH.barge;
    this.#voicedAt = now;
    if (!this.#personSpeaks) return;
    this.#marks.delete("human-asked");
    this.#asks = 0;
  }

  /** The agent asked the owner something and the callee holds the line, or does no more. */
  ownerAsked(isOpen: boolean, now: number): void {
    this.#askedAt = isOpen ? now : null;
    this.#voicedAt = now;
  }

  /** The agent asks supervisors to take the call over, knowing `brief`; null once one did, or nobody was there. */
  transferAsked(brief: string | null, now: number): void {
    this.#handsOver = brief === null ? null : { brief, at: now };
    this.#voicedAt = now;
  }

  /** What a model makes of the last words. It takes the place of what it made of those before, and of nothing else. */
  impression({ mood, offPlan, reason }: MoodReading, now: number): void {
    this.#mood = { mood, at: now };
    const why = reason === "" ? "" : `: ${reason}`;
    const weight = MOOD_WEIGHT[mood];
    this.#impress("anger", weight, `Sounds ${mood}, the model thinks${why}`, now);
    // One reason is said once.
    const away = `Off the plan, the model thinks${weight > 0 ? "" : why}`;
    this.#impress("off-plan", offPlan ? OFF_PLAN_WEIGHT : 0, away, now);
  }

  /** The needs at a moment. */
  at(now: number): Attention {
    const needs: Need[] = [];
    this.#addMarks(this.#marks, needs, now, false);
    this.#addMarks(this.#impressions, needs, now, true);
    this.#addTalkingOver(needs, now);
    this.#addSilence(needs, now);
    if (this.#handsOver !== null) {
      const { brief, at } = this.#handsOver;
      needs.push({
        kind: "transfer-asked",
        score: 100,
        reason: `The AI asks you to take over: ${brief}`,
        since: at,
        at,
        isImpression: false,
      });
    }
    if (this.#askedAt !== null) {
      const reason = "The agent waits for the owner's answer";
      const at = this.#askedAt;
      needs.push({ kind: "owner-question", score: 45, reason, since: at, at, isImpression: false });
    }
    const mood = this.#mood !== null && now - this.#mood.at <= MOOD_LASTS_MS ? this.#mood.mood : null;
    if (needs.length === 0) return mood === null ? CALM : { ...CALM, mood };
    needs.sort((a, b) => b.score - a.score || Number(a.isImpression) - Number(b.isImpression) || a.since - b.since);
    // Chances add up that way: two needs are more than the greater one, and never more than all. What a rule and a model
    // say of the same counts once.
    const counted = needs.filter(({ kind }, i) => needs.findIndex((need) => need.kind === kind) === i);
    const calm = counted.reduce((left, { score }) => left * (1 - score / 100), 1);
    return { score: Math.round(100 * (1 - calm)), needs, mood };
  }

  #addMarks(marks: Map<NeedKind, Mark>, needs: Need[], now: number, isImpression: boolean): void {
    for (const [kind, mark] of marks) {
      const score = Math.round(worth(mark, now));
      if (score < FADED) marks.delete(kind);
      else needs.push({ kind, score, reason: mark.reason, since: mark.since, at: mark.at, isImpression });
    }
  }

  #calleeSaid(text: string, now: number): void {
    const signs = calleeSigns(text);
    if (signs.asksForHuman) {
      this.#asks++;
      const reason = this.#asks > 1 ? "The caller asked for a human again" : "The caller asked for a human";
      const weight = Math.min(100, 70 + 10 * this.#asks);
      this.#mark("human-asked", { weight, halfLifeMs: 3 * MINUTE, reason }, now);
    }
    if (signs.anger !== null) {
      const before = this.#marks.get("anger");
      const added = signs.anger === "furious" ? 50 : 25;
      const weight = Math.min(90, added + (before === undefined ? 0 : worth(before, now)));
      const reason = weight >= 50 ? "The caller sounds angry" : "The caller sounds annoyed";
      this.#mark("anger", { weight, halfLifeMs: MINUTE, reason }, now);
    }
    if (signs.isWrongPerson) {
      const reason = "This may be the wrong person";
      this.#mark("off-plan", { weight: 60, halfLifeMs: 2 * MINUTE, reason }, now);
    }
  }

  #agentSaid({ text, interrupted }: { text: string; interrupted: boolean }, now: number): void {
    if (lacksAnswer(text)) {
      this.#noAnswers.push(now);
      keepRecent(this.#noAnswers, now, NO_ANSWER_WITHIN_MS, 5);
      const times = this.#noAnswers.length;
      if (times >= 2) {
        const reason = `The agent had no answer ${times} times`;
        this.#mark("off-plan", { weight: Math.min(70, 30 + 10 * times), halfLifeMs: 2 * MINUTE, reason }, now);
      }
    }
    // Words that were cut off are said again with good reason.
    if (interrupted) return;
    const words = wordsOf(text).slice(0, COMPARED_WORDS);
    if (words.length < LOOP_WORDS) return;
    const isSame = this.#said.some((before) => now - before.at <= LOOP_WITHIN_MS && saysTheSame(before.words, words));
    this.#said.push({ words, at: now });
    if (this.#said.length > REMEMBERED_TURNS) this.#said.shift();
    if (!isSame) return;
    this.#repeats.push(now);
    keepRecent(this.#repeats, now, LOOP_WITHIN_MS, 5);
    const times = this.#repeats.length;
    const reason = times === 1 ? "The agent repeats itself" : `The agent said nearly the same ${times + 1} times`;
    this.#mark("loop", { weight: Math.min(80, 25 + 20 * times), halfLifeMs: 90_000, reason }, now);
  }

  #addTalkingOver(needs: Need[], now: number): void {
    keepRecent(this.#talkedOver, now, MINUTE, 2 * TALKED_OVER.length);
    const times = this.#talkedOver.length;
    const score = TALKED_OVER[Math.min(times, TALKED_OVER.length - 1)] ?? 0;
    const [since = now] = this.#talkedOver;
    const at = this.#talkedOver.at(-1) ?? now;
    const reason = `They talked over each other ${times} times in a minute`;
    if (score > 0) needs.push({ kind: "talking-over", score, reason, since, at, isImpression: false });
  }

  #addSilence(needs: Need[], now: number): void {
    const silentMs = now - this.#voicedAt;
    // Who was asked to hold, and who listens to a person, hears no agent for a good reason.
    const waits = this.#askedAt !== null || this.#handsOver !== null;
    if (silentMs < SILENCE_FROM_MS || waits || this.#personSpeaks) return;
    const share = Math.min(1, (silentMs - SILENCE_FROM_MS) / (SILENCE_FULL_MS - SILENCE_FROM_MS));
    const score = Math.round(30 + 45 * share);
    const reason = "Nobody says anything";
    needs.push({ kind: "silence", score, reason, since: this.#voicedAt, at: now, isImpression: false });
  }

  /** A need that goes on keeps its beginning, and a weaker sign of it does not make it less. */
  #mark(kind: NeedKind, mark: Omit<Mark, "since" | "at">, now: number): void {
    const before = this.#marks.get(kind);
    const left = before === undefined ? 0 : worth(before, now);
    const goesOn = before !== undefined && left >= FADED;
    if (goesOn && left > mark.weight) return;
    this.#marks.set(kind, { ...mark, since: goesOn ? before.since : now, at: now });
  }

  /** What a model says is all it says now: an impression that is gone takes its mark with it. */
  #impress(kind: NeedKind, weight: number, reason: string, now: number): void {
    const since = this.#impressions.get(kind)?.since ?? now;
    if (weight === 0) this.#impressions.delete(kind);
    else this.#impressions.set(kind, { weight, halfLifeMs: IMPRESSION_HALF_LIFE_MS, reason, since, at: now });
  }
}
