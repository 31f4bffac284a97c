/** Which channel of a call; `party` is somebody whom the callee is connected with. */
export type ChannelRole = "callee" | "media" | "party";

const ROLES = ["callee", "media", "party"] as const satisfies readonly ChannelRole[];

/** Names of everything one call owns in Asterisk. */
export interface CallNames {
  callee: string;
  media: string;
  party: string;
  bridge: string;
}

/**
 * Names for what we make in Asterisk. They carry app and call, so that after a crash of either side everybody can tell
 * whose a channel is: other apps on the same Asterisk, OpenDeep's or not, are never touched. No name may be the start of
 * another one: Asterisk 22 takes such ids for the same.
 */
export class Names {
  readonly #prefix: string;
  readonly #app: string;

  constructor(app: string) {
    this.#app = app;
    this.#prefix = `od-${app}-`;
  }

  of(callId: string): CallNames {
    const bridge = this.#prefix + callId;
    return { bridge, callee: `${bridge}-callee`, media: `${bridge}-media`, party: `${bridge}-party` };
  }

  /** The call and role of a channel id, or null when it was not named here. */
  channel(id: string): { callId: string; role: ChannelRole } | null {
    const role = ROLES.find((one) => id.endsWith(`-${one}`));
    const callId = role === undefined ? null : this.bridge(id.slice(0, -role.length - 1));
    return role === undefined || callId === null ? null : { callId, role };
  }

  /** The call of a bridge id, or null when it was not named here. */
  bridge(id: string): string | null {
    if (!id.startsWith(this.#prefix)) return null;
    const callId = id.slice(this.#prefix.length);
    return isCallId(callId) ? callId : null;
  }

  /** Whether the dialplan has handed this channel to our app: an incoming call. */
  isInOurApp(channel: { dialplan?: { app_name: string; app_data: string } | undefined }): boolean {
    const place = channel.dialplan;
    return place?.app_name === "Stasis" && place.app_data.split(",", 1)[0] === this.#app;
  }
}

/** Whether an id can be part of a channel's name without being mistaken for another part of it. */
export const isCallId = (callId: string): boolean => /^[A-Za-z0-9_]{1,80}$/.test(callId);
