import { isTimeZone } from "../core/calling-hours.ts";
import { zoneOfPhone } from "../core/phone-zone.ts";
import type { Store } from "../core/store/open.ts";
import type { Task } from "../core/store/task-record.ts";
import { clockTime } from "./prompts/analyst.ts";
import type { EarlierCalls } from "./prompts/live-call.ts";

/** Looks up what the next attempt of a task is to know of the ones before. */
export const earlierCalls = async (store: Store, task: Task): Promise<EarlierCalls> => {
  const { tenantId, id, memory, nextPrompt, timezone, phone } = task;
  const [verdicts, questions] = await Promise.all([
    store.verdicts.of(tenantId, id),
    store.questions.ofTask(tenantId, id),
  ]);
  const known = timezone ?? zoneOfPhone(phone);
  const zone = known !== null && isTimeZone(known) ? known : "UTC";
  return {
    calls: verdicts.map(({ attempt, at, summary }) => ({ attempt, when: clockTime(at, zone), summary })),
    memory,
    suggestion: nextPrompt,
    answers: questions.flatMap(({ text, answer }) => (answer === null ? [] : [{ question: text, answer }])),
  };
};
