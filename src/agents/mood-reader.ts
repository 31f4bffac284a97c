import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { MoodReading } from "../core/mood.ts";
import type { Store } from "../core/store/open.ts";
import { accountFor } from "./model-account.ts";
import type { Model } from "./models/model.ts";
import type { MoodAsk } from "./mood-queue.ts";
import { MOOD_SYSTEM, moodAnswer, moodMessage } from "./prompts/mood.ts";

/** Longest objective and longest background that are told, in characters. */
const MAX_TOLD = 1_000;
/** Longest reason kept, in characters. */
const MAX_REASON = 120;
/** Bounds one answer, reasoning included. */
const MAX_OUTPUT_TOKENS = 2_000;

/**
 * Reads the mood of a call from its last lines; null when the call is gone. Throws a `VendorError` when the model gives
 * none: it is asked once and never told to mend its answer, since newer lines are the better question.
 */
export type MoodReader = (ask: MoodAsk, timeoutMs: number) => Promise<MoodReading | null>;

/** Text on one line, without what could steer a display, cut at a word when it is longer. */
const shortLine = (text: string, longest: number): string => {
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
  if (line.length <= longest) return line.replace(/\.$/, "");
  const cut = line.slice(0, longest - 1);
  return `${cut.replace(/[\uD800-\uDBFF]$/, "").replace(/\s+\S*$/, "")}…`;
};

/** Makes a reader that asks a model. What it cost is stored with the call as its subject. */
export const createMoodReader = (parts: { store: Store; clock: Clock; log: Log; model: Model }): MoodReader => {
  const { store, model } = parts;
  return async ({ tenantId, callId, lines, signal }, timeoutMs) => {
    const call = await store.calls.get(tenantId, callId);
    const task = call && (await store.tasks.get(tenantId, call.taskId));
    if (task === null) return null;
    const the = {
      objective: task.action.slice(0, MAX_TOLD),
      background: task.context.slice(0, MAX_TOLD),
      last_lines: lines.map(({ speaker, text }) => ({ speaker, text })),
    };
    const answer = await accountFor(parts, { tenantId, subjectId: callId }, () =>
      model.complete({
        purpose: "mood",
        system: MOOD_SYSTEM,
        messages: [{ role: "user", text: moodMessage(the) }],
        schema: moodAnswer,
        signal,
        timeoutMs,
        tries: 1,
        maxRepairs: 0,
        maxOutputTokens: MAX_OUTPUT_TOKENS,
      }),
    );
    return { mood: answer.mood, offPlan: answer.off_plan, reason: shortLine(answer.reason, MAX_REASON) };
  };
};
