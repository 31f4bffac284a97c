import { expect, test } from "bun:test";
import { scriptedControl } from "../../../src/media/carriers/scripted/control.ts";
import { demoScript } from "../../../src/media/voices/demo-script.ts";
import { demoVoice } from "../../../src/media/voices/demo-voice.ts";
import { ManualSchedule } from "../../support/manual-schedule.ts";

test("the agent and the callee of a demo call are given the two sides of one conversation", async () => {
  const about = { action: "Book a table", context: "", calleeName: "", agentName: "", organization: "Maya" };
  const speak = async (text: string, who: string) => ({ text, audio: new TextEncoder().encode(who) });
  const { schedule } = new ManualSchedule();
  const carrier = scriptedControl({ seed: 9, speak, schedule, onEvent: () => {}, log: { error: () => {} } });
  const brief = { instructions: "all of it", opening: "say hello", language: "en", tools: [] };
  for (const to of ["+12025550100", "+12025550116", "+442079460123"]) {
    const leg = await carrier.legFor({ callId: "call_1", to, about });
    const voice = await demoVoice({ subject: about, to, seed: 9, brief, speak });
    if (leg.kind !== "scripted") throw new Error("the leg must be scripted");
    const script = demoScript({ ...about, persona: to.endsWith("16") ? "talks-over" : "answers", seed: voice.seed });
    expect(voice.seed).toBe(leg.seed);
    expect(voice.lines.map(({ text }) => text)).toEqual(script.agentLines);
    expect(leg.lines.map(({ text }) => text)).toEqual(script.calleeLines);
    expect(new TextDecoder().decode(voice.asides?.message?.audio)).toBe("agent");
    expect(voice.brief).toBe(brief);
  }
});
