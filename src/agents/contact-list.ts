import { type PhoneRefusal, parsePhone } from "../core/phone.ts";

/** What a column of a list can hold. */
export type ContactColumn = "name" | "phone" | "context" | "timezone" | "skip";

/** A list as it was written, cut into cells. */
export interface ContactTable {
  /** Names of the columns; empty strings where the list has no header. */
  header: string[];
  rows: string[][];
  /** What each column seems to hold. */
  guess: ContactColumn[];
  /** True when `rows` is not all there was. */
  isCut: boolean;
}

/** One person to call, read from a list. */
export interface ListedContact {
  /** Line of the list, 1 for the first row under the header. */
  row: number;
  name: string;
  /** E.164. */
  phone: string;
  /** IANA zone; null where the list says none. */
  timezone: string | null;
  context: string;
  /** The number was not written as it is dialed: a `+` or country code that a spreadsheet ate was put back. */
  repaired: boolean;
}

/** A row that nobody can be called from. */
export interface BadRow {
  row: number;
  cells: string[];
  reason: "no-number" | "broken-by-spreadsheet" | "double" | "unknown-zone" | PhoneRefusal;
}

/** Most rows taken from one list. */
export const MAX_CONTACT_ROWS = 500;
const MAX_COLUMNS = 20;
const MAX_CELL = 1000;

/**
 * Reads pasted or uploaded text (RFC 4180, with `,` `;` or tab between cells; plain lines are lists of one column).
 * `mostRows` bounds what is kept.
 */
export const readContactTable = (text: string, mostRows = MAX_CONTACT_ROWS): ContactTable => {
  // A spreadsheet may name its separator in a line of its own.
  const [head = "", named] = /^\ufeff?(?:sep=([,;\t])\r?\n)?/.exec(text) ?? [];
  const clean = text.slice(head.length);
  const rows = cellsOf(clean, named ?? delimiterOf(clean)).filter((row) => row.some((cell) => cell !== ""));
  const [first] = rows;
  const hasHeader = first !== undefined && rows.length > 1 && first.every((cell) => !looksLikePhone(cell));
  const body = hasHeader ? rows.slice(1) : rows;
  const width = Math.min(MAX_COLUMNS, Math.max(0, ...rows.map((row) => row.length)));
  const header = Array.from({ length: width }, (_, i) => (hasHeader ? (first[i] ?? "") : ""));
  const kept = body.slice(0, mostRows).map((row) => header.map((_, i) => row[i] ?? ""));
  return { header, rows: kept, guess: guessColumns(header, kept), isCut: body.length > kept.length };
};

/**
 * The people in a table, with its columns read as told. Rows without a number that can be dialed, rows whose number was
 * there before, and rows that a spreadsheet ruined are given apart with the reason. Numbers without a country belong to
 * `country` (ISO 3166).
 */
export const readContacts = (
  table: Pick<ContactTable, "rows">,
  columns: readonly ContactColumn[],
  country: string,
): { contacts: ListedContact[]; bad: BadRow[] } => {
  const contacts: ListedContact[] = [];
  const bad: BadRow[] = [];
  const seen = new Set<string>();
  for (const [index, cells] of table.rows.entries()) {
    const row = index + 1;
    const of = (wanted: ContactColumn, glue: string): string =>
      cells
        .filter((cell, i) => columns[i] === wanted && cell !== "")
        .join(glue)
        .trim();
    const refuse = (reason: BadRow["reason"]): unknown => bad.push({ row, cells, reason });
    const cell = of("phone", " ");
    const { written, extension } = withoutExtension(cell);
    const timezone = of("timezone", "") || null;
    const phone = dialable(written, country);
    if (written === "") refuse("no-number");
    else if (/^\d[.,]?\d*e\+?\d+$/i.test(written)) refuse("broken-by-spreadsheet");
    else if (!phone.ok) refuse(phone.reason);
    else if (seen.has(phone.e164)) refuse("double");
    else if (timezone !== null && !isZone(timezone)) refuse("unknown-zone");
    else {
      seen.add(phone.e164);
      const repaired = !cell.startsWith("+");
      contacts.push({
        row,
        // Names end up in prompts, where a line break would start something new.
        name: of("name", " ")
          .replace(/[\p{Cc}\s]+/gu, " ")
          .slice(0, 120),
        phone: phone.e164,
        timezone,
        context: [extension === "" ? "" : `Extension ${extension}`, of("context", "; ")].filter(Boolean).join("; "),
        repaired,
      });
    }
  }
  return { contacts, bad };
};

/** Bad rows as a file for a spreadsheet, with the reason in the last column. Cells that would run as formulas are text. */
export const badRowsCsv = (header: readonly string[], bad: readonly BadRow[], words: (row: BadRow) => string): string =>
  [[...header, "reason"], ...bad.map((row) => [...row.cells, words(row)])]
    .map((cells) => cells.map(csvCell).join(","))
    .join("\r\n");

/** A cell of a CSV file (RFC 4180 §2); one that a spreadsheet would run as a formula becomes text, a number stays one. */
export const csvCell = (cell: string): string => {
  const harmless = /^[=+\-@\t\r]/.test(cell) && !/^\+?[\d\s().-]+$/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

/** A cell with a number, and what is to be dialed or asked for behind it; without the marks that keep it text. */
const withoutExtension = (cell: string): { written: string; extension: string } => {
  const text = cell.replace(/^="?([^"]*)"?$/, "$1").replace(/^'/, "");
  const [, written = text, extension = ""] =
    /^(.*\d\)?)[\s,;]*(?:ext(?:ension)?|x|#|durchwahl|dw)[\s.:=]*(\d{1,7})$/i.exec(text) ?? [];
  return { written, extension };
};

/**
 * The number as it can be dialed: as written, else of the country, else with the `+` that a spreadsheet took. Only digits
 * in one piece have lost one, and ten that make an American number are no number of another country.
 */
const dialable = (text: string, country: string): ReturnType<typeof parsePhone> => {
  const asWritten = parsePhone(text, country);
  if (asWritten.ok || !/^\d+$/.test(text) || (text.length === 10 && parsePhone(text, "US").ok)) return asWritten;
  const withPlus = parsePhone(`+${text}`);
  return withPlus.ok ? withPlus : asWritten;
};

const isZone = (zone: string): boolean => {
  try {
    return Intl.DateTimeFormat("en", { timeZone: zone }) !== undefined && zone.includes("/");
  } catch {
    return false;
  }
};

const looksLikePhone = (cell: string): boolean =>
  cell.replace(/\D/g, "").length >= 7 && /^['+(]?[\d\s()./\-e+]+$/i.test(cell);

const delimiterOf = (text: string): string => {
  const [line = ""] = text.split(/\r?\n/, 1);
  const counts = [",", ";", "\t"].map((mark) => [mark, line.split(mark).length] as const);
  return counts.reduce((best, one) => (one[1] > best[1] ? one : best))[0];
};

const cellsOf = (text: string, delimiter: string): string[][] => {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endCell = (): void => {
    if (row.length < MAX_COLUMNS) row.push(cell.slice(0, MAX_CELL).trim());
    cell = "";
  };
  const endRow = (): void => {
    endCell();
    rows.push(row);
    row = [];
  };
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text.charAt(i + 1) === '"') cell += text.charAt(++i);
      else quoted = false;
    } else if (char === '"' && cell.trim() === "") {
      quoted = true;
      cell = "";
    } else if (char === delimiter) endCell();
    else if (char === "\n") endRow();
    else if (char !== "\r") cell += char;
  }
  if (cell !== "" || row.length > 0) endRow();
  return rows;
};

const NAMES: readonly (readonly [ContactColumn, RegExp])[] = [
  ["phone", /phone|mobile|tel\b|telephone|number|cell|telefon|nummer/i],
  ["timezone", /time ?zone|\btz\b/i],
  ["name", /name|contact|company|business|person/i],
  ["context", /note|notiz|bemerkung|context|info|comment|about|detail/i],
];

const guessColumns = (header: readonly string[], rows: readonly string[][]): ContactColumn[] => {
  const sample = rows.slice(0, 20);
  const share = (i: number, fits: (cell: string) => boolean): number =>
    sample.filter((row) => fits(row[i] ?? "")).length / Math.max(1, sample.length);
  const guess = header.map((name, i): ContactColumn => {
    if (share(i, looksLikePhone) > 0.5) return "phone";
    if (share(i, isZone) > 0.5) return "timezone";
    return NAMES.find(([, pattern]) => pattern.test(name))?.[0] ?? "skip";
  });
  // A list has one number; what else looks like one is not called.
  const phone = guess.indexOf("phone");
  const once = guess.map((column, i) => (column === "phone" && i !== phone ? "skip" : column));
  if (!once.includes("name")) {
    const text = once.findIndex((column, i) => column === "skip" && share(i, (cell) => /\p{L}/u.test(cell)) > 0.5);
    if (text >= 0) once[text] = "name";
  }
  return once;
};
