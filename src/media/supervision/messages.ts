import type { types } from "mediasoup";
import { z } from "zod";
import {
  type NoticeTone,
  SUPERVISION_MODES,
  type SupervisionMode,
  type SupervisionRight,
} from "../../core/supervision.ts";

/** Longest message a softphone may send, in UTF-16 units. Capabilities of a browser take about 6 000. */
export const MAX_MESSAGE_LENGTH = 65_536;

const requestId = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const idText = z.string().min(1).max(100);

/** DTLS parameters of a browser. */
export const dtlsParameters = z.object({
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
export const rtpCapabilities = z.looseObject({
  codecs: z.array(z.looseObject({})).max(200),
  headerExtensions: z.array(z.looseObject({})).max(200).optional(),
});

/** The same for what a browser sends: mediasoup checks the inside. */
export const rtpParameters = z.looseObject({
  codecs: z.array(z.looseObject({})).min(1).max(20),
  headerExtensions: z.array(z.looseObject({})).max(50).optional(),
  encodings: z.array(z.looseObject({})).max(4).optional(),
});

/** What a softphone may ask. `id` comes back in the answer. */
export const softphoneRequest = z.discriminatedUnion("type", [
  /** Always as a listener; a wider mode is asked for afterwards. */
  z.object({ id: requestId, type: z.literal("join"), callId: idText }),
  z.object({ id: requestId, type: z.literal("reclaim"), seatId: idText }),
  z.object({ id: requestId, type: z.literal("connect"), way: z.enum(["hear", "speak"]), dtlsParameters }),
  /**
   * A transport for the microphone; there is none before a speaking mode is wanted. An older one of this place is closed,
   * and so it is when the socket is lost.
   */
  z.object({ id: requestId, type: z.literal("open-microphone") }),
  /** One PCMU stream, in place of an earlier one; refused while this place is heard. */
  z.object({ id: requestId, type: z.literal("produce"), rtpParameters }),
  /** Another mode. `note`: what the agent is to know when it is given the call back. */
  z.object({
    id: requestId,
    type: z.literal("mode"),
    mode: z.enum(SUPERVISION_MODES),
    note: z.string().max(2_000).default(""),
  }),
  /** The talk button was pressed or let go, in `whisper`. */
  z.object({ id: requestId, type: z.literal("talk"), on: z.boolean() }),
  /** Guidance in text, in any mode. */
  z.object({
    id: requestId,
    type: z.literal("whisper"),
    text: z.string().trim().min(1).max(2_000),
    now: z.boolean().default(false),
  }),
  /** Keys, in `barge` and `takeover`. */
  z.object({
    id: requestId,
    type: z.literal("dtmf"),
    digits: z
      .string()
      .min(1)
      .max(32)
      .regex(/^[0-9*#A-D]+$/),
  }),
  /** `politely`: the agent says goodbye first. */
  z.object({ id: requestId, type: z.literal("end-call"), politely: z.boolean().default(false) }),
  z.object({ id: requestId, type: z.literal("consume"), rtpCapabilities }),
  z.object({ id: requestId, type: z.literal("resume") }),
  z.object({ id: requestId, type: z.literal("restart-ice") }),
  z.object({ id: requestId, type: z.literal("leave") }),
  z.object({ id: requestId, type: z.literal("ping") }),
]);

/** A checked request of a softphone. */
export type SoftphoneRequest = z.infer<typeof softphoneRequest>;

/** One side of a call as a supervisor hears it; `supervisor` is another one who speaks. */
export type Party = "callee" | "agent" | "supervisor";

/** A WebRTC transport as the browser needs to know it. */
export interface TransportOffer {
  id: string;
  iceParameters: types.IceParameters;
  iceCandidates: types.IceCandidate[];
  dtlsParameters: types.DtlsParameters;
}

/** Answer to `join`: all a browser needs to make its receiving transport. */
export interface Joined {
  seatId: string;
  /** Whom the call is with, for the dock. */
  who: string;
  routerRtpCapabilities: types.RtpCapabilities;
  transport: TransportOffer;
  /** What this person may do here. */
  rights: SupervisionRight[];
  /**
   * `takeover` when this person's takeover waits for them after a loss: with the microphone opened again they ask for it
   * to go on, or for `listen` to give the call back. Else `listen`.
   */
  mode: SupervisionMode;
  /** When a tone tells the caller of this person. */
  noticeTone: NoticeTone;
}

/** Someone on a call beside its two parties. */
export interface Present {
  seatId: string;
  name: string;
  mode: SupervisionMode;
}

/** One of the streams in the answer to `consume`; paused until `resume`. */
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
  /** As in `Joined`: wider modes are lost with the connection, but for a takeover that waits. */
  reclaim: { callId: string; mode: SupervisionMode };
  connect: null;
  consume: { heard: Heard[] };
  resume: null;
  /** One for each way that is open. */
  "restart-ice": { hear: types.IceParameters; speak: types.IceParameters | null };
  "open-microphone": { transport: TransportOffer };
  produce: { producerId: string };
  /** The mode that is in force; the engine has confirmed it. */
  mode: { mode: SupervisionMode; atMs: number };
  talk: null;
  whisper: null;
  dtmf: null;
  "end-call": null;
  leave: null;
  ping: null;
}

/** Why a request was refused, for the program; `why` says it to a person. */
export type RefusalReason =
  | "bad-message"
  | "no-such-call"
  | "call-over"
  | "unavailable"
  | "no-seat"
  | "failed"
  /** The person has not this right. */
  | "not-allowed"
  /** Another supervisor speaks on this call. */
  | "taken"
  /** The call is not answered yet, or what was asked does not fit the mode. */
  | "not-now";

/** Server → softphone: the answer to one request. */
export type Reply =
  | { reply: number; ok: true; data: Answers[keyof Answers] }
  | { reply: number; ok: false; reason: RefusalReason; why: string };

/** Server → softphone, unasked. */
export type Notice =
  | { event: "call-ended"; callId: string }
  /** The room is gone, the call is not: join again at once. */
  | { event: "rejoin"; callId: string }
  /** Everyone on this call, in order of arrival; a person with two softphones is there twice. */
  | { event: "roster"; callId: string; present: Present[] }
  /** Another supervisor begins to be heard: a stream to consume, running. `gone` when it ends. */
  | { event: "heard"; callId: string; heard: Heard }
  | { event: "gone"; callId: string; consumerId: string }
  /** The mode changed without being asked: the link was lost, or nobody writes a whisper down any more. */
  | { event: "mode"; callId: string; mode: SupervisionMode; why: string };
