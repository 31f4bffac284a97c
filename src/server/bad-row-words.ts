import type { BadRow } from "../agents/contact-list.ts";
import { phoneSentence } from "./phone-words.ts";

/** Why a row of a list was left out, as a sentence. */
export const badRowWords = ({ reason }: BadRow): string => {
  if (reason === "no-number") return "There is no number in this row";
  if (reason === "broken-by-spreadsheet") return "A spreadsheet has rounded the number: format the column as text";
  if (reason === "double") return "The number is in the list twice";
  if (reason === "unknown-zone") return "The time zone does not exist";
  return phoneSentence(reason);
};
