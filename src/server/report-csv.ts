import { csvCell } from "../agents/contact-list.ts";
import type { Report } from "../core/store/report-record.ts";
import { momentPath } from "./components/quoted.tsx";

/** Spreadsheets take a file for UTF-8 only with this mark. */
const BYTE_ORDER_MARK = "\uFEFF";

const COLUMNS = [
  "name",
  "phone",
  "status",
  "answer",
  "quote",
  "quote_at_s",
  "recording",
  "reason",
  "attempts",
] as const;

/**
 * A report's table for a spreadsheet (RFC 4180), one contact a line. `origin`, such as `https://calls.example.org`, makes
 * links to recordings whole.
 */
export const reportCsv = ({ rows }: Report, origin: string): string => {
  const lines = rows.map(({ name, phone, status, answer, quote, reason, attempts }) => [
    name,
    phone,
    status,
    answer,
    quote?.text ?? "",
    quote === null ? "" : (quote.atMs / 1000).toFixed(1),
    quote === null ? "" : `${origin}${momentPath(quote.callId, quote.atMs)}`,
    reason,
    String(attempts),
  ]);
  const table = [[...COLUMNS], ...lines].map((cells) => cells.map(csvCell).join(","));
  return `${BYTE_ORDER_MARK}${table.join("\r\n")}\r\n`;
};
