import { describe, expect, test } from "bun:test";
import { scriptedReport, scriptedVerdict } from "../../../src/agents/models/scripted-analysis.ts";
import { type AnalystCase, analystMessage, verdictAnswer } from "../../../src/agents/prompts/analyst.ts";
import { type ReportCase, reportAnswer, reportMessage } from "../../../src/agents/prompts/summarizer.ts";
import { PERSONAS } from "../../../src/media/carriers/scripted/personas.ts";
import { demoScript } from "../../../src/media/voices/demo-script.ts";

const ENDED_AT = Date.UTC(2026, 5, 10, 18);

const caseOf = (lines: AnalystCase["transcript"], changes: Partial<AnalystCase> = {}): AnalystCase => ({
  goal: "Book the earliest cleaning after Thursday 3 pm",
  background: "",
  question: "Where is the earliest cleaning?",
  callee: "Downtown Dental",
  attempt: 1,
  max_attempts: 3,
  ended_at: "2026-06-10T14:00 Wednesday",
  callee_zones: ["America/New_York"],
  next_days: ["2026-06-11 Thursday"],
  calling_hours: "08:00-21:00",
  deadline: null,
  disposition: "answered",
  hangup_cause: "agent-hung-up",
  tools: [],
  earlier_attempts: [],
  transcript: lines,
  ...changes,
});

/** The conversation of a demo call as its transcript. */
const demoLines = (persona: (typeof PERSONAS)[number], seed: number, attempt = 1): AnalystCase["transcript"] => {
  const about = {
    action: caseOf([]).goal,
    context: "",
    calleeName: "Downtown Dental",
    agentName: "",
    organization: "",
  };
  const { agentLines, calleeLines } = demoScript({ ...about, attempt, persona: persona.name, seed });
  return agentLines.flatMap((text, i) => [
    { at_ms: i * 10_000, speaker: "agent" as const, text, interrupted: false, whispered: false },
    ...(calleeLines[i] === undefined
      ? []
      : [
          {
            at_ms: i * 10_000 + 5000,
            speaker: "callee" as const,
            text: calleeLines[i],
            interrupted: false,
            whispered: false,
          },
        ]),
  ]);
};

const judge = (the: AnalystCase) => {
  const answer = scriptedVerdict(analystMessage(the));
  return verdictAnswer({ endedAt: ENDED_AT, zones: the.callee_zones }).parse(answer);
};

describe("the scripted analyst", () => {
  test("finds every conversation of the demo that was settled completed, with the time and the words it comes from", () => {
    for (const persona of PERSONAS.filter(({ name }) => /^(answers|answers-late|busy-first)$/.test(name))) {
      for (let seed = 1; seed <= 40; seed++) {
        const transcript = demoLines(persona, seed);
        const verdict = judge(caseOf(transcript));
        expect(verdict.task_completed).toBe(true);
        expect(verdict.facts[0]?.name).toBe("time");
        const quote = verdict.facts[0]?.quote ?? "nothing";
        expect(transcript.some(({ text }) => text.includes(quote))).toBe(true);
      }
    }
  });

  test("reads who puts a call off as a wish for another one in one minute, and the next one as settled", () => {
    const persona = PERSONAS.find(({ name }) => name === "call-me-later") ?? PERSONAS[0];
    for (let seed = 1; seed <= 20; seed++) {
      expect(judge(caseOf(demoLines(persona, seed)))).toMatchObject({
        task_completed: false,
        next_call_needed: true,
        next_call_delay_minutes: 1,
      });
      expect(judge(caseOf(demoLines(persona, seed, 2), { attempt: 2 })).task_completed).toBe(true);
    }
  });

  test("reads a mailbox as one and wants another call", () => {
    const persona = PERSONAS.find(({ name }) => name === "voicemail") ?? PERSONAS[0];
    for (let seed = 1; seed <= 10; seed++) {
      const verdict = judge(caseOf(demoLines(persona, seed)));
      expect(verdict).toMatchObject({ task_completed: false, next_call_needed: true, disposition: "voicemail" });
    }
  });

  test("takes who loses patience for a no, and asks for no other call", () => {
    const persona = PERSONAS.find(({ name }) => name === "hangs-up") ?? PERSONAS[0];
    for (let seed = 1; seed <= 10; seed++) {
      const lines = demoLines(persona, seed).slice(0, 2 * persona.hangsUpInLine + 2);
      const verdict = judge(caseOf(lines, { hangup_cause: "callee-hung-up" }));
      expect(verdict).toMatchObject({ task_completed: false, next_call_needed: false });
    }
  });

  test("says the same about the same call", () => {
    const transcript = demoLines(PERSONAS[0], 7);
    expect(judge(caseOf(transcript))).toEqual(judge(caseOf(transcript)));
  });

  test("“stop calling me” is a wish not to be called, and nothing else counts beside it", () => {
    const transcript = [
      { at_ms: 0, speaker: "callee" as const, text: "Sure. Stop calling me!", interrupted: false, whispered: false },
    ];
    expect(judge(caseOf(transcript))).toMatchObject({
      dnd_requested: true,
      dnd_words: "Stop calling me!",
      next_call_needed: false,
      task_completed: false,
    });
  });
});

describe("the scripted summarizer", () => {
  const contact = (number: number, name: string, value: string | null): ReportCase["contacts"][number] => ({
    number,
    name,
    status: value === null ? "failed_conclusive" : "completed",
    reason: "",
    summary: "",
    attempts: 1,
    facts: value === null ? [] : [{ number: 1, name: "time", value, quote: `We have ${value}.` }],
  });
  const report = (contacts: ReportCase["contacts"]): ReportCase => ({
    title: "Cleaning",
    question: "Which is the earliest cleaning after Thursday 3 pm?",
    goal: "Book a cleaning",
    today: "2026-06-10 Wednesday",
    totals: { contacts: contacts.length, reached_goal: 2, gave_up: 1, cancelled: 0, attempts: 4 },
    contacts,
    left_out: 0,
  });
  const write = (the: ReportCase) => reportAnswer(the).parse(scriptedReport(reportMessage(the)));

  test("answers the question with the earliest of the times, and names its contact", () => {
    const the = report([
      contact(1, "Downtown Dental", "Friday at 9:30 am"),
      contact(2, "Smile Studio", "Thursday at 4:15 pm"),
      contact(3, "The clinic", null),
    ]);
    expect(write(the).headline).toBe("The earliest is Thursday at 4:15 pm, at Smile Studio.");
    expect(write(the).contacts[2]).toEqual({ number: 3, answer: "", fact: null });
  });

  test("says so when nobody answered", () => {
    expect(write(report([contact(1, "The clinic", null)])).headline).toBe("The contact gave no answer.");
  });
});
