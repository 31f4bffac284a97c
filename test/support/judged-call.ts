import type { Disposition, HangupCause, Speaker } from "../../src/core/call.ts";
import type { Call } from "../../src/core/store/call-record.ts";
import { dial, type FreshStore } from "../core/store/fresh-store.ts";

/** What was said, one line each: who, then the words; a supervisor's whisper says so. */
export type Lines = readonly (readonly [Speaker, string] | readonly ["supervisor", string, "whispered"])[];

/** Makes the call of the task that is due and ends it: a talk when there are lines, else as the disposition says. */
export const callAndEnd = async (
  fresh: FreshStore,
  lines: Lines = [],
  end: { disposition?: Disposition; cause?: HangupCause; durationMs?: number } = {},
): Promise<Call> => {
  const { store, clock } = fresh;
  const call = await dial(fresh);
  await store.calls.initiating("default", call.id);
  await store.calls.dialing("default", call.id);
  if (lines.length > 0) await store.calls.answer("default", call.id);
  for (const [i, [speaker, text, whispered]] of lines.entries()) {
    const turn = {
      key: `t${i}`,
      speaker,
      text,
      atMs: i * 5000,
      endMs: i * 5000 + 4000,
      interrupted: false,
      whispered: whispered !== undefined,
    };
    await store.transcripts.put("default", call.id, turn);
  }
  clock.advance(end.durationMs ?? 42_000);
  const disposition = end.disposition ?? (lines.length > 0 ? "answered" : "no-answer");
  const cause = end.cause ?? (lines.length > 0 ? "agent-hung-up" : "no-answer");
  const settled = await store.calls.settle("default", call.id, { cause, disposition, at: clock.now() });
  if (!settled.ok) throw new Error(settled.reason);
  return settled.call;
};

/** Lets everything that is ready go on. */
export const goOn = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 50; j++) await Promise.resolve();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
};
