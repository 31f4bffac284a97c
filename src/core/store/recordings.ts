/** The recording of one call: stereo WAV, callee left, agent right. */
export interface Recording {
  id: string;
  tenantId: string;
  callId: string;
  /** Relative to the data folder. */
  path: string;
  openedAt: number;
  /** Null while it is written. */
  closedAt: number | null;
  durationMs: number | null;
  bytes: number | null;
}

/** Verbs and questions on recordings; a call has one at most. */
export interface Recordings {
  /** Notes where the file will be, before its first byte. Again gives the first one. */
  open(tenantId: string, callId: string, file: { path: string }): Promise<Recording>;
  close(
    tenantId: string,
    callId: string,
    file: { durationMs: number; bytes: number },
  ): Promise<{ ok: true; recording: Recording } | { ok: false; reason: "not-open" }>;
  of(tenantId: string, callId: string): Promise<Recording | null>;
  /** Recordings that nobody closed, oldest first: those of live calls and of a dead process. */
  unfinished(tenantId: string): Promise<Recording[]>;
}
