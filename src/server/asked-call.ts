import type { z } from "zod";
import { parsePhone } from "../core/phone.ts";
import { phoneSentence } from "./phone-words.ts";
import { type FieldProblem, Problem } from "./problem.ts";
import { fieldProblems } from "./request-body.ts";

/**
 * Reads a request for a call by its schema and looks at its number at the same time, so that all mistakes are told at
 * once. Throws a `Problem` that names every field at fault; one about the number alone says so by its own name.
 */
export const askedCall = <S extends z.ZodObject>(schema: S, value: unknown, phoneField: string): z.output<S> => {
  const parsed = schema.safeParse(value, { reportInput: true });
  const errors: FieldProblem[] = parsed.success ? [] : fieldProblems(parsed.error);
  const text = (value as Record<string, unknown> | null)?.[phoneField];
  const isReadable = typeof text === "string" && !errors.some((one) => one.field === phoneField);
  const phone = isReadable ? parsePhone(text) : null;
  if (phone?.ok === false) {
    const wrong = { field: phoneField, message: phoneSentence(phone.reason) };
    if (errors.length === 0) {
      throw new Problem("phone-number-refused", {
        detail: wrong.message,
        errors: [wrong],
        members: { reason: phone.reason },
      });
    }
    errors.unshift(wrong);
  }
  if (!parsed.success) throw new Problem("invalid-request", { errors });
  return parsed.data;
};
