import { seedOf } from "../carriers/scripted/chance.ts";
import { personaOf } from "../carriers/scripted/personas.ts";
import type { ScriptedVoiceSettings, SpokenLine, VoiceBrief } from "../engine/protocol.ts";
import { type DemoSubject, demoScript } from "./demo-script.ts";

/** How long the demo's callee holds the line for the owner's answer, in s. */
const ANSWER_WITHIN_S = 60;

/**
 * The agent of a demo call as the engine opens it. With the seed of the scripted carrier and the number that is dialled,
 * its lines and those of the callee (`scriptedControl().legFor`) are one conversation.
 */
export const demoVoice = async (call: {
  subject: DemoSubject;
  to: string;
  seed: number;
  brief: VoiceBrief;
  speak: (text: string, who: "agent" | "callee") => Promise<SpokenLine>;
}): Promise<ScriptedVoiceSettings> => {
  const seed = seedOf(call.seed, call.to);
  const script = demoScript({ ...call.subject, persona: personaOf(call.to).name, seed });
  const say = (text: string): Promise<SpokenLine> => call.speak(text, "agent");
  const [lines, excuse, message, polite, late, back] = await Promise.all([
    Promise.all(script.agentLines.map(say)),
    say(script.yield),
    say(script.message),
    say(script.polite),
    script.asks && say(script.late),
    say(script.back),
  ]);
  const asides = { yield: excuse, message, polite, back, ...(late && { late }) };
  const asks = script.asks && { ...script.asks, timeoutS: ANSWER_WITHIN_S };
  return { kind: "scripted", seed, brief: call.brief, lines, asides, asks };
};
