import { csvCell } from "../agents/contact-list.ts";
import type { CallFilter, CallSort } from "../core/store/call-history.ts";
import type { Store } from "../core/store/open.ts";
import type { Actor } from "./auth/actor.ts";
import { callHits, type HistoryCall } from "./call-history.ts";
import { momentPath } from "./components/quoted.tsx";

/** Calls read from the store at once. */
const BATCH = 200;
/** Spreadsheets take a file for UTF-8 only with this mark. */
const BYTE_ORDER_MARK = "\uFEFF";

const COLUMNS = [
  "started_at",
  "ended_at",
  "name",
  "phone",
  "organization",
  "agent",
  "action",
  "attempt",
  "status",
  "outcome",
  "ended_because",
  "length_s",
  "cost_usd",
  "tags",
  "found",
  "call",
] as const;

const iso = (at: number | null): string => (at === null ? "" : new Date(at).toISOString());

const lineOf = ({ call, hits }: HistoryCall, tags: readonly string[], origin: string): string => {
  const cells = [
    iso(call.createdAt),
    iso(call.endedAt),
    call.calleeName,
    call.to,
    call.organization,
    call.agentName,
    call.action,
    String(call.attempt),
    call.status,
    call.disposition ?? "",
    call.hangupCause ?? "",
    ((call.durationMs ?? 0) / 1000).toFixed(1),
    call.costUsd.toFixed(4),
    tags.join("; "),
    hits.map(({ pieces }) => pieces.map(({ text }) => text).join("")).join("\n"),
    `${origin}${hits[0] === undefined ? `/calls/${call.id}` : momentPath(call.id, hits[0].turn.atMs)}`,
  ];
  return `${cells.map(csvCell).join(",")}\r\n`;
};

/**
 * All calls a filter leaves as a file for a spreadsheet (RFC 4180), read from the store as it is taken. `origin`, such as
 * `https://calls.example.org`, makes links whole.
 */
export const historyCsv = (
  parts: { store: Store },
  actor: Pick<Actor, "tenantId" | "roles">,
  filter: CallFilter,
  { sort = "newest", origin }: { sort?: CallSort | undefined; origin: string },
): ReadableStream<Uint8Array> => {
  const { history, callNotes } = parts.store;
  const utf8 = new TextEncoder();
  let before: string | undefined;
  return new ReadableStream({
    start(stream) {
      stream.enqueue(utf8.encode(`${BYTE_ORDER_MARK}${COLUMNS.join(",")}\r\n`));
    },
    async pull(stream) {
      const page = { sort, limit: BATCH, ...(before === undefined ? {} : { before }) };
      const calls = await history.find(actor.tenantId, filter, page);
      for (const call of calls) {
        const hits = await callHits(parts, actor, call.id, filter);
        const tags = await callNotes.tagsOf(actor.tenantId, call.id);
        stream.enqueue(utf8.encode(lineOf({ call, hits }, tags, origin)));
      }
      before = calls.at(-1)?.id;
      if (calls.length < BATCH) stream.close();
    },
  });
};
