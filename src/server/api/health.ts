import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Store } from "../../core/store/open.ts";
import type { CarrierControl } from "../../media/carriers/control.ts";

/** How one part is. `detail` is one plain sentence; `fix` says how to mend it. */
export interface PartHealth {
  state: "up" | "down" | "starting";
  detail: string;
  fix?: string;
}

/** A part of the system that can be up or down. */
export interface HealthProbe {
  /** One word, such as `store`. */
  part: string;
  /** What does not work while it is down, as a sentence. */
  breaks: string;
  /** Whether the system as a whole is of no use without it. */
  vital: boolean;
  check(): PartHealth | Promise<PartHealth>;
}

/** A probe's answer beside what it means. */
export interface PartReport extends PartHealth {
  part: string;
  breaks: string;
  vital: boolean;
}

/** Asks all parts; one that throws is down. Parts are asked at once, their words kept in order. */
export const askParts = (probes: readonly HealthProbe[], log: Log): Promise<PartReport[]> =>
  Promise.all(
    probes.map(async ({ part, breaks, vital, check }) => {
      try {
        return { part, breaks, vital, ...(await check()) };
      } catch (thrown) {
        log.warn({ part, problem: messageOf(thrown) }, "a part could not be asked how it is");
        return { part, breaks, vital, state: "down" as const, detail: "It did not answer. The log says more." };
      }
    }),
  );

/** The store: asked a question it cannot answer from memory. */
export const storeProbe = (store: Store): HealthProbe => ({
  part: "store",
  breaks: "Nothing can be kept: no call is placed and pages show nothing.",
  vital: true,
  async check() {
    await store.tenants.all();
    return { state: "up", detail: "The database answers." };
  },
});

/** The phone network. */
export const carrierProbe = (carrier: CarrierControl): HealthProbe => ({
  part: "carrier",
  breaks: "No phone can be called; tasks wait.",
  vital: true,
  check: () => carrier.health(),
});

/** The voice, as configured: it is reached when a phone rings, and asking it costs money. */
export const voiceProbe = (config: { voice: string; openai: { realtimeModel: string } | null }): HealthProbe => ({
  part: "voice",
  breaks: "Calls would have nobody to speak.",
  vital: true,
  check() {
    if (config.voice === "scripted") return { state: "up", detail: "The voice is played by the machine." };
    if (config.openai === null) {
      return { state: "down", detail: "The voice has no key.", fix: "Set OPENAI_API_KEY, or VOICE=scripted." };
    }
    return { state: "up", detail: `${config.voice} is configured with the model ${config.openai.realtimeModel}.` };
  },
});

/** The media thread. */
export const mediaProbe = (media: { isUp(): boolean }): HealthProbe => ({
  part: "media",
  breaks: "Calls have no sound: running ones are ended, new ones wait.",
  vital: true,
  check: () =>
    media.isUp()
      ? { state: "up", detail: "The media thread runs." }
      : {
          state: "starting",
          detail: "The media thread is being started again.",
          fix: "Wait a moment; the log says why.",
        },
});

/** Live listening. */
export const supervisionProbe = (supervision: {
  health(): { ok: true; detail: string } | { ok: false; missing: string; fix: string };
}): HealthProbe => ({
  part: "supervision",
  breaks: "Nobody can listen to live calls; everything else works.",
  vital: false,
  check() {
    const health = supervision.health();
    return health.ok
      ? { state: "up", detail: health.detail }
      : { state: "down", detail: health.missing, fix: health.fix };
  },
});

/** The mood of live calls, read by a text model. */
export const moodProbe = ({
  model,
  trouble,
}: {
  model: { vendor: string; name: string };
  trouble(): string | null;
}): HealthProbe => ({
  part: "mood",
  breaks: "No new impressions of live calls; rules go on calling for help.",
  vital: false,
  check() {
    const problem = trouble();
    if (problem !== null) {
      const fix =
        "It is asked again by itself. If it stays so, see to the text model's key and quota, or set LIVE_MOOD=false.";
      return { state: "down", detail: problem, fix };
    }
    const by = model.vendor === "scripted" ? "played by rules" : `read by ${model.name}`;
    return { state: "up", detail: `The mood of live calls is ${by}, at most four times a minute each.` };
  },
});
