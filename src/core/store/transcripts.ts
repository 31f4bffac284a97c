import type { Speaker } from "../call.ts";
import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Ledger } from "./ledger.ts";

/** A turn as the call heard it; times in ms since the answer, rounded to whole ms when stored. */
export interface NewTurn {
  /** Stable within the call: the same key again replaces the words (a corrected transcript). */
  key: string;
  speaker: Speaker;
  text: string;
  atMs: number;
  endMs: number;
  /** It was talked over. */
  interrupted: boolean;
  /** Said or written to the agent alone: the callee did not hear it. */
  whispered: boolean;
}

/** A turn as stored. */
export interface StoredTurn extends NewTurn {
  id: string;
  tenantId: string;
  callId: string;
}

/** Verbs and questions on transcripts. */
export interface Transcripts {
  /**
   * Stores a turn, also after the call's end; `turn.stored` follows when it is new or its text changed. The call must be
   * there.
   */
  put(tenantId: string, callId: string, turn: NewTurn): Promise<StoredTurn>;
  get(tenantId: string, turnId: string): Promise<StoredTurn | null>;
  /** In the order they began. */
  of(tenantId: string, callId: string): Promise<StoredTurn[]>;
}

interface TurnRow extends Omit<StoredTurn, "interrupted" | "whispered"> {
  interrupted: number;
  whispered: number;
}

const COLUMNS = `id, tenant_id AS tenantId, call_id AS callId, key, speaker, text, at_ms AS atMs, end_ms AS endMs,
  interrupted, whispered`;
const turnOf = (row: TurnRow): StoredTurn => ({
  ...row,
  interrupted: row.interrupted === 1,
  whispered: row.whispered === 1,
});

/** The transcripts of a database. */
export const transcriptsOf = (ledger: Ledger): Transcripts => {
  const { db, clock } = ledger;
  const textOf = db.query<{ text: string }, { tenantId: string; callId: string; key: string }>(
    "SELECT text FROM call_transcripts WHERE tenant_id = $tenantId AND call_id = $callId AND key = $key",
  );
  const upsert = db.query<TurnRow, Pick<TurnRow, keyof TurnRow>>(
    `INSERT INTO call_transcripts (tenant_id, call_id, id, key, speaker, text, at_ms, end_ms, interrupted,
       whispered)
     VALUES ($tenantId, $callId, $id, $key, $speaker, $text, $atMs, $endMs, $interrupted, $whispered)
     ON CONFLICT (tenant_id, call_id, key) DO UPDATE SET speaker = excluded.speaker, text = excluded.text,
       at_ms = excluded.at_ms, end_ms = excluded.end_ms, interrupted = excluded.interrupted,
       whispered = excluded.whispered
     RETURNING ${COLUMNS}`,
  );
  const one = db.query<TurnRow, { tenantId: string; turnId: string }>(
    `SELECT ${COLUMNS} FROM call_transcripts WHERE tenant_id = $tenantId AND id = $turnId`,
  );
  const of = db.query<TurnRow, { tenantId: string; callId: string }>(
    `SELECT ${COLUMNS} FROM call_transcripts WHERE tenant_id = $tenantId AND call_id = $callId ORDER BY at_ms, seq`,
  );

  return {
    async put(tenantId, callId, { key, speaker, text, atMs, endMs, interrupted, whispered }) {
      return ledger.commit((append) => {
        const now = clock.now();
        const before = textOf.get({ tenantId, callId, key });
        const row = upsert.get({
          tenantId,
          callId,
          id: newId("turn", now),
          key,
          speaker,
          text,
          atMs: Math.round(atMs),
          endMs: Math.round(endMs),
          interrupted: interrupted ? 1 : 0,
          whispered: whispered ? 1 : 0,
        });
        assert(row !== null, "a stored turn comes back");
        if (before?.text !== text) {
          append(tenantId, { type: "turn.stored", callId, turnId: row.id, speaker, atMs: row.atMs }, now);
        }
        return turnOf(row);
      });
    },
    async get(tenantId, turnId) {
      const row = one.get({ tenantId, turnId });
      return row && turnOf(row);
    },
    async of(tenantId, callId) {
      return of.all({ tenantId, callId }).map(turnOf);
    },
  };
};
