import type { Context } from "hono";
import type { z } from "zod";
import { type FieldProblem, Problem } from "./problem.ts";

/** Most mistakes told at once. */
const MAX_PROBLEMS = 20;

/** Mistakes found by a schema, by field as the request spells it. */
export const fieldProblems = (error: z.ZodError): FieldProblem[] =>
  error.issues.slice(0, MAX_PROBLEMS).map((issue) => ({
    field: issue.path.map(String).join(".").slice(0, 100),
    message: issue.code === "invalid_type" && issue.input === undefined ? "This field is needed" : issue.message,
  }));

/** Reads values by a schema. Throws a `Problem` that names every field at fault. */
export const checked = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new Problem("invalid-request", { errors: fieldProblems(parsed.error) });
};

/** The JSON body of a request, unchecked. Throws a `Problem` on another type and on broken JSON. */
export const jsonBody = async (c: Context): Promise<unknown> => {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) throw new Problem("unsupported-media-type");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await c.req.arrayBuffer()));
  } catch {
    throw new Problem("malformed-body");
  }
};

/** The same where the body may be left out: null then. */
export const optionalJsonBody = async (c: Context): Promise<unknown> =>
  (await c.req.arrayBuffer()).byteLength === 0 ? null : await jsonBody(c);

/** The fields of a posted form; files and repeated names are left out. Throws a `Problem` on another type. */
export const formBody = async (c: Context): Promise<Record<string, string>> => {
  const type = c.req.header("content-type") ?? "";
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) {
    throw new Problem("unsupported-media-type", { fix: "Send it as a form: application/x-www-form-urlencoded." });
  }
  const fields: Record<string, string> = Object.create(null);
  try {
    for (const [name, value] of await c.req.formData()) if (typeof value === "string") fields[name] = value;
  } catch {
    throw new Problem("malformed-body", { fix: "Send the form complete." });
  }
  return fields;
};
