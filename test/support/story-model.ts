import type { TextStep } from "./openai-text-server/script.ts";
import { STORY } from "./planner-rig.ts";
import type { Recorded } from "./scripted-http.ts";

/** Whom the story is about. */
export interface StoryContact {
  name: string;
  phone: string;
  placeId: string;
  /** IANA. */
  zone: string;
  /** What the callee says in the call that settles it, and the answer in it. */
  says: string;
  answer: string;
}

type Item = { type?: string; role?: string; content?: unknown };
interface Asked {
  input: Item[];
  text?: { format?: { name?: string } };
}

/** What the callee says who is called at a bad time. */
export const PUTS_OFF = "I am with a patient. Please call me tomorrow at 3.";

/** The document a request is about: the first message, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what our own prompts sent, read by a script of tests only.
const documentOf = ({ input }: Asked): any => JSON.parse(String(input.find(({ role }) => role === "user")?.content));

const toolRounds = ({ input }: Asked): number =>
  input.filter((item, i) => item.type === "function_call_output" && input[i + 1]?.type !== "function_call_output")
    .length;

const form = {
  status: "clarifying",
  reply: "I can plan that. One thing first.",
  questions: [{ field_name: "on_behalf_of", question_text: "For whom?", response_type: "text", options: null }],
  campaign_plan: null,
};

const plan = (contacts: readonly StoryContact[]) => ({
  status: "plan_complete",
  reply: "The plan is ready.",
  questions: [],
  campaign_plan: {
    title: "Earliest cleaning",
    question: "Who has the earliest cleaning after Thursday 3 pm?",
    master_agent_prompt: "Book the earliest cleaning after Thursday 3 pm.",
    contacts: contacts.map(({ name, phone, placeId, zone }) => ({
      name,
      phone,
      source_kind: "places",
      source_ref: placeId,
      timezone: zone,
      context: null,
    })),
    include_contact_list: false,
    schedule: { not_before: null, not_after: null, window_from: null, window_to: null, days: null },
    max_attempts: 3,
    language: null,
    agent_name: null,
    organization: "Eva Kralova",
  },
});

const planner = (asked: Asked, contacts: readonly StoryContact[]): TextStep => {
  if (!JSON.stringify(asked.input).includes("Answers:")) return { say: form };
  const rounds = toolRounds(asked);
  if (rounds === 0) return { call: [{ name: "search_internet", args: { query: `${STORY}, Springfield` } }] };
  if (rounds > 1) return { say: plan(contacts) };
  const area = "Springfield";
  return { call: contacts.map(({ name }) => ({ name: "get_authoritative_business_info", args: { name, area } })) };
};

const analyst = (asked: Asked, contacts: readonly StoryContact[]): TextStep => {
  const { callee, transcript, next_days } = documentOf(asked) as {
    callee: string;
    transcript: { speaker: string; text: string }[];
    next_days: string[];
  };
  const contact = contacts.find(({ name }) => name === callee);
  const isPutOff = transcript.some(({ text }) => text === PUTS_OFF);
  const tomorrow = /\d{4}-\d\d-\d\d/.exec(next_days[0] ?? "")?.[0];
  const facts = isPutOff || !contact ? [] : [{ name: "earliest cleaning", value: contact.answer, quote: contact.says }];
  return {
    say: {
      task_completed: !isPutOff,
      reason: isPutOff ? "asked to be called tomorrow" : "named the earliest time",
      summary: isPutOff ? "They are with a patient and want to be called tomorrow at 3." : "They named a time.",
      facts,
      callee_sentiment: "neutral",
      disposition: "answered",
      next_call_needed: isPutOff,
      next_call_local_time: isPutOff ? `${tomorrow}T15:00` : null,
      next_call_zone: null,
      next_call_delay_minutes: null,
      next_call_words: isPutOff ? "Please call me tomorrow at 3." : null,
      next_call_prompt_suggestion: null,
      dnd_requested: false,
      dnd_words: null,
      answered_by: "the reception",
      menu_path: [],
      promises: [],
      notes: [],
    },
  };
};

const summarizer = (asked: Asked): TextStep => {
  const { contacts } = documentOf(asked) as { contacts: { number: number; facts: { value: string }[] }[] };
  const answers = contacts.map(({ number, facts }) => ({
    number,
    answer: facts[0]?.value ?? "",
    fact: facts.length > 0 ? 1 : null,
  }));
  return {
    say: {
      headline: `The earliest is ${answers[0]?.answer}.`,
      summary: "All three were reached.",
      contacts: answers,
    },
  };
};

/** What a text model does in the story, from the first sentence to the report, whoever asks it and in whatever order. */
export const storyModel =
  (contacts: readonly StoryContact[]) =>
  ({ body }: Recorded): TextStep => {
    const asked = body as Asked;
    switch (asked.text?.format?.name) {
      case "planner":
        return planner(asked, contacts);
      case "orchestrator": {
        if (toolRounds(asked) > 0) return { say: { note: "All are scheduled." } };
        const { title, contacts: batch } = documentOf(asked);
        return { call: [{ name: "schedule_call_batch", args: { title, contacts: batch } }] };
      }
      case "analyst":
        return analyst(asked, contacts);
      default:
        return summarizer(asked);
    }
  };
