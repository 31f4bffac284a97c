type Json = Record<string, unknown>;

/** Keywords that a strict schema may use; others are refused. */
const KNOWN = new Set([
  "type",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "enum",
  "const",
  "anyOf",
  "$ref",
  "$defs",
  "definitions",
  "description",
  "title",
  "format",
  "pattern",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minItems",
  "maxItems",
]);

/** Why a strict schema is refused, as the service words it; null when it is fine. */
export const strictProblem = (schema: unknown, path: string[] = []): string | null => {
  const context = `In context=(${path.map((one) => `'${one}'`).join(", ")})`;
  if (typeof schema !== "object" || schema === null) return `${context}, schema must be an object.`;
  const node = schema as Json;
  if (path.length === 0 && node.type !== "object") return "schema must be a JSON Schema of 'type: \"object\"'.";
  const unknown = Object.keys(node).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) return `${context}, '${unknown}' is not permitted.`;
  if (!("type" in node || "anyOf" in node || "$ref" in node)) return `${context}, schema must have a 'type' key.`;
  if (node.type === "object") {
    if (node.additionalProperties !== false) {
      return `${context}, 'additionalProperties' is required to be supplied and to be false.`;
    }
    const names = Object.keys((node.properties ?? {}) as Json);
    const required = (node.required ?? []) as string[];
    const missing = names.find((name) => !required.includes(name));
    if (missing !== undefined) {
      return `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
    }
  }
  const inner: [string, unknown][] = [
    ...Object.entries((node.properties ?? {}) as Json),
    ...Object.entries((node.$defs ?? {}) as Json),
    ...((node.anyOf ?? []) as unknown[]).map((one, i): [string, unknown] => [String(i), one]),
    ...(node.items === undefined ? [] : [["items", node.items] as [string, unknown]]),
  ];
  for (const [name, one] of inner) {
    const problem = strictProblem(one, [...path, name]);
    if (problem !== null) return problem;
  }
  return null;
};
