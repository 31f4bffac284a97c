import {
  type BadRow,
  badRowsCsv,
  type ContactColumn,
  csvCell,
  readContacts,
  readContactTable,
} from "../agents/contact-list.ts";
import type { Dnd, DndEntry, NewDndEntry } from "../core/store/dnd.ts";
import { badRowWords } from "./bad-row-words.ts";

/** Most numbers taken from one list. */
export const MAX_DND_ROWS = 10_000;
/** Longest reason, in characters. */
const MAX_REASON = 300;
/** Entries read from the store at once. */
const BATCH = 500;
/** Spreadsheets take a file for UTF-8 only with this mark. */
const BYTE_ORDER_MARK = "\uFEFF";

/** A do-not-call list read from a file. */
export interface DndList {
  /** Each number once. */
  entries: NewDndEntry[];
  /** Rows without a number that could be called, as a file; null where there are none. */
  bad: { rows: BadRow[]; csv: string } | null;
  /** Rows whose number stood in the list before. */
  doubles: number;
  /** True when the list is longer than what was read. */
  isCut: boolean;
}

/**
 * Reads a list of numbers: a column of numbers and, where there is one, a column of reasons, else `reason` for all.
 * Numbers without a country belong to `country` (ISO 3166). Null: it has no column of numbers.
 */
export const readDndList = (text: string, given: { country: string; reason: string }): DndList | null => {
  const table = readContactTable(text, MAX_DND_ROWS);
  const named = table.guess.indexOf("phone");
  const phone = named < 0 && table.header.length === 1 ? 0 : named;
  if (table.rows.length === 0 || phone < 0) return null;
  const why = table.header.findIndex((name, i) => i !== phone && /reason|why|note|comment/i.test(name));
  const columns = table.header.map((_, i): ContactColumn => (i === phone ? "phone" : i === why ? "context" : "skip"));
  const { contacts, bad } = readContacts(table, columns, given.country);
  const rows = bad.filter(({ reason }) => reason !== "double");
  return {
    entries: contacts.map((one) => ({
      phone: one.phone,
      reason: one.context.replace(/\p{Cc}+/gu, " ").slice(0, MAX_REASON) || given.reason,
      source: "import",
    })),
    bad: rows.length === 0 ? null : { rows, csv: badRowsCsv(table.header, rows, badRowWords) },
    doubles: bad.length - rows.length,
    isCut: table.isCut,
  };
};

const lineOf = ({ phone, reason, tenantId, source, createdAt }: DndEntry): string => {
  const cells = [phone, reason, tenantId === null ? "everybody" : source, new Date(createdAt).toISOString()];
  return `${cells.map(csvCell).join(",")}\r\n`;
};

/** The whole list as a file for a spreadsheet (RFC 4180), newest first, read from the store as it is taken. */
export const dndCsv = (dnd: Pick<Dnd, "list">, tenantId: string): ReadableStream<Uint8Array> => {
  const utf8 = new TextEncoder();
  let before: string | undefined;
  return new ReadableStream({
    start(stream) {
      stream.enqueue(utf8.encode(`${BYTE_ORDER_MARK}phone,reason,source,since\r\n`));
    },
    async pull(stream) {
      const entries = await dnd.list(tenantId, { limit: BATCH, ...(before === undefined ? {} : { before }) });
      if (entries.length > 0) stream.enqueue(utf8.encode(entries.map(lineOf).join("")));
      before = entries.at(-1)?.id;
      if (entries.length < BATCH) stream.close();
    },
  });
};
