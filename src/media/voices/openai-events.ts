import { z } from "zod";

/** Longest name of anything the service names: responses, items, calls. */
const id = z.string().min(1).max(256);
const words = z.string().max(200_000);
const ms = z
  .number()
  .min(0)
  .max(24 * 3_600_000);

const problem = z.object({
  type: z.string().max(200).nullish(),
  code: z.string().max(200).nullish(),
  message: z.string().max(4000).nullish(),
  param: z.string().max(400).nullish(),
  event_id: z.string().max(256).nullish(),
});

const item = z.object({
  id,
  type: z.string().max(100),
  status: z.string().max(100).nullish(),
  role: z.string().max(100).nullish(),
  call_id: id.nullish(),
  name: z.string().max(200).nullish(),
  arguments: z.string().max(64_000).nullish(),
});

const turnDetection = z.object({
  type: z.string(),
  create_response: z.boolean().nullish(),
  interrupt_response: z.boolean().nullish(),
});

const session = z.object({
  audio: z.object({
    input: z.object({ format: z.object({ type: z.string() }), turn_detection: turnDetection.nullish() }),
    // A session that only writes down has none.
    output: z.object({ format: z.object({ type: z.string() }), voice: z.unknown() }).nullish(),
  }),
  tools: z.array(z.unknown()).nullish(),
});

const response = z.object({
  id,
  status: z.string().max(100).nullish(),
  status_details: z.object({ reason: z.string().max(200).nullish(), error: problem.nullish() }).nullish(),
  conversation_id: id.nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  usage: z.unknown(),
});

/** Every server event that the voice reads, by the GA Realtime API; members it does not need are left out. */
const serverEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("session.created") }),
  z.object({ type: z.literal("session.updated"), session }),
  z.object({ type: z.literal("error"), error: problem }),
  z.object({ type: z.literal("input_audio_buffer.speech_started"), audio_start_ms: ms, item_id: id }),
  z.object({ type: z.literal("input_audio_buffer.speech_stopped"), audio_end_ms: ms, item_id: id }),
  z.object({ type: z.literal("input_audio_buffer.committed"), item_id: id }),
  z.object({ type: z.literal("conversation.item.added"), item }),
  z.object({
    type: z.literal("conversation.item.input_audio_transcription.delta"),
    item_id: id,
    delta: words.nullish(),
  }),
  z.object({
    type: z.literal("conversation.item.input_audio_transcription.completed"),
    item_id: id,
    transcript: words,
    usage: z.unknown(),
  }),
  z.object({ type: z.literal("conversation.item.input_audio_transcription.failed"), item_id: id }),
  z.object({ type: z.literal("response.created"), response }),
  z.object({ type: z.literal("response.done"), response }),
  z.object({ type: z.literal("response.output_item.added"), response_id: id, item }),
  z.object({ type: z.literal("response.output_item.done"), response_id: id, item }),
  z.object({
    type: z.literal("response.output_audio.delta"),
    response_id: id,
    item_id: id,
    delta: z.string().max(20_000_000),
  }),
  z.object({ type: z.literal("response.output_audio.done"), response_id: id, item_id: id }),
  z.object({ type: z.literal("response.output_audio_transcript.delta"), response_id: id, item_id: id, delta: words }),
  z.object({
    type: z.literal("response.output_audio_transcript.done"),
    response_id: id,
    item_id: id,
    transcript: words,
  }),
]);

/** A server event in the shape the voice relies on. */
export type ServerEvent = z.infer<typeof serverEvent>;
/** A server event of one type. */
export type ServerEventOf<Type extends ServerEvent["type"]> = Extract<ServerEvent, { type: Type }>;

const READ = new Set<unknown>(serverEvent.options.map((option) => option.shape.type.value));

/** A parsed message as an event; `unknown` for types nobody reads, `malformed` for a known type in another shape. */
export const readServerEvent = (raw: unknown): ServerEvent | "unknown" | "malformed" => {
  if (typeof raw !== "object" || raw === null || !READ.has((raw as { type?: unknown }).type)) return "unknown";
  const read = serverEvent.safeParse(raw);
  return read.success ? read.data : "malformed";
};
