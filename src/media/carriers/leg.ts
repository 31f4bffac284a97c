/** What a callee's leg tells the bridge of its call. Calls are plain and synchronous. */
export interface LegSink {
  /** One 160-byte µ-law frame of the callee, in order, without gaps in time. The bytes are only valid during the call. */
  calleeFrame(frame: Uint8Array, nowMs: number): void;
  /** A scripted callee has finished saying these words; times in ms since the answer. Legs of real people never know. */
  calleeSaid(text: string, startMs: number, endMs: number): void;
  /** A key was pressed, in the media stream itself. */
  calleeKey(digit: string): void;
  /** A scripted callee put the phone down; carriers of real people tell this themselves. */
  calleeHungUp(): void;
  /** Nothing can be sent any more. */
  legLost(detail: string): void;
}

/** Counters of a leg over its life; read when the call closes and ten times a second for meters. */
export interface LegCounters {
  packetsReceived: number;
  packetsLost: number;
  packetsLate: number;
  packetsReordered: number;
  packetsDuplicate: number;
  framesConcealed: number;
  jitterMs: number;
}

/**
 * The callee's end of a call, on the media thread. It owns its socket and no timer. Frames of the callee leave through
 * the sink as they arrive; frames to the callee are given to `send` on the engine's tick.
 */
export interface CarrierLeg {
  readonly counters: LegCounters;
  /** Port that takes the carrier's packets; 0 where there are none. */
  readonly port: number;
  /** Where the carrier takes packets. */
  setRemote(host: string, port: number): void;
  /** The callee answered; a scripted person starts to live. */
  answered(nowMs: number): void;
  /** One 160-byte µ-law frame to the callee; `talkspurt` on the first voiced frame after silence. */
  send(frame: Uint8Array, talkspurt: boolean): void;
  /** So many frames were not sent because the process stood still; the stream's time goes on. */
  skip(frames: number): void;
  /** Every tick: frames that are overdue leave as silence or concealment, so that the stream keeps wall time. */
  tick(nowMs: number): void;
  /** Frees the socket. May be called twice; tells nobody. */
  close(): void;
}
