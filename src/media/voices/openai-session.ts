import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
  SessionUpdateEvent,
} from "openai/resources/realtime/realtime";
import type { OpenAiRealtimeSettings } from "../engine/protocol.ts";
import type { ServerEventOf } from "./openai-events.ts";

/** G.711 µ-law as the service calls it. */
const FORMAT = "audio/pcmu";

/** Model that writes down the callee's turns. */
export const TRANSCRIPTION_MODEL = "gpt-transcribe";

/** Silence that ends the callee's turn, in ms. Always sent: the service's own default differs between models. */
export const TURN_END_SILENCE_MS = 500;
/** Sound before the onset of speech that belongs to the turn, in ms. */
export const PREFIX_PADDING_MS = 300;
/** Most tokens of one answer: about 50 s of speech, so that a model in a loop stops. */
const MAX_ANSWER_TOKENS = 1024;
/** Tokens of conversation kept behind the instructions; the oldest fifth goes when they are full, which spares the cache. */
const KEPT_TOKENS = 8000;
const KEPT_AFTER_CUT = 0.8;

/**
 * Turn detection on the service. `answers`: it starts a response at the end of each of the callee's turns. It never
 * interrupts by itself, because only the bridge knows what the callee has heard.
 */
const turnDetection = (answers: boolean) =>
  ({
    type: "server_vad",
    threshold: 0.5,
    prefix_padding_ms: PREFIX_PADDING_MS,
    silence_duration_ms: TURN_END_SILENCE_MS,
    create_response: answers,
    interrupt_response: false,
  }) as const;

/** The whole set-up of a session, as its first event. `withVoice` false leaves the voice as it is. */
export const sessionSetup = (
  settings: OpenAiRealtimeSettings,
  eventId: string,
  answers: boolean,
  withVoice: boolean,
): SessionUpdateEvent => {
  const { brief, model, voice } = settings;
  const session: RealtimeSessionCreateRequest = {
    type: "realtime",
    output_modalities: ["audio"],
    instructions: brief.instructions,
    max_output_tokens: MAX_ANSWER_TOKENS,
    audio: {
      input: {
        format: { type: FORMAT },
        noise_reduction: { type: "near_field" },
        transcription: { model: TRANSCRIPTION_MODEL, languages: [brief.language.split("-")[0] ?? brief.language] },
        turn_detection: turnDetection(answers),
      },
      output: withVoice ? { format: { type: FORMAT }, voice } : { format: { type: FORMAT } },
    },
    tools: brief.tools.map((tool) => ({ type: "function", ...tool })),
    tool_choice: "auto",
    truncation: {
      type: "retention_ratio",
      retention_ratio: KEPT_AFTER_CUT,
      token_limits: { post_instructions: KEPT_TOKENS },
    },
  };
  // Only models of the second generation reason; others refuse the whole update over this member.
  if (model.startsWith("gpt-realtime-2")) session.reasoning = { effort: "low" };
  return { type: "session.update", event_id: eventId, session };
};

/**
 * The set-up of a session that only writes down, as its first event; the client says itself where utterances end.
 * `language` is a hint, BCP 47; empty leaves it to the service.
 */
export const transcriptionSetup = (
  settings: { model: string; language: string },
  eventId: string,
): SessionUpdateEvent => {
  const language = settings.language.split("-")[0] ?? "";
  // Older models take one language only, under another name.
  const hint =
    language === ""
      ? {}
      : settings.model.endsWith("-transcribe") && !settings.model.startsWith("gpt-4o")
        ? { languages: [language] }
        : { language };
  const session: RealtimeTranscriptionSessionCreateRequest = {
    type: "transcription",
    audio: {
      input: {
        format: { type: FORMAT },
        noise_reduction: { type: "near_field" },
        transcription: { model: settings.model, ...hint },
        turn_detection: null,
      },
    },
  };
  return { type: "session.update", event_id: eventId, session };
};

/** What differs between that set-up and the session that came back, as names of members. */
export const transcriptionProblems = (session: ServerEventOf<"session.updated">["session"]): string[] => {
  const { format, turn_detection: turns } = session.audio.input;
  const problems: string[] = [];
  if (format.type !== FORMAT) problems.push("audio.input.format");
  if (turns) problems.push("audio.input.turn_detection");
  return problems;
};

/** Switches the answering of turns on or off in a session that is set up. */
export const answerSwitch = (eventId: string, answers: boolean): SessionUpdateEvent => ({
  type: "session.update",
  event_id: eventId,
  session: { type: "realtime", audio: { input: { turn_detection: turnDetection(answers) } } },
});

/**
 * What differs between a set-up that was asked for and the session that came back, as names of members. A session in
 * another format would turn the call into noise, so nothing is taken on trust.
 */
export const sessionProblems = (
  settings: OpenAiRealtimeSettings,
  session: ServerEventOf<"session.updated">["session"],
  answers: boolean,
  withVoice: boolean,
): string[] => {
  const { input, output } = session.audio;
  const problems: string[] = [];
  if (input.format.type !== FORMAT) problems.push("audio.input.format");
  if (output?.format.type !== FORMAT) problems.push("audio.output.format");
  if (withVoice && output?.voice !== settings.voice) problems.push("audio.output.voice");
  const turns = input.turn_detection;
  if (turns?.type !== "server_vad") problems.push("audio.input.turn_detection");
  else if ((turns.create_response ?? true) !== answers) problems.push("audio.input.turn_detection.create_response");
  else if (turns.interrupt_response ?? true) problems.push("audio.input.turn_detection.interrupt_response");
  if ((session.tools ?? []).length !== settings.brief.tools.length) problems.push("tools");
  return problems;
};
