/**
 * How a supervisor is on a call. `listen` hears both, is heard by nobody · `whisper` is heard by the agent only ·
 * `barge` is heard by the callee and the agent, which stays · `takeover` speaks with the callee while the agent is silent
 * and goes on listening.
 */
export type SupervisionMode = "listen" | "whisper" | "barge" | "takeover";

/** All modes, from the narrowest audience to the widest. */
export const SUPERVISION_MODES = [
  "listen",
  "whisper",
  "barge",
  "takeover",
] as const satisfies readonly SupervisionMode[];

/** How many hear a supervisor, as an order: a higher number is a wider audience. */
export const REACH: Readonly<Record<SupervisionMode, number>> = { listen: 0, whisper: 1, barge: 2, takeover: 3 };

/**
 * When a tone tells the callee that somebody else is on the line: never · before a supervisor whom the callee will hear
 * speaks · also when the first supervisor begins to listen.
 */
export const NOTICE_TONES = ["off", "speak", "listen"] as const;

/** One of `NOTICE_TONES`. */
export type NoticeTone = (typeof NOTICE_TONES)[number];

/** What a person may do on live calls. */
export type SupervisionRight = SupervisionMode | "hang-up" | "transfer";

const RIGHTS_OF_ROLE: Readonly<Record<string, readonly SupervisionRight[]>> = {
  owner: ["listen", "whisper", "barge", "takeover", "hang-up", "transfer"],
  supervisor: ["listen", "whisper", "barge", "takeover", "hang-up", "transfer"],
  coach: ["listen", "whisper"],
  listener: ["listen"],
};

/** The rights that these roles give together; roles that are not known give none. */
export const supervisionRights = (roles: readonly string[]): ReadonlySet<SupervisionRight> =>
  new Set(roles.flatMap((role) => RIGHTS_OF_ROLE[role] ?? []));

/** Whether people of these roles read what supervisors told the agent alone: those who could hear it in the call. */
export const mayReadWhispers = (roles: readonly string[]): boolean => supervisionRights(roles).has("listen");
