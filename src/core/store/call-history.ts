import type { CallStatus, Disposition } from "../call.ts";
import type { SearchWords } from "../search-words.ts";
import { CALL_SELECT, type Call, type CallRow, callOf, LIVE_STATUSES } from "./call-record.ts";
import type { Ledger } from "./ledger.ts";

/** Which calls are looked for; all that is given must hold. */
export interface CallFilter {
  /** Words of transcripts, names and numbers, of calls that are over. Without a word in it nothing is found. */
  search?: SearchWords;
  /** Whether lines that only the agent heard are searched too. */
  withWhispers?: boolean;
  /** True: not over; false: over. */
  live?: boolean;
  status?: CallStatus;
  disposition?: Disposition;
  taskId?: string;
  campaignId?: string;
  /** Name the agent gave. */
  agentName?: string;
  /** As `tagOf` spells it. */
  tag?: string;
  /** Created at this time or later, epoch ms. */
  fromAt?: number;
  /** Created before this time, epoch ms. */
  toAt?: number;
  /** From answer to end, in ms, this long or longer; a call that runs has no length yet. */
  minMs?: number;
  /** Shorter than this. */
  maxMs?: number;
}

/** Orders of a list of calls. */
export const CALL_SORTS = ["newest", "oldest", "longest", "shortest"] as const;

/** An order of a list of calls. */
export type CallSort = (typeof CALL_SORTS)[number];

/** Questions on calls by what is known of them. */
export interface CallHistory {
  /** `before` is the id of the last call of the page before; where that is gone, nothing comes. */
  find(
    tenantId: string,
    filter: CallFilter,
    page: { sort?: CallSort; limit: number; before?: string },
  ): Promise<Call[]>;
  count(tenantId: string, filter: CallFilter): Promise<number>;
  /** Names under which agents were to call, most used first. */
  agentNames(tenantId: string, limit: number): Promise<string[]>;
}

type Values = Record<string, string | number>;

/** Words as FTS5 takes them (sqlite.org/fts5.html §3): each phrase a string, which can hold no operator. */
const matchOf = ({ phrases, isOpen }: SearchWords, withWhispers: boolean): string => {
  const strings = phrases.map((phrase, i) => `"${phrase.join(" ")}"${isOpen && i === phrases.length - 1 ? " *" : ""}`);
  return `${withWhispers ? "{who spoken whispered}" : "{who spoken}"} : (${strings.join(" AND ")})`;
};

/** The calls `c` that a filter leaves, as what follows a `SELECT`, and what it binds. */
const foundBy = (tenantId: string, filter: CallFilter): { found: string; values: Values } => {
  const values: Values = { tenantId };
  const conditions = ["c.tenant_id = $tenantId"];
  const also = (name: string, value: string | number | undefined, condition: string): void => {
    if (value === undefined) return;
    values[name] = value;
    conditions.push(condition);
  };
  if (filter.live !== undefined) conditions.push(`c.status ${filter.live ? "IN" : "NOT IN"} ${LIVE_STATUSES}`);
  also("status", filter.status, "c.status = $status");
  also("disposition", filter.disposition, "c.disposition = $disposition");
  also("taskId", filter.taskId, "c.task_id = $taskId");
  also("campaignId", filter.campaignId, "t.campaign_id = $campaignId");
  also("agentName", filter.agentName, "t.agent_name = $agentName");
  also("fromAt", filter.fromAt, "c.created_at >= $fromAt");
  also("toAt", filter.toAt, "c.created_at < $toAt");
  also("minMs", filter.minMs, "c.duration_ms >= $minMs");
  also("maxMs", filter.maxMs, "c.duration_ms < $maxMs");
  also("tag", filter.tag, "c.id IN (SELECT call_id FROM call_tags WHERE tenant_id = $tenantId AND tag = $tag)");
  also(
    "match",
    filter.search && matchOf(filter.search, filter.withWhispers ?? false),
    `c.id IN (SELECT s.call_id FROM call_words JOIN searchable_calls s ON s.doc = call_words.rowid
              WHERE call_words MATCH $match AND s.tenant_id = $tenantId)`,
  );
  const ofTask = filter.campaignId !== undefined || filter.agentName !== undefined;
  const tasks = ofTask ? "JOIN tasks t ON t.tenant_id = c.tenant_id AND t.id = c.task_id" : "";
  return { found: `FROM calls c ${tasks} WHERE ${conditions.join(" AND ")}`, values };
};

/** Order of each sort, and what stands behind the call `$before` in it. A call that runs counts as having no length. */
const LENGTH = "COALESCE(c.duration_ms, 0)";
const behind = (sign: "<" | ">"): string =>
  `(${LENGTH}, c.id) ${sign} (SELECT COALESCE(b.duration_ms, 0), b.id FROM calls b
                              WHERE b.tenant_id = $tenantId AND b.id = $before)`;
const SORTS: Readonly<Record<CallSort, { order: string; behind: string }>> = {
  newest: { order: "c.id DESC", behind: "c.id < $before" },
  oldest: { order: "c.id", behind: "c.id > $before" },
  longest: { order: `${LENGTH} DESC, c.id DESC`, behind: behind("<") },
  shortest: { order: `${LENGTH}, c.id`, behind: behind(">") },
};

/** The history of a database. */
export const callHistoryOf = ({ db }: Ledger): CallHistory => {
  const names = db.query<{ name: string }, { tenantId: string; limit: number }>(
    `SELECT agent_name AS name FROM tasks WHERE tenant_id = $tenantId AND agent_name <> '' AND attempts > 0
     GROUP BY agent_name ORDER BY COUNT(*) DESC, agent_name LIMIT $limit`,
  );
  /** Filters go together in too many ways to keep each statement. */
  const ask = <Row>(sql: string, values: Values): Row[] => {
    const statement = db.prepare<Row, Values>(sql);
    try {
      return statement.all(values);
    } finally {
      statement.finalize();
    }
  };

  return {
    async find(tenantId, filter, { sort = "newest", limit, before }) {
      if (filter.search?.phrases.length === 0) return [];
      const { found, values } = foundBy(tenantId, filter);
      const { order, behind: rest } = SORTS[sort];
      const page = `SELECT c.id ${found} ${before === undefined ? "" : `AND ${rest}`} ORDER BY ${order} LIMIT $limit`;
      // Ids are put in order first: whole rows would be carried through the sorting of all of them.
      const rows = ask<CallRow>(
        `${CALL_SELECT} WHERE c.tenant_id = $tenantId AND c.id IN (${page}) ORDER BY ${order}`,
        {
          ...values,
          limit,
          ...(before === undefined ? {} : { before }),
        },
      );
      return rows.map(callOf);
    },
    async count(tenantId, filter) {
      if (filter.search?.phrases.length === 0) return 0;
      const { found, values } = foundBy(tenantId, filter);
      const [row] = ask<{ count: number }>(`SELECT COUNT(*) AS count ${found}`, values);
      return row?.count ?? 0;
    },
    async agentNames(tenantId, limit) {
      return names.all({ tenantId, limit }).map(({ name }) => name);
    },
  };
};
