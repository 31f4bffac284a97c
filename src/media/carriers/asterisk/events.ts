import { z } from "zod";

/** Text of ARI that we keep or compare; longer is nothing we ever asked for. */
const word = z.string().max(512);

const channel = z.object({
  id: word,
  state: word.default(""),
  dialplan: z.object({ app_name: word.default(""), app_data: z.string().default("") }).optional(),
});

/** A channel as ARI describes it, cut down to what is read here. */
export type AriChannel = z.infer<typeof channel>;

const hangUpRequest = z.object({
  type: z.literal("ChannelHangupRequest"),
  channel,
  cause: z.number().optional(),
  tech_cause: z.number().optional(),
  soft: z.boolean().default(false),
});

const event = z.discriminatedUnion("type", [
  z.object({ type: z.literal("StasisStart"), channel }),
  z.object({ type: z.literal("StasisEnd"), channel }),
  z.object({ type: z.literal("ChannelStateChange"), channel }),
  z.object({ type: z.literal("Dial"), peer: channel, dialstatus: word }),
  hangUpRequest,
  z.object({
    type: z.literal("ChannelDestroyed"),
    channel,
    cause: z.number(),
    tech_cause: z.number().optional(),
  }),
  z.object({ type: z.literal("ChannelDtmfReceived"), channel, digit: z.string().regex(/^[0-9*#A-D]$/) }),
]);

/**
 * The events of ARI that decide something here. `ChannelHangupRequest.cause` is a Q.850 cause only where `soft` is
 * false; where it is true the number is an internal flag of Asterisk.
 */
export type AriEvent = z.infer<typeof event>;

/** Types of the events that are read; Asterisk is asked to send no others. */
export const READ_EVENTS: readonly AriEvent["type"][] = event.options.map((option) => option.shape.type.value);

/** An event of a socket, or null when it is of a type that nobody reads. Throws when a known type has another shape. */
export const parseAriEvent = (raw: unknown): AriEvent | null => {
  const type = (raw as { type?: unknown } | null)?.type;
  if (!READ_EVENTS.some((known) => known === type)) return null;
  return event.parse(raw);
};

/** The list `GET /channels` gives. Throws when it is another shape. */
export const parseChannels = (raw: unknown): AriChannel[] => z.array(channel).parse(raw);

/** Ids of the bridges `GET /bridges` gives. Throws when it is another shape. */
export const parseBridgeIds = (raw: unknown): string[] =>
  z
    .array(z.object({ id: word }))
    .parse(raw)
    .map((b) => b.id);

const mediaChannel = z.object({
  channelvars: z.object({
    UNICASTRTP_LOCAL_ADDRESS: word.min(1),
    UNICASTRTP_LOCAL_PORT: z.coerce.number().int().min(1).max(65535),
  }),
});

/** Where a channel of external media takes packets, from the reply that created it. Throws when it does not say. */
export const parseMediaAddress = (raw: unknown): { host: string; port: number } => {
  const { channelvars } = mediaChannel.parse(raw);
  return { host: channelvars.UNICASTRTP_LOCAL_ADDRESS, port: channelvars.UNICASTRTP_LOCAL_PORT };
};
