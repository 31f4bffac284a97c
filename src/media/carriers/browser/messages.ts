import type { types } from "mediasoup";
import { z } from "zod";
import {
  dtlsParameters,
  type Heard,
  rtpCapabilities,
  rtpParameters,
  type TransportOffer,
} from "../../supervision/messages.ts";

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What a page that talks to an agent may ask. `id` comes back in the answer. */
export const talkRequest = z.discriminatedUnion("type", [
  /** Once for each socket: a call with this agent begins. */
  z.object({
    id,
    type: z.literal("start"),
    agentId: z.string().min(1).max(100),
    /** What the agent is to reach; empty for just a conversation. */
    action: z.string().trim().max(2_000),
    /** Who the person plays; empty for nobody in particular. */
    callee: z.string().trim().max(120),
  }),
  z.object({ id, type: z.literal("connect"), way: z.enum(["hear", "speak"]), dtlsParameters }),
  z.object({ id, type: z.literal("produce"), rtpParameters }),
  z.object({ id, type: z.literal("consume"), rtpCapabilities }),
  /** The browser plays what comes: the agent may speak. */
  z.object({ id, type: z.literal("resume") }),
  z.object({ id, type: z.literal("hang-up") }),
  z.object({ id, type: z.literal("ping") }),
]);

/** A checked request of such a page. */
export type TalkRequest = z.infer<typeof talkRequest>;

/** All a browser needs to make both of its transports. */
export interface LineOffer {
  routerRtpCapabilities: types.RtpCapabilities;
  hear: TransportOffer;
  speak: TransportOffer;
}

/** What each request is answered with when it went well. */
export interface TalkAnswers {
  start: LineOffer & { callId: string };
  connect: null;
  produce: { producerId: string };
  /** The agent's voice, paused until `resume`. */
  consume: { heard: Omit<Heard, "party"> };
  resume: null;
  "hang-up": null;
  ping: null;
}

/** Why a request was refused, for the program; `why` says it to a person. */
export type TalkRefusal = "bad-message" | "unavailable" | "not-now" | "no-room" | "no-such-agent" | "failed";

/** Server → page: the answer to one request. */
export type TalkReply =
  | { reply: number; ok: true; data: TalkAnswers[keyof TalkAnswers] }
  | { reply: number; ok: false; reason: TalkRefusal; why: string };

/** Server → page, unasked. */
export type TalkNotice =
  /** Both hear each other from now on. */
  | { event: "answered"; callId: string }
  /** The call is over, whoever ended it; `why` is one sentence where there is more to say. */
  | { event: "over"; callId: string; why: string };
