import type { ConversationStage } from "../conversation.ts";
import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Conversation, ConversationMessage, Conversations } from "./conversation-record.ts";
import { AFTER_ALL_IDS, type Append, type Ledger } from "./ledger.ts";

interface ConversationRow extends Omit<Conversation, "plan"> {
  plan: string | null;
}
interface MessageRow extends Omit<ConversationMessage, "data"> {
  data: string;
}

const COLUMNS = `id, tenant_id AS tenantId, user_id AS userId, display_name AS displayName, stage, plan,
  campaign_id AS campaignId, created_at AS createdAt, updated_at AS updatedAt`;
const MESSAGE_COLUMNS = "id, tenant_id AS tenantId, conversation_id AS conversationId, role, text, data, at";

// Only the store writes these rows, so the JSON in them is what it says it is.
const conversationOf = (row: ConversationRow): Conversation => ({
  ...row,
  plan: row.plan === null ? null : JSON.parse(row.plan),
});
const messageOf = (row: MessageRow): ConversationMessage => ({ ...row, data: JSON.parse(row.data) });

type Named = { tenantId: string; id: string };

/** The conversations of a database. */
export const conversationsOf = (ledger: Ledger): Conversations => {
  const { db, clock } = ledger;
  const one = db.query<ConversationRow, Named>(
    `SELECT ${COLUMNS} FROM conversations WHERE tenant_id = $tenantId AND id = $id`,
  );
  const list = db.query<ConversationRow, { tenantId: string; userId: string; before: string; limit: number }>(
    `SELECT ${COLUMNS} FROM conversations WHERE tenant_id = $tenantId AND user_id = $userId AND id < $before
     ORDER BY id DESC LIMIT $limit`,
  );
  const insert = db.query<ConversationRow, Named & { userId: string; displayName: string; now: number }>(
    `INSERT INTO conversations (tenant_id, id, user_id, display_name, stage, created_at, updated_at)
     VALUES ($tenantId, $id, $userId, $displayName, 'clarifying', $now, $now) RETURNING ${COLUMNS}`,
  );
  const move = db.query<ConversationRow, Named & { stage: ConversationStage; now: number }>(
    `UPDATE conversations SET stage = $stage, updated_at = $now
     WHERE tenant_id = $tenantId AND id = $id RETURNING ${COLUMNS}`,
  );
  const setPlan = db.query<ConversationRow, Named & { plan: string | null }>(
    "UPDATE conversations SET plan = $plan WHERE tenant_id = $tenantId AND id = $id",
  );
  const rename = db.query<ConversationRow, Named & { displayName: string }>(
    "UPDATE conversations SET display_name = $displayName WHERE tenant_id = $tenantId AND id = $id",
  );
  const say = db.query<MessageRow, Omit<MessageRow, never>>(
    `INSERT INTO conversation_messages (tenant_id, id, conversation_id, role, text, data, at)
     VALUES ($tenantId, $id, $conversationId, $role, $text, $data, $at) RETURNING ${MESSAGE_COLUMNS}`,
  );
  const messages = db.query<MessageRow, Named>(
    `SELECT ${MESSAGE_COLUMNS} FROM conversation_messages
     WHERE tenant_id = $tenantId AND conversation_id = $id ORDER BY seq`,
  );

  /** Notes a change: the conversation as it is then. */
  const changed = (append: Append, { tenantId, id, stage }: ConversationRow | Conversation): Conversation => {
    const row = move.get({ tenantId, id, stage, now: clock.now() });
    assert(row !== null, "a conversation that was read is there");
    append(tenantId, { type: "conversation.changed", conversationId: id, stage });
    return conversationOf(row);
  };

  return {
    async create(tenantId, { userId, displayName }) {
      return ledger.commit((append) => {
        const now = clock.now();
        const row = insert.get({ tenantId, id: newId("cnv", now), userId, displayName, now });
        assert(row !== null, "an inserted conversation comes back");
        append(tenantId, { type: "conversation.changed", conversationId: row.id, stage: row.stage }, now);
        return conversationOf(row);
      });
    },
    async get(tenantId, id) {
      const row = one.get({ tenantId, id });
      return row && conversationOf(row);
    },
    async list(tenantId, { userId, limit, before = AFTER_ALL_IDS }) {
      return list.all({ tenantId, userId, before, limit }).map(conversationOf);
    },
    async append(tenantId, conversationId, { role, text, data = null }) {
      return ledger.commit((append) => {
        const conversation = one.get({ tenantId, id: conversationId });
        if (conversation === null) return null;
        const at = clock.now();
        const id = newId("msg", at);
        const row = say.get({ tenantId, id, conversationId, role, text, data: JSON.stringify(data), at });
        assert(row !== null, "an inserted message comes back");
        changed(append, conversation);
        return messageOf(row);
      });
    },
    async messages(tenantId, id) {
      return messages.all({ tenantId, id }).map(messageOf);
    },
    async setPlan(tenantId, id, plan, stage) {
      return ledger.commit((append) => {
        const conversation = one.get({ tenantId, id });
        if (conversation === null || conversation.stage === "scheduled") return null;
        setPlan.run({ tenantId, id, plan: plan === null ? null : JSON.stringify(plan) });
        return changed(append, { ...conversation, stage });
      });
    },
    async setStage(tenantId, id, stage) {
      return ledger.commit((append) => {
        const conversation = one.get({ tenantId, id });
        if (conversation === null || conversation.stage === "scheduled") return null;
        return changed(append, { ...conversation, stage });
      });
    },
    async rename(tenantId, id, displayName) {
      return ledger.commit((append) => {
        const conversation = one.get({ tenantId, id });
        if (conversation === null) return { ok: false, reason: "unknown-conversation" };
        if (messages.get({ tenantId, id }) !== null) return { ok: false, reason: "fixed" };
        rename.run({ tenantId, id, displayName });
        return { ok: true, conversation: changed(append, conversation) };
      });
    },
  };
};
