import { type Attention, CALM, CallAttention, HELP_AT, type Need } from "../agents/attention.ts";
import type { Bus } from "../core/bus.ts";
import type { Clock, Schedule } from "../core/clock.ts";
import type { DomainEvent, StoredEvent } from "../core/events.ts";
import { inBackground, type Log } from "../core/log.ts";
import type { Store } from "../core/store/open.ts";
import { METER } from "../media/engine/meters.ts";
import type { MediaEvent } from "../media/engine/protocol.ts";
import type { MediaNews } from "./live/spoken-now.ts";

/** The meters are looked at this often, in ms: most words are longer. */
const LOOK_MS = 250;
/** Looks between two judgements of all calls: needs fade and silence grows by the second. */
const LOOKS_A_JUDGEMENT = 4;
/** Help is not called for again within this, in ms, unless it got much worse. Then also those are asked who would not. */
const COOL_DOWN_MS = 120_000;
/** So much higher a score is much worse. */
const MUCH_WORSE = 20;
/** Below this score a call for help is taken back. */
const HELP_OVER = 40;

/** A call for help that stands. */
export interface HelpWanted {
  callId: string;
  /** The greatest need as it is now. */
  reason: string;
  score: number;
  /** Epoch ms. */
  raisedAt: number;
  /** The agent hands the call over: whoever helps takes it. */
  handsOver: boolean;
}

/** How much live calls need a person, and which of them call for one. */
export interface AttentionBoard {
  /** The needs of a call now; none for calls that nobody talks in. */
  of(callId: string): Attention;
  /** Calls of this tenant that want help from somebody other than those who said "not now"; the greatest need first. */
  helpWanted(tenantId: string, userId: string): HelpWanted[];
  /** Somebody will not help this call now. False when it does not ask for help. */
  dismiss(by: { tenantId: string; userId: string; name: string }, callId: string): boolean;
  /**
   * Rings when needs of a call of this tenant change enough to be seen (`needs`), or when help is wanted, for another
   * reason or no more (`help`), which is seldom. The answer stops it.
   */
  listen(tenantId: string, about: "needs" | "help", ring: () => void): () => void;
}

const handsOver = ({ kind }: Need): boolean => kind === "transfer-asked";

type HelpEvent = Extract<DomainEvent, { type: `help.${string}` }>;

interface Watched {
  tenantId: string;
  attention: CallAttention | null;
  slot: number;
  now: Attention;
  /** What was seen when listeners were rung last. */
  needsSeen: string;
  helpSeen: string;
  help: { raisedAt: number; dismissedBy: Set<string> } | null;
  raisedAt: number;
  raisedScore: number;
  /** When the agent last asked to hand the call over, as far as help was called for. */
  handedOverAt: number;
}

/** What the watch hears, looks at and writes to. */
export interface AttentionDeps {
  media: MediaNews;
  bus: Bus;
  store: Pick<Store, "callEvents">;
  clock: Clock;
  schedule: Schedule;
  log: Log;
  /** Whether a person is on this call already: then nobody is called. */
  isSupervised: (callId: string) => boolean;
}

/**
 * Watches all live calls on the main thread: turns, barge-ins and latencies as the media thread tells them, loudness from
 * the shared meters, questions from the bus. A call is remembered from its creation to its end. Nothing is looked at
 * while no call is live.
 */
export class AttentionWatch implements AttentionBoard {
  readonly #deps: AttentionDeps;
  readonly #calls = new Map<string, Watched>();
  readonly #listeners = new Map<() => void, string>();
  readonly #stops: (() => void)[];
  #cancelLook: (() => void) | null = null;
  #looks = 0;

  constructor(deps: AttentionDeps) {
    this.#deps = deps;
    this.#stops = [
      deps.bus.subscribe((event) => this.#onStored(event)),
      deps.media.subscribe((event) => this.#onMedia(event)),
    ];
  }

  of(callId: string): Attention {
    return this.#calls.get(callId)?.now ?? CALM;
  }

  helpWanted(tenantId: string, userId: string): HelpWanted[] {
    const wanted: HelpWanted[] = [];
    for (const [callId, { tenantId: owner, help, now }] of this.#calls) {
      const [top] = now.needs;
      if (help === null || top === undefined || owner !== tenantId || help.dismissedBy.has(userId)) continue;
      wanted.push({ callId, reason: top.reason, score: now.score, raisedAt: help.raisedAt, handsOver: handsOver(top) });
    }
    return wanted.sort((a, b) => b.score - a.score || a.raisedAt - b.raisedAt);
  }

  dismiss({ tenantId, userId, name }: { tenantId: string; userId: string; name: string }, callId: string): boolean {
    const watched = this.#calls.get(callId);
    if (watched?.tenantId !== tenantId || watched.help === null) return false;
    if (watched.help.dismissedBy.has(userId)) return true;
    watched.help.dismissedBy.add(userId);
    this.#note(tenantId, callId, `${name} does not help now`, { type: "help.dismissed", callId, userId });
    this.#ring("help", tenantId);
    return true;
  }

  listen(tenantId: string, about: "needs" | "help", ring: () => void): () => void {
    const entry = () => ring();
    this.#listeners.set(entry, `${about} ${tenantId}`);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** Stops hearing and looking. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#calls.clear();
    this.#listeners.clear();
  }

  #onStored(event: StoredEvent): void {
    const { clock } = this.#deps;
    switch (event.type) {
      case "call.created":
        this.#calls.set(event.callId, {
          tenantId: event.tenantId,
          attention: null,
          slot: -1,
          now: CALM,
          needsSeen: "",
          helpSeen: "",
          help: null,
          raisedAt: 0,
          raisedScore: 0,
          handedOverAt: -1,
        });
        return;
      case "call.answered": {
        const watched = this.#calls.get(event.callId);
        if (watched === undefined) return;
        watched.attention = new CallAttention(clock.now());
        this.#lookOn();
        return;
      }
      case "call.ended":
        this.#forget(event.callId);
        return;
      case "question.asked":
      case "question.answered":
      case "question.expired":
        return this.#told(event.callId, (attention, now) => attention.ownerAsked(event.type === "question.asked", now));
      case "transfer.asked":
        if (event.to !== null) return;
        return this.#told(event.callId, (attention, now) => attention.transferAsked(event.brief, now));
      case "transfer.made":
      case "transfer.failed":
        if (event.to !== null) return;
        return this.#told(event.callId, (attention, now) => attention.transferAsked(null, now));
      case "mood.read":
        return this.#told(event.callId, (attention, now) => attention.impression(event, now));
      case "supervisor.joined":
      case "supervisor.left":
        return this.#told(event.callId, () => {});
      default:
        return;
    }
  }

  #onMedia(event: MediaEvent | { type: "media-died" }): void {
    switch (event.type) {
      case "opened": {
        const watched = this.#calls.get(event.callId);
        if (watched) watched.slot = event.slot;
        return;
      }
      case "turn":
        return this.#told(event.callId, (attention, now) => attention.turn(event.turn, now));
      case "partial":
        // Loudness tells of these words too, but a look may fall between two of them.
        if (event.speaker !== "supervisor") this.#calls.get(event.callId)?.attention?.voiced(this.#deps.clock.now());
        return;
      case "barge-in":
        return this.#told(event.callId, (attention, now) => attention.bargeIn(now));
      case "latency":
        return this.#told(event.callId, (attention, now) => attention.latency(event.ms, now));
      case "voice-lost":
        return this.#told(event.callId, (attention, now) => attention.voiceLost(event.recovered, now));
      case "supervised":
        return this.#told(event.callId, (attention, now) => attention.supervised(event.mode, now));
      case "closed": {
        // The end in the store follows; a row of the meters that is given to another call is not looked at meanwhile.
        const watched = this.#calls.get(event.callId);
        if (watched) watched.slot = -1;
        return;
      }
      case "media-died":
        for (const watched of this.#calls.values()) watched.slot = -1;
        return;
      default:
        return;
    }
  }

  #told(callId: string, tell: (attention: CallAttention, now: number) => void): void {
    const watched = this.#calls.get(callId);
    if (!watched?.attention) return;
    const now = this.#deps.clock.now();
    tell(watched.attention, now);
    this.#judge(callId, watched, watched.attention, now);
  }

  #lookOn(): void {
    this.#cancelLook ??= this.#deps.schedule(() => {
      this.#cancelLook = null;
      this.#look();
    }, LOOK_MS);
  }

  #look(): void {
    const { clock, media } = this.#deps;
    const now = clock.now();
    const judges = ++this.#looks % LOOKS_A_JUDGEMENT === 0;
    let isAnyLive = false;
    for (const [callId, watched] of this.#calls) {
      const { attention, slot } = watched;
      if (attention === null) continue;
      isAnyLive = true;
      const isVoiced =
        slot >= 0 && (media.meters.get(slot, METER.calleeVoiced) > 0 || media.meters.get(slot, METER.agentVoiced) > 0);
      if (isVoiced) attention.voiced(now);
      if (judges) this.#judge(callId, watched, attention, now);
    }
    if (isAnyLive) this.#lookOn();
  }

  #judge(callId: string, watched: Watched, attention: CallAttention, now: number): void {
    watched.now = attention.at(now);
    const { score, needs, mood } = watched.now;
    const top = needs[0];
    // Who only listens does not keep a call that is handed over from the others.
    const isHandedOver = top !== undefined && handsOver(top);
    const isSupervised = this.#deps.isSupervised(callId) && !isHandedOver;
    if (isSupervised || score < HELP_OVER) watched.help = null;
    if (top !== undefined && score >= HELP_AT && !isSupervised) {
      const isCool = now - watched.raisedAt >= COOL_DOWN_MS && top.at > watched.raisedAt;
      const isAsked = isHandedOver && watched.handedOverAt !== top.since;
      if (isAsked) watched.handedOverAt = top.since;
      if (isCool || isAsked || score >= watched.raisedScore + MUCH_WORSE) {
        const { kind, reason } = top;
        watched.help = { raisedAt: now, dismissedBy: new Set() };
        watched.raisedAt = now;
        watched.raisedScore = score;
        this.#note(watched.tenantId, callId, reason, { type: "help.raised", callId, reason: kind, score });
      }
    }
    // By tens: a page need not be redrawn because a need faded by one.
    const needsSeen = `${mood ?? ""}${needs.map((need) => `${need.reason} ${Math.floor(need.score / 10)}`).join()}`;
    if (needsSeen !== watched.needsSeen) {
      watched.needsSeen = needsSeen;
      this.#ring("needs", watched.tenantId);
    }
    const helpSeen = watched.help === null ? "" : `${watched.help.raisedAt} ${top?.reason ?? ""}`;
    if (helpSeen !== watched.helpSeen) {
      watched.helpSeen = helpSeen;
      this.#ring("help", watched.tenantId);
    }
  }

  #forget(callId: string): void {
    const watched = this.#calls.get(callId);
    this.#calls.delete(callId);
    if (![...this.#calls.values()].some(({ attention }) => attention !== null)) {
      this.#cancelLook?.();
      this.#cancelLook = null;
    }
    if (watched?.help) this.#ring("help", watched.tenantId);
  }

  #note(tenantId: string, callId: string, detail: string, event: HelpEvent): void {
    const { store, clock, log } = this.#deps;
    const entry = { at: clock.now(), kind: event.type, detail, event };
    inBackground(log, "note a call for help", store.callEvents.add(tenantId, callId, entry));
  }

  #ring(about: "needs" | "help", tenantId: string): void {
    for (const [ring, of] of this.#listeners) if (of === `${about} ${tenantId}`) ring();
  }
}
