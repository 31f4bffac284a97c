import { LIVE_CALL_STATUSES } from "../call.ts";
import { assert } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Append, Ledger } from "./ledger.ts";
import type { OwnerQuestion, QuestionAnswered, Questions } from "./question-record.ts";
import type { TaskMoves } from "./task-moves.ts";

interface QuestionRow extends Omit<OwnerQuestion, "inTime"> {
  inTime: number;
}

type Named = { tenantId: string; id: string };

const COLUMNS = `q.id, q.tenant_id AS tenantId, q.user_id AS userId, q.task_id AS taskId, q.call_id AS callId, q.text,
  q.asked_at AS askedAt, q.expires_at AS expiresAt, q.status, q.answer, q.answered_at AS answeredAt,
  q.in_time AS inTime`;
const LIVE = LIVE_CALL_STATUSES.map((status) => `'${status}'`).join(", ");
const CALL_IS_LIVE = `EXISTS (SELECT 1 FROM calls c
  WHERE c.tenant_id = q.tenant_id AND c.id = q.call_id AND c.status IN (${LIVE}))`;

const questionOf = (row: QuestionRow): OwnerQuestion => ({ ...row, inTime: row.inTime === 1 });

/** The questions to owners of a database. */
export const questionsOf = (ledger: Ledger, moves: TaskMoves): Questions => {
  const { db, clock } = ledger;
  const one = db.query<QuestionRow, Named>(
    `SELECT ${COLUMNS} FROM owner_questions q WHERE q.tenant_id = $tenantId AND q.id = $id`,
  );
  const isUsable = db.query<{ id: string }, Named & { at: number }>(
    `SELECT q.id FROM owner_questions q
     WHERE q.tenant_id = $tenantId AND q.id = $id AND q.status = 'open' AND q.expires_at > $at AND ${CALL_IS_LIVE}`,
  );
  const insert = db.query<
    null,
    Named & { userId: string; taskId: string; callId: string; text: string; at: number; expiresAt: number }
  >(
    `INSERT INTO owner_questions (tenant_id, id, user_id, task_id, call_id, text, asked_at, expires_at, status)
     VALUES ($tenantId, $id, $userId, $taskId, $callId, $text, $at, $expiresAt, 'open')`,
  );
  const setAnswer = db.query<null, Named & { answer: string; at: number; inTime: number }>(
    `UPDATE owner_questions SET status = 'answered', answer = $answer, answered_at = $at, in_time = $inTime
     WHERE tenant_id = $tenantId AND id = $id`,
  );
  const setExpired = db.query<null, Named>(
    "UPDATE owner_questions SET status = 'expired' WHERE tenant_id = $tenantId AND id = $id",
  );
  const due = db.query<QuestionRow, { tenantId: string; at: number }>(
    `SELECT ${COLUMNS} FROM owner_questions q
     WHERE q.tenant_id = $tenantId AND q.status = 'open' AND (q.expires_at <= $at OR NOT ${CALL_IS_LIVE})
     ORDER BY q.expires_at, q.id`,
  );
  const openOf = db.query<QuestionRow, { tenantId: string; userId: string; now: number }>(
    `SELECT ${COLUMNS} FROM owner_questions q
     WHERE q.tenant_id = $tenantId AND q.status = 'open' AND q.user_id = $userId AND q.expires_at > $now
       AND ${CALL_IS_LIVE}
     ORDER BY q.expires_at, q.id`,
  );
  const lateOf = db.query<QuestionRow, { tenantId: string; userId: string }>(
    `SELECT ${COLUMNS} FROM owner_questions q
       JOIN tasks t ON t.tenant_id = q.tenant_id AND t.id = q.task_id AND t.question_id = q.id AND t.status = 'on_hold'
     WHERE q.tenant_id = $tenantId AND q.status = 'expired' AND q.user_id = $userId
     ORDER BY q.expires_at, q.id`,
  );
  const ofTask = db.query<QuestionRow, { tenantId: string; taskId: string }>(
    `SELECT ${COLUMNS} FROM owner_questions q WHERE q.tenant_id = $tenantId AND q.task_id = $taskId
     ORDER BY q.asked_at, q.id`,
  );

  const read = (tenantId: string, id: string): OwnerQuestion => {
    const row = one.get({ tenantId, id });
    assert(row !== null, "a question that was written is there");
    return questionOf(row);
  };

  const expire = (append: Append, { tenantId, id, callId, taskId, userId }: QuestionRow, at: number): void => {
    setExpired.run({ tenantId, id });
    append(tenantId, { type: "question.expired", questionId: id, callId, taskId, userId }, at);
  };

  /** Stores an answer; one that the call does not hear makes a task that waits for it due. */
  const settle = (
    append: Append,
    { tenantId, id, callId, taskId, userId }: QuestionRow,
    given: { answer: string; at: number; inTime: boolean },
  ): QuestionAnswered => {
    const { answer, at, inTime } = given;
    setAnswer.run({ tenantId, id, answer, at, inTime: inTime ? 1 : 0 });
    append(tenantId, { type: "question.answered", questionId: id, callId, taskId, userId, inTime }, at);
    // Ending a campaign cancels what is on hold, so a task on hold may go on as far as its campaign goes.
    const task = moves.one(tenantId, taskId);
    const waits = task?.status === "on_hold" && task.questionId === id && task.attempts < task.maxAttempts;
    // What the callee asked for still holds: the answer may come long before.
    const nextActionAt = Math.max(at, task?.nextActionAt ?? at);
    const move = { to: "pending", nextActionAt, reason: "owner-answered" } as const;
    return { ok: true, question: read(tenantId, id), task: waits ? moves.move(append, task, move) : null };
  };

  return {
    async ask(tenantId, { userId, taskId, callId, text, timeoutMs, at = clock.now() }) {
      return ledger.commit((append) => {
        const id = newId("qst", at);
        const expiresAt = at + timeoutMs;
        insert.run({ tenantId, id, userId, taskId, callId, text, at, expiresAt });
        append(tenantId, { type: "question.asked", questionId: id, callId, taskId, userId, expiresAt }, at);
        return read(tenantId, id);
      });
    },
    async answer(tenantId, id, answer, at = clock.now()) {
      return ledger.commit((append) => {
        const row = one.get({ tenantId, id });
        if (row === null) return { ok: false, reason: "unknown-question" };
        if (row.status === "answered") return { ok: false, reason: "already-answered" };
        const inTime = isUsable.get({ tenantId, id, at }) !== null;
        return settle(append, row, { answer, at, inTime });
      });
    },
    async missed(tenantId, id, at = clock.now()) {
      return ledger.commit((append) => {
        const row = one.get({ tenantId, id });
        if (row === null || row.answer === null) return { ok: false, reason: "unknown-question" };
        return settle(append, row, { answer: row.answer, at: row.answeredAt ?? at, inTime: false });
      });
    },
    async expire(tenantId, id, at = clock.now()) {
      return ledger.commit((append) => {
        const row = one.get({ tenantId, id });
        if (row?.status !== "open") return false;
        expire(append, row, at);
        return true;
      });
    },
    async expireDue(tenantId, at) {
      return ledger.commit((append) =>
        due.all({ tenantId, at }).map((row) => {
          expire(append, row, at);
          return read(tenantId, row.id);
        }),
      );
    },
    async get(tenantId, id) {
      const row = one.get({ tenantId, id });
      return row && questionOf(row);
    },
    async openOf(tenantId, userId, now) {
      return openOf.all({ tenantId, userId, now }).map(questionOf);
    },
    async lateOf(tenantId, userId) {
      return lateOf.all({ tenantId, userId }).map(questionOf);
    },
    async ofTask(tenantId, taskId) {
      return ofTask.all({ tenantId, taskId }).map(questionOf);
    },
  };
};
