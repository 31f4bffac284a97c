import { type SupervisionRight, supervisionRights } from "../../core/supervision.ts";
import type { SoftphoneRequest } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import type { SupervisorActor } from "./seat.ts";

/** The right that each request needs; null needs none. `mode` and `dtmf` need the right of the mode. */
export const NEEDS: Readonly<Record<SoftphoneRequest["type"], readonly SupervisionRight[]>> = {
  join: ["listen"],
  reclaim: ["listen"],
  connect: ["listen"],
  consume: ["listen"],
  resume: ["listen"],
  "restart-ice": ["listen"],
  "open-microphone": ["whisper", "barge", "takeover"],
  produce: ["whisper", "barge", "takeover"],
  mode: [],
  talk: ["whisper"],
  whisper: ["whisper"],
  dtmf: [],
  "end-call": ["hang-up"],
  leave: [],
  ping: [],
};

const RIGHT_WORDS: Readonly<Record<SupervisionRight, string>> = {
  listen: "listen to calls",
  whisper: "whisper to the AI",
  barge: "speak on calls",
  takeover: "take calls over",
  "hang-up": "end calls",
  transfer: "transfer calls",
};

/** Throws a `Refusal` unless the person has one of these rights; none are needed where none is named. */
export const needOneOf = ({ roles }: SupervisorActor, rights: readonly SupervisionRight[]): void => {
  const [first] = rights;
  if (first === undefined) return;
  const has = supervisionRights(roles);
  if (!rights.some((right) => has.has(right))) {
    throw new Refusal("not-allowed", `You may not ${RIGHT_WORDS[first]}. Ask an owner for the right.`);
  }
};
