import { newId } from "../ids.ts";
import type { Ledger } from "./ledger.ts";

/** Longest note, in characters. */
export const MAX_NOTE = 2_000;
/** Most notes of one call; more are refused. */
export const MAX_NOTES = 200;
/** Longest tag, in characters. */
export const MAX_TAG = 40;
/** Most tags of one call; more are refused. */
export const MAX_TAGS = 20;

/** What somebody wrote down about a call. */
export interface CallNote {
  id: string;
  tenantId: string;
  callId: string;
  userId: string;
  /** Name of who wrote it, as it is now. */
  author: string;
  text: string;
  /** Epoch ms. */
  at: number;
}

/** What became of something written to a call. */
export type Written<Done> =
  | ({ ok: true } & Done)
  /** The tenant has no such call, or the call has as many as it may. */
  | { ok: false; reason: "unknown-call" | "too-many" };

/** Verbs and questions on notes and tags; they may be written to calls under way and to finished ones. */
export interface CallNotes {
  /** Adds a note, announced as `call.noted`. The user must be there. */
  add(
    tenantId: string,
    callId: string,
    note: { userId: string; text: string; at: number },
  ): Promise<Written<{ note: CallNote }>>;
  /** Oldest first. */
  of(tenantId: string, callId: string): Promise<CallNote[]>;
  /** Puts a tag on, announced as `call.tagged`; one that is there stays as it is. `tag` is spelt by `tagOf`. */
  tag(
    tenantId: string,
    callId: string,
    by: { userId: string; tag: string; at: number },
  ): Promise<Written<{ tags: string[] }>>;
  /** Takes a tag off, announced like putting it on; one that is not there changes nothing. */
  untag(
    tenantId: string,
    callId: string,
    by: { userId: string; tag: string; at: number },
  ): Promise<Written<{ tags: string[] }>>;
  /** In the order of the alphabet. */
  tagsOf(tenantId: string, callId: string): Promise<string[]>;
  /** The tags of this tenant that are on most calls, most used first. */
  tagsInUse(tenantId: string, limit: number): Promise<string[]>;
}

/** A tag as it is kept: lower case, NFC, words parted by single spaces; empty when nothing is left. */
export const tagOf = (text: string): string => text.normalize("NFC").trim().replace(/\s+/gu, " ").toLowerCase();

type Named = { tenantId: string; callId: string };
type Tagged = Named & { tag: string };

const COLUMNS = `n.id, n.tenant_id AS tenantId, n.call_id AS callId, n.user_id AS userId, u.name AS author, n.text, n.at`;
const FROM = "FROM call_notes n JOIN users u ON u.tenant_id = n.tenant_id AND u.id = n.user_id";

/** The notes and tags of a database. */
export const callNotesOf = (ledger: Ledger): CallNotes => {
  const { db } = ledger;
  const call = db.query<{ found: number }, Named>(
    "SELECT 1 AS found FROM calls WHERE tenant_id = $tenantId AND id = $callId",
  );
  const insert = db.query<null, Named & { id: string; userId: string; text: string; at: number }>(
    `INSERT INTO call_notes (tenant_id, id, call_id, user_id, text, at)
     VALUES ($tenantId, $id, $callId, $userId, $text, $at)`,
  );
  const one = db.query<CallNote, { tenantId: string; id: string }>(
    `SELECT ${COLUMNS} ${FROM} WHERE n.tenant_id = $tenantId AND n.id = $id`,
  );
  const of = db.query<CallNote, Named>(
    `SELECT ${COLUMNS} ${FROM} WHERE n.tenant_id = $tenantId AND n.call_id = $callId ORDER BY n.at, n.id`,
  );
  const noteCount = db.query<{ count: number }, Named>(
    "SELECT COUNT(*) AS count FROM call_notes WHERE tenant_id = $tenantId AND call_id = $callId",
  );
  const putTag = db.query<{ tag: string }, Tagged & { userId: string; at: number }>(
    `INSERT INTO call_tags (tenant_id, call_id, tag, user_id, at) VALUES ($tenantId, $callId, $tag, $userId, $at)
     ON CONFLICT DO NOTHING RETURNING tag`,
  );
  const dropTag = db.query<{ tag: string }, Tagged>(
    "DELETE FROM call_tags WHERE tenant_id = $tenantId AND call_id = $callId AND tag = $tag RETURNING tag",
  );
  const tags = db.query<{ tag: string }, Named>(
    "SELECT tag FROM call_tags WHERE tenant_id = $tenantId AND call_id = $callId ORDER BY tag",
  );
  const inUse = db.query<{ tag: string }, { tenantId: string; limit: number }>(
    `SELECT tag FROM call_tags WHERE tenant_id = $tenantId
     GROUP BY tag ORDER BY COUNT(*) DESC, tag LIMIT $limit`,
  );
  const tagNames = (named: Named): string[] => tags.all(named).map(({ tag }) => tag);

  return {
    async add(tenantId, callId, { userId, text, at }) {
      return ledger.commit((append): Written<{ note: CallNote }> => {
        if (call.get({ tenantId, callId }) === null) return { ok: false, reason: "unknown-call" };
        if ((noteCount.get({ tenantId, callId })?.count ?? 0) >= MAX_NOTES) return { ok: false, reason: "too-many" };
        const id = newId("note", at);
        insert.run({ tenantId, callId, id, userId, text, at });
        append(tenantId, { type: "call.noted", callId, noteId: id, userId }, at);
        return { ok: true, note: one.get({ tenantId, id }) as CallNote };
      });
    },
    async of(tenantId, callId) {
      return of.all({ tenantId, callId });
    },
    async tag(tenantId, callId, { userId, tag, at }) {
      return ledger.commit((append): Written<{ tags: string[] }> => {
        if (call.get({ tenantId, callId }) === null) return { ok: false, reason: "unknown-call" };
        const before = tagNames({ tenantId, callId });
        if (before.includes(tag)) return { ok: true, tags: before };
        if (before.length >= MAX_TAGS) return { ok: false, reason: "too-many" };
        putTag.run({ tenantId, callId, tag, userId, at });
        append(tenantId, { type: "call.tagged", callId, tag, userId, on: true }, at);
        return { ok: true, tags: tagNames({ tenantId, callId }) };
      });
    },
    async untag(tenantId, callId, { userId, tag, at }) {
      return ledger.commit((append): Written<{ tags: string[] }> => {
        if (call.get({ tenantId, callId }) === null) return { ok: false, reason: "unknown-call" };
        if (dropTag.get({ tenantId, callId, tag }) !== null) {
          append(tenantId, { type: "call.tagged", callId, tag, userId, on: false }, at);
        }
        return { ok: true, tags: tagNames({ tenantId, callId }) };
      });
    },
    async tagsOf(tenantId, callId) {
      return tagNames({ tenantId, callId });
    },
    async tagsInUse(tenantId, limit) {
      return inUse.all({ tenantId, limit }).map(({ tag }) => tag);
    },
  };
};
