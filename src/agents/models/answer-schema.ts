import { z } from "zod";
import { assert } from "../../core/errors.ts";

/** A JSON schema, draft 7. */
export type JsonSchema = { [key: string]: unknown };

/** Formats that every vendor knows; others are told in words. */
const FORMATS = new Set(["date-time", "date", "time"]);

/** Bounds that some vendor refuses in a schema; the model reads them as words, zod checks them after. */
const BOUNDS: Record<string, (value: unknown) => string> = {
  minLength: (n) => `At least ${n} characters.`,
  maxLength: (n) => `At most ${n} characters.`,
  minimum: (n) => (n === Number.MIN_SAFE_INTEGER ? "" : `At least ${n}.`),
  maximum: (n) => (n === Number.MAX_SAFE_INTEGER ? "" : `At most ${n}.`),
  exclusiveMinimum: (n) => `More than ${n}.`,
  exclusiveMaximum: (n) => `Less than ${n}.`,
  multipleOf: (n) => `A multiple of ${n}.`,
  minItems: (n) => `At least ${n} entries.`,
  maxItems: (n) => `At most ${n} entries.`,
};

/**
 * A zod schema as the JSON schema that all vendors take for a strict answer: objects with all fields required and no
 * others, lists, `anyOf`, `enum`, `$ref`. Our own mistakes fail loudly: a root that is no object, an optional field,
 * a record, a tuple.
 */
export const answerSchema = (schema: z.ZodType): JsonSchema => {
  const { $schema: _, definitions, ...root } = z.toJSONSchema(schema, { target: "draft-7", io: "input" }) as JsonSchema;
  assert(root.type === "object", "an answer is an object");
  const plain = plainSchema(root);
  if (!isSchema(definitions)) return plain;
  return { ...plain, $defs: Object.fromEntries(entriesOf(definitions).map(([name, one]) => [name, plainSchema(one)])) };
};

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const entriesOf = (schema: JsonSchema): [string, JsonSchema][] =>
  Object.entries(schema).map(([name, one]) => {
    assert(isSchema(one), "a field has a schema");
    return [name, one];
  });

const plainSchema = (schema: JsonSchema): JsonSchema => {
  const { type } = schema;
  if (typeof schema.$ref === "string") return { $ref: schema.$ref.replace("#/definitions/", "#/$defs/") };
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return withWords(schema, { anyOf: choices.filter(isSchema).map(plainSchema) });
  if (Array.isArray(type)) {
    const { description: _, ...bare } = schema;
    return withWords({ description: schema.description }, { anyOf: type.map((one) => plainSchema(ofType(bare, one))) });
  }
  if (type === "object") return plainObject(schema);
  if (type === "array") {
    assert(isSchema(schema.items), "a list's entries are of one kind");
    return withWords(schema, { type, items: plainSchema(schema.items) });
  }
  if ("const" in schema) return withWords(schema, { type, enum: [schema.const] });
  assert(typeof type === "string", "every field has a type");
  return withWords(schema, {
    type,
    ...(schema.enum !== undefined && { enum: schema.enum }),
    ...(FORMATS.has(String(schema.format)) && { format: schema.format }),
  });
};

const ofType = (schema: JsonSchema, type: unknown): JsonSchema =>
  type === "null"
    ? { type }
    : {
        ...schema,
        type,
        ...(Array.isArray(schema.enum) && { enum: schema.enum.filter((one) => one !== null) }),
      };

const plainObject = (schema: JsonSchema): JsonSchema => {
  const { properties = {}, required = [], additionalProperties = false } = schema;
  assert(additionalProperties === false, "an answer's objects have only named fields");
  assert(isSchema(properties) && Array.isArray(required), "an object has fields");
  for (const [name, one] of entriesOf(properties)) {
    assert(required.includes(name) || "default" in one, `the field ${name} is required; it may be nullable`);
  }
  return withWords(schema, {
    type: "object",
    properties: Object.fromEntries(entriesOf(properties).map(([name, one]) => [name, plainSchema(one)])),
    required: Object.keys(properties),
    additionalProperties: false,
  });
};

/** Adds the description, and in words what the schema itself cannot say. */
const withWords = (schema: JsonSchema, plain: JsonSchema): JsonSchema => {
  const { description, format, pattern } = schema;
  const words = typeof description === "string" ? [description] : [];
  for (const [name, say] of Object.entries(BOUNDS)) if (name in schema) words.push(say(schema[name]));
  if (typeof format === "string" && !FORMATS.has(format)) words.push(`Format: ${format}.`);
  // A format's own pattern says the same again, at length.
  if (typeof pattern === "string" && format === undefined) words.push(`Pattern: ${pattern}`);
  const said = words.filter((word) => word !== "").join(" ");
  return said === "" ? plain : { ...plain, description: said };
};
