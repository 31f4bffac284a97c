import { z } from "zod";

const format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("audio/pcm"), rate: z.literal(24_000) }),
  z.strictObject({ type: z.literal("audio/pcmu") }),
  z.strictObject({ type: z.literal("audio/pcma") }),
]);

const turnDetection = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("server_vad"),
    threshold: z.number().min(0).max(1).optional(),
    prefix_padding_ms: z.int().min(0).optional(),
    silence_duration_ms: z.int().min(0).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
    idle_timeout_ms: z.int().min(5000).max(30_000).nullish(),
  }),
  z.strictObject({
    type: z.literal("semantic_vad"),
    eagerness: z.enum(["low", "medium", "high", "auto"]).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
  }),
]);

const SEVERAL_LANGUAGES: unknown[] = ["gpt-transcribe", "gpt-live-transcribe"];
const transcription = z
  .strictObject({
    model: z.string().optional(),
    language: z.string().optional(),
    languages: z.array(z.string()).optional(),
    prompt: z.string().optional(),
    keywords: z.array(z.string()).optional(),
    delay: z.unknown().optional(),
  })
  .refine(({ model, languages }) => languages === undefined || SEVERAL_LANGUAGES.includes(model), {
    error: "This model does not take several languages.",
    path: ["languages"],
  });
const noiseReduction = z.strictObject({
  type: z.enum(["near_field", "far_field"]),
  strength: z.unknown().optional(),
});

const voice = z.union([z.string(), z.strictObject({ id: z.string() })]);
const tool = z.strictObject({
  type: z.literal("function"),
  name: z.string(),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});
const toolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.strictObject({ type: z.literal("function"), name: z.string() }),
]);
const maxOutputTokens = z.union([z.int().min(1).max(4096), z.literal("inf")]);
const modalities = z.array(z.enum(["audio", "text"])).length(1);
const effort = z.strictObject({ effort: z.enum(["minimal", "low", "medium", "high", "xhigh"]).optional() });

/** The `session` member of `session.update`, by the GA API. */
export const sessionSchema = z.strictObject({
  type: z.literal("realtime"),
  instructions: z.string().optional(),
  output_modalities: modalities.optional(),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: format.optional(),
          noise_reduction: noiseReduction.nullish(),
          transcription: transcription.nullish(),
          turn_detection: turnDetection.nullish(),
        })
        .optional(),
      output: z
        .strictObject({
          format: format.optional(),
          voice: voice.optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
        })
        .optional(),
    })
    .optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning: effort.optional(),
  max_output_tokens: maxOutputTokens.optional(),
  truncation: z
    .union([
      z.enum(["auto", "disabled"]),
      z.strictObject({
        type: z.literal("retention_ratio"),
        retention_ratio: z.number().min(0).max(1),
        token_limits: z.strictObject({ post_instructions: z.int().min(0).optional() }).optional(),
      }),
    ])
    .optional(),
  tracing: z.unknown().optional(),
  include: z.array(z.literal("item.input_audio_transcription.logprobs")).optional(),
  prompt: z.unknown().optional(),
});

/** The `session` member of `session.update` on a connection that only writes down. */
export const transcriptionSessionSchema = z.strictObject({
  type: z.literal("transcription"),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: format.optional(),
          noise_reduction: noiseReduction.nullish(),
          transcription: transcription.nullish(),
          turn_detection: turnDetection.nullish(),
        })
        .optional(),
    })
    .optional(),
  include: z.array(z.literal("item.input_audio_transcription.logprobs")).optional(),
});

/** The `response` member of `response.create`. */
export const responseSchema = z.strictObject({
  conversation: z.enum(["auto", "none"]).optional(),
  input: z.array(z.record(z.string(), z.unknown())).optional(),
  instructions: z.string().optional(),
  output_modalities: modalities.optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  max_output_tokens: maxOutputTokens.optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  audio: z
    .strictObject({ output: z.strictObject({ format: format.optional(), voice: voice.optional() }).optional() })
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning: effort.optional(),
});

const textPart = (type: string) => z.strictObject({ type: z.literal(type), text: z.string() });
const named = { id: z.string().max(32).optional(), object: z.unknown().optional(), status: z.unknown().optional() };

/** An item that a client may create. */
export const itemSchema = z.union([
  z.strictObject({
    ...named,
    type: z.literal("message"),
    role: z.literal("system"),
    content: z.array(textPart("input_text")),
  }),
  z.strictObject({
    ...named,
    type: z.literal("message"),
    role: z.literal("user"),
    content: z.array(
      z.union([
        textPart("input_text"),
        z.strictObject({
          type: z.literal("input_audio"),
          audio: z.string().optional(),
          transcript: z.string().optional(),
        }),
      ]),
    ),
  }),
  z.strictObject({
    ...named,
    type: z.literal("message"),
    role: z.literal("assistant"),
    content: z.array(textPart("output_text")),
  }),
  z.strictObject({
    ...named,
    type: z.literal("function_call"),
    call_id: z.string().optional(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({ ...named, type: z.literal("function_call_output"), call_id: z.string(), output: z.string() }),
]);

/** What is wrong with a part of a client event, as the service would name it. */
export interface Complaint {
  code: string;
  message: string;
  param: string;
}

/** The first complaint about a value, or null. `path` names the value. */
export const complaint = (schema: z.ZodType, value: unknown, path: string): Complaint | null => {
  const read = schema.safeParse(value);
  if (read.success) return null;
  const issue = read.error.issues[0]!;
  const param = [path, ...issue.path.map(String)].join(".");
  if (issue.code === "unrecognized_keys") {
    const name = `${param}.${issue.keys[0]}`;
    return { code: "unknown_parameter", message: `Unknown parameter: '${name}'.`, param: name };
  }
  const found = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  if (found === undefined) {
    return { code: "missing_required_parameter", message: `Missing required parameter: '${param}'.`, param };
  }
  return { code: "invalid_value", message: `Invalid value: '${param}'. ${issue.message}`, param };
};

/** A session as it is before any update: 24 kHz PCM both ways, the service's own turn detection. */
export const freshSession = (id: string, model: string, expiresAt: number): Session => ({
  object: "realtime.session",
  type: "realtime",
  id,
  model,
  expires_at: expiresAt,
  instructions: "You are a helpful assistant.",
  output_modalities: ["audio"],
  tools: [],
  tool_choice: "auto",
  max_output_tokens: "inf",
  tracing: null,
  prompt: null,
  truncation: "auto",
  include: null,
  audio: {
    input: {
      format: { type: "audio/pcm", rate: 24_000 },
      noise_reduction: null,
      transcription: null,
      turn_detection: {
        type: "server_vad",
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: 200,
        idle_timeout_ms: null,
        create_response: true,
        interrupt_response: true,
      },
    },
    output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "alloy", speed: 1 },
  },
});

/** A session that only writes down, before any update: it has no output, no tools and no instructions. */
export const freshTranscriptionSession = (id: string, expiresAt: number): Session => {
  const { audio } = freshSession(id, "", expiresAt);
  const session = {
    object: "realtime.transcription_session",
    type: "transcription",
    id,
    expires_at: expiresAt,
    include: null,
    audio: { input: audio.input },
  };
  // Nothing reads the members that it lacks: such a session makes no responses.
  return session as unknown as Session;
};

export interface TurnDetection {
  type: string;
  threshold?: number;
  prefix_padding_ms?: number;
  silence_duration_ms?: number;
  idle_timeout_ms?: number | null;
  create_response?: boolean;
  interrupt_response?: boolean;
}

/** The effective session; members that only travel through are not named. */
export interface Session extends Record<string, unknown> {
  id: string;
  model: string;
  instructions: string;
  tools: unknown[];
  audio: {
    input: {
      format: { type: string; rate?: number };
      transcription: unknown;
      turn_detection: TurnDetection | null;
    } & Record<string, unknown>;
    output: { format: { type: string; rate?: number }; voice: unknown } & Record<string, unknown>;
  };
}

/** Lays an update over a session: nested members one by one; lists, formats and turn detection as a whole. */
export const mergeSession = (session: Record<string, unknown>, update: Record<string, unknown>): void => {
  for (const [key, value] of Object.entries(update)) {
    const old = session[key];
    const isWhole = key === "format" || key === "transcription" || key === "truncation" || key === "tool_choice";
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value) && !isWhole;
    if (isNested && typeof old === "object" && old !== null) {
      mergeSession(old as Record<string, unknown>, value as Record<string, unknown>);
    } else session[key] = value;
  }
};
