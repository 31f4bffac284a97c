import type { Model, ModelRequest, ModelUsage } from "../../src/agents/models/model.ts";
import { VendorError, type VendorFailure } from "../../src/agents/models/vendor-error.ts";

const USAGE: ModelUsage = {
  vendor: "test",
  model: "test-1",
  purpose: "test",
  rounds: 1,
  inputTokens: 100,
  cachedTokens: 0,
  outputTokens: 10,
  costUsd: 0.01,
};

/** A model that answers what a test says, through the schema of the request as a real one does. */
export const modelThat = (
  reply: (request: ModelRequest<unknown>, asked: number) => unknown,
): Model & { asked: number } => {
  const model = {
    vendor: "test",
    name: "test-1",
    asked: 0,
    complete: async <T>(request: ModelRequest<T>) => {
      model.asked++;
      const usage = { ...USAGE, purpose: request.purpose };
      const parsed = request.schema.safeParse(await reply(request as ModelRequest<unknown>, model.asked));
      if (!parsed.success) {
        const error = new VendorError("The test model", { failure: "invalid-answer" });
        error.usage = usage;
        throw error;
      }
      return { value: parsed.data, usage, toolCalls: 0, repairs: 0 };
    },
  };
  return model;
};

/** A model that fails each time in this way. */
export const modelThatFails = (failure: VendorFailure, retryAfterMs?: number): Model & { asked: number } =>
  modelThat(() => {
    throw new VendorError("The test model", { failure, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  });

/** A model that answers nothing until it is stopped. */
export const modelThatHangs = (): Model & { asked: number } =>
  modelThat(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(new VendorError("The test model", { failure: "stopped" })));
      }),
  );
