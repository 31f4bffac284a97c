import type { Clock } from "../core/clock.ts";
import { assert, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { parsePhone } from "../core/phone.ts";
import type { Store } from "../core/store/open.ts";
import { accountFor } from "./model-account.ts";
import type { Model } from "./models/model.ts";
import { VendorError } from "./models/vendor-error.ts";
import { COMMAND_SYSTEM, commandAnswer } from "./prompts/command.ts";

/** What a command asks for. `phone` is E.164 and stands in the command; null when none does. */
export type ReadCommand =
  | { wants: "call"; phone: string | null; errand: string; calleeName: string }
  | { wants: "status" | "greeting" | "plan" | "other" };

/** Reads commands in plain words; null when the model could not be asked or made no sense of it. */
export type CommandReader = (tenantId: string, words: string) => Promise<ReadCommand | null>;

/** Somebody waits for the answer. */
const TIMEOUT_MS = 15_000;

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cs}\s]+/gu, " ").trim();

/** Makes a reader that asks a model. What it cost is stored; its failure is logged and is no failure of the command. */
export const createCommandReader = (parts: { store: Store; clock: Clock; log: Log; model: Model }): CommandReader => {
  const { model, log } = parts;
  return async (tenantId, words) => {
    try {
      const answer = await accountFor(parts, { tenantId, subjectId: "command" }, () =>
        model.complete({
          purpose: "command",
          system: COMMAND_SYSTEM,
          messages: [{ role: "user", text: words }],
          schema: commandAnswer(words),
          timeoutMs: TIMEOUT_MS,
          signal: AbortSignal.timeout(2 * TIMEOUT_MS),
        }),
      );
      if (answer.wants !== "call") return { wants: answer.wants };
      const errand = answer.errand?.trim() ?? "";
      const calleeName = oneLine(answer.callee_name ?? "");
      if (answer.phone === null) return { wants: "call", phone: null, errand, calleeName };
      const phone = parsePhone(answer.phone);
      assert(phone.ok, "a number of a checked answer can be dialed");
      return { wants: "call", phone: phone.e164, errand, calleeName };
    } catch (thrown) {
      if (!(thrown instanceof VendorError)) throw thrown;
      log.warn({ problem: messageOf(thrown) }, "a command could not be read by the model");
      return null;
    }
  };
};
