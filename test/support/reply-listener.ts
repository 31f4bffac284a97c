import type { ReplyListener } from "../../src/agents/models/model.ts";

/** Collects the field `reply` as it is told, with a bar where it began again. */
export const replyListener = (): ReplyListener & { heard: string[] } => {
  const heard: string[] = [];
  return {
    heard,
    field: "reply",
    onDelta: (delta) => {
      heard.push(delta);
    },
    onRestart: () => {
      heard.push("|");
    },
  };
};
