import { expect, test } from "bun:test";
import { z } from "zod";
import { answerSchema } from "../../../src/agents/models/answer-schema.ts";
import { strictProblem } from "../../support/openai-text-server/strict-schema.ts";

const Node = z.object({
  name: z.string(),
  get children() {
    return z.array(Node);
  },
});

const Rich = z.object({
  name: z.string().min(1).max(80).describe("As people say it."),
  phone: z.string().regex(/^\+\d+$/),
  mail: z.email().nullable(),
  day: z.iso.date(),
  at: z.iso.datetime({ offset: true }).nullable(),
  count: z.number().int().min(1).max(5),
  kind: z.enum(["a", "b"]).nullable(),
  source: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("user") }),
    z.object({ kind: z.literal("link"), url: z.url() }),
  ]),
  tags: z.array(z.string().max(5)).max(3),
  language: z.string().default("en"),
  tree: Node,
});

test("a rich schema is one that a strict service takes", () => {
  expect(strictProblem(answerSchema(Rich))).toBeNull();
  // The check itself can say no.
  expect(strictProblem(z.toJSONSchema(Rich))).toContain("is not permitted");
});

test("what a schema may not say is told in words", () => {
  const { properties } = answerSchema(Rich) as unknown as { properties: Record<string, { description?: unknown }> };
  expect(properties.name as unknown).toEqual({
    type: "string",
    description: "As people say it. At least 1 characters. At most 80 characters.",
  });
  expect(properties.phone?.description).toBe("Pattern: ^\\+\\d+$");
  expect(properties.count as unknown).toEqual({ type: "integer", description: "At least 1. At most 5." });
  expect(properties.tags as unknown).toMatchObject({ type: "array", description: "At most 3 entries." });
  expect(JSON.stringify(properties.source)).toContain('{"type":"string","enum":["link"]}');
  expect(properties.day as unknown).toEqual({ type: "string", format: "date" });
});

test("nothing that some vendor refuses is left anywhere", () => {
  const keys = new Set<string>();
  JSON.stringify(answerSchema(Rich), (key, value) => {
    keys.add(key);
    return value;
  });
  const refused =
    "minLength maxLength minimum maximum minItems maxItems pattern oneOf const default $schema definitions";
  for (const key of refused.split(" ")) expect([key, keys.has(key)]).toEqual([key, false]);
});

test("nullable fields become a choice, and keep their description", () => {
  const { properties } = answerSchema(
    z.object({
      plain: z.string().max(9).nullable().describe("Perhaps."),
      choice: z.enum(["a", "b"]).nullable(),
      inner: z.object({ a: z.string() }).nullable(),
    }),
  ) as { properties: Record<string, unknown> };
  expect(properties.plain).toMatchObject({ anyOf: [{ type: "string" }, { type: "null" }], description: "Perhaps." });
  expect(JSON.stringify(properties.plain)).toContain("At most 9 characters.");
  expect(properties.choice).toEqual({ anyOf: [{ type: "string", enum: ["a", "b"] }, { type: "null" }] });
  expect(properties.inner).toMatchObject({ anyOf: [{ type: "object", required: ["a"] }, { type: "null" }] });
});

test.each([
  ["an answer is an object", z.array(z.string())],
  ["the field a is required; it may be nullable", z.object({ a: z.string().optional() })],
  ["an answer's objects have only named fields", z.object({ a: z.record(z.string(), z.string()) })],
  ["a list's entries are of one kind", z.object({ a: z.tuple([z.string(), z.number()]) })],
  ["every field has a type", z.object({ a: z.unknown() })],
] as const)("our own mistake is loud: %s", (message, schema) => {
  expect(() => answerSchema(schema)).toThrow(message);
});
