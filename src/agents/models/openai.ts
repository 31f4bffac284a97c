import { APIError } from "openai";
import { chatConversation } from "./openai-chat.ts";
import { explainOpenAi, type OpenAiAccount, openAiClient } from "./openai-client.ts";
import { responsesConversation } from "./openai-responses.ts";
import type { Wire, WireConversation, WireSetup } from "./wire.ts";

/**
 * Text models of OpenAI and of everything that speaks its protocol, such as Ollama. Asks the Responses API; an address
 * that does not have it is asked by Chat Completions from then on.
 */
export const openAiWire = (settings: OpenAiAccount & { model: string }): Wire => {
  const { model } = settings;
  const client = openAiClient(settings);
  let hasResponses = true;
  const open = (setup: WireSetup): WireConversation => {
    if (!hasResponses) return chatConversation(client, model, setup);
    let inner = responsesConversation(client, model, setup);
    let isFirst = true;
    return {
      async next(round) {
        try {
          const answer = await inner.next(round);
          isFirst = false;
          return answer;
        } catch (thrown) {
          if (!isFirst || !lacksResponses(thrown)) throw thrown;
          inner = chatConversation(client, model, setup);
          const answer = await inner.next(round);
          isFirst = false;
          hasResponses = false;
          return answer;
        }
      },
      results: (results) => inner.results(results),
      say: (text) => inner.say(text),
    };
  };
  return { vendor: "OpenAI", model, open, explain: explainOpenAi };
};

/** An address without the Responses API; a model that does not exist gives 404 too, but with a code. */
const lacksResponses = (thrown: unknown): boolean =>
  thrown instanceof APIError && [404, 405, 501].includes(thrown.status ?? 0) && thrown.code !== "model_not_found";
