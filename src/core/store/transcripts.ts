import type { Speaker } from "../call.ts";

/** A turn as the call heard it; times in ms since the answer. */
export interface NewTurn {
  /** Stable within the call: the same key again replaces the words (a corrected transcript). */
  key: string;
  speaker: Speaker;
  text: string;
  atMs: number;
  endMs: number;
  /** It was talked over. */
  interrupted: boolean;
}

/** A turn as stored. */
export interface StoredTurn extends NewTurn {
  id: string;
  tenantId: string;
  callId: string;
}

/** Verbs and questions on transcripts. */
export interface Transcripts {
  /** Stores a turn, also after the call's end. The call must be there. */
  put(tenantId: string, callId: string, turn: NewTurn): Promise<StoredTurn>;
  get(tenantId: string, turnId: string): Promise<StoredTurn | null>;
  /** In the order they began. */
  of(tenantId: string, callId: string): Promise<StoredTurn[]>;
}
