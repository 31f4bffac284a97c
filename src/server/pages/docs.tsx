import type { Hono } from "hono";
import { type JsonSchema, jsonSchemaOf } from "../api/openapi.ts";
import { OPERATIONS, type Operation } from "../api/operations.ts";
import { PROBLEMS, type ProblemName } from "../problem.ts";
import type { ServerEnv } from "../request-context.ts";
import { renderPage } from "./render.tsx";

/** Deepest level of an answer that is listed; below it the type alone is named. */
const MAX_DEPTH = 2;

const GROUPS = ["Plans", "Calls", "Tasks", "Service"] as const;

const idOf = (operation: Operation): string =>
  `${operation.method}${operation.path.replace(/[^a-z0-9]+/gi, "-").replace(/-$/, "")}`;

/** A schema's type in a few words. */
const typeOf = (schema: JsonSchema): string => {
  const options = schema.anyOf as JsonSchema[] | undefined;
  if (options) return options.map(typeOf).join(" or ");
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `“${value}”`).join(", ");
  if (schema.type === "array") return `list of ${typeOf((schema.items as JsonSchema) ?? {})}`;
  if (schema.format === "date-time") return "time";
  return String(schema.type ?? "anything");
};

interface FieldLine {
  name: string;
  type: string;
  required: boolean;
  about: string;
}

const fieldsOf = (schema: JsonSchema, prefix = "", depth = 0): FieldLine[] => {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  return Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).flatMap(([name, field]) => {
    const inner = field.type === "array" ? ((field.items as JsonSchema) ?? {}) : field;
    const path = `${prefix}${name}${field.type === "array" && inner.properties ? "[]" : ""}`;
    const line = {
      name: path,
      type: typeOf(field),
      required: required.has(name),
      about: String(field.description ?? ""),
    };
    return inner.properties && depth < MAX_DEPTH ? [line, ...fieldsOf(inner, `${path}.`, depth + 1)] : [line];
  });
};

const Fields = ({ title, schema, isAsked }: { title: string; schema: JsonSchema; isAsked: boolean }) => {
  const fields = fieldsOf(schema);
  return fields.length === 0 ? null : (
    <div class="table-wrap" tabindex={0}>
      <table class="table">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Type</th>
            <th scope="col" class="hide-s">
              Meaning
            </th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr>
              <td>
                <code>{field.name}</code>
                {isAsked && field.required ? <small>needed</small> : null}
              </td>
              <td>{field.type}</td>
              <td class="hide-s">{field.about}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const OperationCard = ({ operation }: { operation: Operation }) => (
  <section class="card" id={idOf(operation)}>
    <header class="card-head">
      <span class={`method ${operation.method}`}>{operation.method.toUpperCase()}</span>
      <h3>
        <code>{operation.path}</code>
      </h3>
      <span class="muted small">{operation.summary}</span>
    </header>
    {operation.description ? <p class="card-body">{operation.description}</p> : null}
    {operation.query ? <Fields title="Query" schema={jsonSchemaOf(operation.query, "input")} isAsked /> : null}
    {operation.body ? <Fields title="Body, JSON" schema={jsonSchemaOf(operation.body, "input")} isAsked /> : null}
    {operation.answers.map((answer) =>
      answer.schema && answer === operation.answers[0] ? (
        <Fields
          title={`Answer ${answer.status}: ${answer.description}`}
          schema={jsonSchemaOf(answer.schema, "output")}
          isAsked={false}
        />
      ) : null,
    )}
    <footer class="card-foot small">
      {operation.answers.map((answer) => (
        <span class="badge plain">
          {answer.status} {answer.description}
        </span>
      ))}
      {operation.problems.map((name) => (
        <a class="badge plain" href={`#problem-${name}`} hx-boost="false">
          {PROBLEMS[name].status} {name}
        </a>
      ))}
    </footer>
  </section>
);

const ProblemTable = () => (
  <section class="card" id="problems">
    <header class="card-head">
      <h2>Problems</h2>
    </header>
    <p class="card-body">
      Whatever is refused is answered as <code>application/problem+json</code> (RFC 9457): <code>type</code>,{" "}
      <code>title</code>, <code>status</code>, <code>detail</code>, <code>fix</code>, and <code>errors</code> with one
      entry for each field at fault.
    </p>
    <div class="table-wrap" tabindex={0}>
      <table class="table">
        <caption class="vh">Every problem the API answers with</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">What it means and what to do</th>
          </tr>
        </thead>
        <tbody>
          {(Object.keys(PROBLEMS) as ProblemName[]).map((name) => (
            <tr id={`problem-${name}`}>
              <td>
                <code>{name}</code>
              </td>
              <td class="num">{PROBLEMS[name].status}</td>
              <td>
                {PROBLEMS[name].title}
                <small>{PROBLEMS[name].fix}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </section>
);

/** The API for people who read; drawn from the same table and schemas as the OpenAPI document. */
export const docsRoutes = (app: Hono<ServerEnv>): void => {
  app.get("/docs", (c) =>
    renderPage(
      c,
      { title: "API" },
      <>
        <header class="page-head">
          <h1>API</h1>
          <div class="actions">
            <a class="btn" href="/api/openapi.json" download="openapi.json" hx-boost="false">
              OpenAPI document
            </a>
          </div>
          <p class="lede">
            JSON over HTTP. On this machine no token is needed; with AUTH_TOKEN set, send it as{" "}
            <code>Authorization: Bearer …</code> with every request.
          </p>
        </header>
        <section class="card">
          <header class="card-head">
            <h2>A first call</h2>
          </header>
          <div class="card-body">
            <pre class="code" tabindex={0}>
              {
                'curl http://localhost:3000/api/phone/call \\\n  -H "Content-Type: application/json" \\\n  -d \'{"phone_number": "+12025550100", "action": "Ask for the opening hours."}\''
              }
            </pre>
          </div>
        </section>
        {GROUPS.map((group) => (
          <div class="stack">
            <h2>{group}</h2>
            {OPERATIONS.filter((operation) => operation.group === group).map((operation) => (
              <OperationCard operation={operation} />
            ))}
          </div>
        ))}
        <ProblemTable />
      </>,
    ),
  );
};
