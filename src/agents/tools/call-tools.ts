import { z } from "zod";
import type { VoiceTool } from "../../media/engine/protocol.ts";
import type { CallCommand } from "../call-commands.ts";

const endCall = z.object({
  reason: z.enum(["goal_reached", "callee_declined", "wrong_person", "voicemail", "no_progress", "other"]),
});
const sendDtmf = z.object({
  digits: z
    .string()
    .regex(/^[0-9*#A-Dw]{1,32}$/)
    .describe("Keys to press: 0-9, * and #. A w waits half a second."),
});
const reschedule = z.object({
  reason: z.string().max(500).describe("Why the call should go on at another time, in the callee's own words."),
  when: z.string().max(200).describe("When to call again, as the callee said it. Empty when nothing was said."),
});
/** How long the owner has for an answer, in seconds: as long as a callee can be asked to hold the line. */
const OWNER_SECONDS = { least: 15, usual: 45, most: 120 };
const requestUserInfo = z.object({
  question: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .describe("What to ask, complete in itself: the person reads it without having heard the call."),
  timeout: z
    .number()
    .transform((seconds) => Math.min(OWNER_SECONDS.most, Math.max(OWNER_SECONDS.least, seconds)))
    .default(OWNER_SECONDS.usual)
    .describe(
      `Seconds the callee is willing to hold the line, ${OWNER_SECONDS.least} to ${OWNER_SECONDS.most}. ${OWNER_SECONDS.usual} unless they said otherwise.`,
    ),
});

const transferCall = z.object({
  to: z
    .string()
    .trim()
    .max(120)
    .nullish()
    .transform((name) => name || null)
    .describe("Whom to connect the callee with. Leave it out for whoever of your human colleagues is free."),
  reason: z.string().trim().max(300).describe("Why a person is needed, in a few words."),
  brief: z
    .string()
    .trim()
    .min(1)
    .max(600)
    .describe("What they must know before they speak: who is on the line, what was said, what is wanted."),
  warm: z
    .boolean()
    .nullish()
    .transform((warm) => warm ?? false)
    .describe(
      "True to have whom you name told the brief in private first and asked whether they take it; false connects them at once. Use true when they should know before they speak, and stay with the callee meanwhile.",
    ),
});

const describe: Record<string, { schema: z.ZodObject; text: string }> = {
  end_call: {
    schema: endCall,
    text: "Hang up. Say goodbye first, in the same answer; the line is cut when the goodbye has been heard. Use reason voicemail when a machine answered and your message has been left.",
  },
  send_dtmf: {
    schema: sendDtmf,
    text: "Press keys on the phone, to get through a menu. Wait for the menu to be read out first.",
  },
  reschedule_call_trigger_analysis: {
    schema: reschedule,
    text: "Use when the callee wants to be called at another time. Say goodbye first, in the same answer; the call ends and the next one is planned from what was said.",
  },
  transfer_call: {
    schema: transferCall,
    text: "Hand the callee to a person: when they ask for one, or when you cannot help. Tell the callee first that you connect them, in the same answer; then wait for the outcome. When nobody can be reached you go on yourself.",
  },
  request_user_info: {
    schema: requestUserInfo,
    text: "Ask the person you call for, while the callee holds the line. Only for what the goal cannot be reached without and nobody told you. Ask the callee to hold the line first, in the same answer; then wait for the outcome.",
  },
};

const CALL_TOOLS: VoiceTool[] = Object.entries(describe).map(([name, { schema, text }]) => ({
  name,
  description: text,
  parameters: z.toJSONSchema(schema, { target: "draft-7", io: "input" }) as Record<string, unknown>,
}));

/**
 * The tools a live call gives its voice, as JSON schemas.
 * @param people names of those the agent may connect the callee with, besides its supervisors
 */
export const callTools = (people: readonly string[]): VoiceTool[] =>
  CALL_TOOLS.map((tool) => {
    if (tool.name !== "transfer_call") return tool;
    const { to, warm, ...properties } = tool.parameters.properties as Record<string, object>;
    const named = people.length === 0 ? properties : { to: { ...to, enum: [...people] }, ...properties, warm };
    return { ...tool, parameters: { ...tool.parameters, properties: named } };
  });

/**
 * A tool call of a voice as a command. The model's arguments are not to be trusted: what does not fit comes back as one
 * sentence the model can act on.
 */
export const toCommand = (call: {
  toolCallId: string;
  name: string;
  argumentsJson: string;
  speaking: boolean;
}): { ok: true; command: CallCommand } | { ok: false; problem: string } => {
  const { toolCallId, speaking } = call;
  let given: unknown;
  try {
    given = JSON.parse(call.argumentsJson === "" ? "{}" : call.argumentsJson);
  } catch {
    return { ok: false, problem: "The arguments were not valid JSON. Call the tool again." };
  }
  const parsed = describe[call.name]?.schema.safeParse(given);
  if (!parsed) return { ok: false, problem: "There is no such tool." };
  if (!parsed.success) return { ok: false, problem: `The arguments do not fit: ${z.prettifyError(parsed.error)}` };
  switch (call.name) {
    case "end_call":
      return { ok: true, command: { type: "end_call", ...endCall.parse(given), toolCallId, speaking } };
    case "send_dtmf":
      return { ok: true, command: { type: "send_dtmf", ...sendDtmf.parse(given), toolCallId } };
    case "transfer_call": {
      const { to, reason, brief, warm } = transferCall.parse(given);
      const words = reason === "" ? brief : `${reason}. ${brief}`;
      return { ok: true, command: { type: "transfer_call", to, brief: words, warm, toolCallId } };
    }
    case "request_user_info": {
      const { question, timeout } = requestUserInfo.parse(given);
      const timeoutMs = Math.round(timeout * 1000);
      return { ok: true, command: { type: "request_user_info", question, timeoutMs, toolCallId } };
    }
    default:
      return {
        ok: true,
        command: { type: "reschedule_call_trigger_analysis", ...reschedule.parse(given), toolCallId, speaking },
      };
  }
};
