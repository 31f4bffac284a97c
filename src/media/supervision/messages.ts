import type { types } from "mediasoup";
import { z } from "zod";

/** Longest message a softphone may send, in UTF-16 units. Capabilities of a browser take about 6 000. */
export const MAX_MESSAGE_LENGTH = 65_536;

const requestId = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const idText = z.string().min(1).max(100);

const dtlsParameters = z.object({
  role: z.enum(["auto", "client", "server"]).optional(),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]),
        value: z.string().max(200),
      }),
    )
    .min(1)
    .max(8),
});

/** Only the outline is checked here: mediasoup checks the inside and throws a `TypeError` on what does not fit. */
const rtpCapabilities = z.looseObject({
  codecs: z.array(z.looseObject({})).max(200),
  headerExtensions: z.array(z.looseObject({})).max(200).optional(),
});

/** What a softphone may ask. `id` comes back in the answer. */
export const softphoneRequest = z.discriminatedUnion("type", [
  z.object({ id: requestId, type: z.literal("join"), callId: idText, mode: z.literal("listen") }),
  z.object({ id: requestId, type: z.literal("reclaim"), seatId: idText }),
  z.object({ id: requestId, type: z.literal("connect"), dtlsParameters }),
  z.object({ id: requestId, type: z.literal("consume"), rtpCapabilities }),
  z.object({ id: requestId, type: z.literal("resume") }),
  z.object({ id: requestId, type: z.literal("restart-ice") }),
  z.object({ id: requestId, type: z.literal("leave") }),
  z.object({ id: requestId, type: z.literal("ping") }),
]);

/** A checked request of a softphone. */
export type SoftphoneRequest = z.infer<typeof softphoneRequest>;

/** One side of a call as a supervisor hears it. */
export type Party = "callee" | "agent";

/** Answer to `join`: all a browser needs to make its receiving transport. */
export interface Joined {
  seatId: string;
  /** Whom the call is with, for the dock. */
  who: string;
  routerRtpCapabilities: types.RtpCapabilities;
  transport: {
    id: string;
    iceParameters: types.IceParameters;
    iceCandidates: types.IceCandidate[];
    dtlsParameters: types.DtlsParameters;
  };
}

/** One of the two streams in the answer to `consume`; paused until `resume`. */
export interface Heard {
  party: Party;
  id: string;
  producerId: string;
  kind: types.MediaKind;
  rtpParameters: types.RtpParameters;
}

/** What each request is answered with when it went well. */
export interface Answers {
  join: Joined;
  reclaim: { callId: string };
  connect: null;
  consume: { heard: Heard[] };
  resume: null;
  "restart-ice": { iceParameters: types.IceParameters };
  leave: null;
  ping: null;
}

/** Why a request was refused, for the program; `why` says it to a person. */
export type RefusalReason = "bad-message" | "no-such-call" | "call-over" | "unavailable" | "no-seat" | "failed";

/** Server → softphone: the answer to one request. */
export type Reply =
  | { reply: number; ok: true; data: Answers[keyof Answers] }
  | { reply: number; ok: false; reason: RefusalReason; why: string };

/** Server → softphone, unasked. */
export type Notice =
  | { event: "call-ended"; callId: string }
  /** The room is gone, the call is not: join again at once. */
  | { event: "rejoin"; callId: string }
  /** Everyone listening to this call, in order of arrival. */
  | { event: "roster"; callId: string; names: string[] };
