import { z } from "zod";
import { PROBLEMS, type ProblemName } from "../problem.ts";
import { OPERATIONS, type Operation } from "./operations.ts";

/** A JSON schema as plain data. */
export type JsonSchema = Record<string, unknown>;

const PROBLEM_SCHEMA: JsonSchema = {
  type: "object",
  description: "What went wrong and what to do about it (RFC 9457)",
  required: ["type", "title", "status", "detail", "fix", "request_id"],
  properties: {
    type: { type: "string", description: "Path of the explanation, ending with the problem's name" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "One sentence about this occurrence" },
    fix: { type: "string", description: "What to do about it" },
    errors: {
      type: "array",
      description: "Fields at fault",
      items: {
        type: "object",
        required: ["field", "message"],
        properties: { field: { type: "string" }, message: { type: "string" } },
      },
    },
    request_id: { type: "string", description: "Names this request in the server's log" },
  },
};

/** A zod schema as JSON schema: what to send (`input`) or what comes back (`output`). */
export const jsonSchemaOf = (schema: z.ZodType, io: "input" | "output"): JsonSchema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema;
  return rest;
};

const problemAnswers = (names: readonly ProblemName[]): JsonSchema => {
  const byStatus = new Map<number, ProblemName[]>();
  for (const name of ["sign-in-needed" as const, ...names]) {
    byStatus.set(PROBLEMS[name].status, [...(byStatus.get(PROBLEMS[name].status) ?? []), name]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => [
      String(status),
      {
        description: all.map((name) => `${PROBLEMS[name].title} (${name})`).join("; "),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
};

const parametersOf = (operation: Operation): JsonSchema[] => {
  const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = operation.query ? jsonSchemaOf(operation.query, "input") : {};
  const required = new Set((query.required as string[] | undefined) ?? []);
  const inQuery = Object.entries((query.properties ?? {}) as Record<string, JsonSchema>).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.has(name),
    ...(schema.description ? { description: schema.description } : {}),
    schema,
  }));
  const key = operation.idempotent
    ? [
        {
          name: "Idempotency-Key",
          in: "header",
          required: false,
          description: "The same key again gives the first answer",
          schema: { type: "string", maxLength: 200 },
        },
      ]
    : [];
  return [...inPath, ...inQuery, ...key];
};

const operationOf = (operation: Operation): JsonSchema => ({
  summary: operation.summary,
  ...(operation.description ? { description: operation.description } : {}),
  operationId: `${operation.method}${operation.path.replace(/[^A-Za-z0-9]+(\w)?/g, (_, letter = "") => letter.toUpperCase())}`,
  tags: [operation.group],
  parameters: parametersOf(operation),
  ...(operation.body
    ? {
        requestBody: {
          required: true,
          content: { "application/json": { schema: jsonSchemaOf(operation.body, "input") } },
        },
      }
    : {}),
  responses: {
    ...problemAnswers(operation.problems),
    ...Object.fromEntries(
      operation.answers.map(({ status, description, schema, type }) => [
        String(status),
        {
          description,
          ...(schema
            ? { content: { "application/json": { schema: jsonSchemaOf(schema, "output") } } }
            : type
              ? { content: { [type]: { schema: { type: "string" } } } }
              : {}),
        },
      ]),
    ),
  },
});

/** The API as an OpenAPI 3.1 document, made of the same schemas that check requests. */
export const openApiDocument = (): JsonSchema => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method] = operationOf(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "OpenDeep",
      version: "1",
      description: "Place AI phone calls, follow them and read what came of them.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, {}],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "AUTH_TOKEN of the server; not needed on loopback" },
      },
      schemas: { Problem: PROBLEM_SCHEMA },
    },
  };
};
