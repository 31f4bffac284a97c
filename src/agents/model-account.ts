import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store/open.ts";
import type { Completion, ModelUsage } from "./models/model.ts";
import { VendorError } from "./models/vendor-error.ts";

/**
 * Gives what a completion answers, and stores what it cost, also when it failed. A cost that could not be stored is
 * logged and fails nothing. `subjectId` names what the work was for.
 */
export const accountFor = async <T>(
  { store, clock, log }: { store: Store; clock: Clock; log: Log },
  about: { tenantId: string; subjectId: string },
  complete: () => Promise<Completion<T>>,
): Promise<T> => {
  const note = async (usage: ModelUsage | null): Promise<void> => {
    if (usage === null) return;
    const { vendor: provider, model, purpose, costUsd, ...counters } = usage;
    const entry = { purpose, provider, model, costUsd, counters, at: clock.now(), subjectId: about.subjectId };
    try {
      await store.usage.add(about.tenantId, entry);
    } catch (thrown) {
      log.error({ purpose, problem: messageOf(thrown) }, "what a model used could not be stored");
    }
  };
  try {
    const { value, usage } = await complete();
    await note(usage);
    return value;
  } catch (thrown) {
    if (thrown instanceof VendorError) await note(thrown.usage);
    throw thrown;
  }
};
