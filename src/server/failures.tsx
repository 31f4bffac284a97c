import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { Document } from "./components/shell.tsx";
import { SignInPart } from "./components/sign-in-form.tsx";
import { ToastPart } from "./components/toast.tsx";
import { ProblemPage } from "./pages/problem-page.tsx";
import { renderDocument, renderPage } from "./pages/render.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { Problem } from "./problem.ts";
import type { ServerEnv } from "./request-context.ts";

/** Paths whose answers are data, never pages. */
const isData = (path: string): boolean =>
  path.startsWith("/api/") ||
  path.startsWith("/tasks/calling/") ||
  path.startsWith("/ws/") ||
  path.startsWith("/sse/") ||
  path.startsWith("/assets/") ||
  path === "/command" ||
  path === "/health" ||
  path === "/metrics";

const asProblem = (thrown: unknown): Problem => {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof HTTPException) {
    if (thrown.status === 413) return new Problem("body-too-large");
    if (thrown.status === 403) return new Problem("cross-site-request");
    if (thrown.status < 500) return new Problem("malformed-body");
  }
  return new Problem("internal");
};

/**
 * Answers with a problem in the form its asker reads: a JSON document (RFC 9457), a toast for a part of a page, a page.
 * All three say the same words.
 */
export const answerProblem = async (c: Context<ServerEnv>, problem: Problem): Promise<Response> => {
  for (const [name, value] of Object.entries(problem.more.headers ?? {})) c.header(name, value);
  const htmx = c.req.header("hx-request") === "true";
  const mistakes = problem.more.errors?.map(({ field, message }) => `${field}: ${message}`).join(" ");
  const words = `${problem.detail.replace(/[.!?]$/, "")}. ${mistakes ?? problem.fix}`;
  if (!isData(c.req.path) && htmx) {
    const pageWanted = c.req.method === "GET" && !c.req.path.startsWith("/x/") && problem.status < 500;
    if (problem.problem === "sign-in-needed") {
      c.header("HX-Push-Url", "false");
      c.header("HX-Reswap", "none");
      return c.html(<SignInPart next={c.req.path} />, problem.status);
    }
    if (!pageWanted || c.get("actor") === undefined) {
      // The address and the page stay as they were; only the toast is new.
      c.header("HX-Push-Url", "false");
      c.header("HX-Reswap", "none");
      return c.html(<ToastPart level="error" text={words} />, problem.status);
    }
    return renderPage(c, { title: problem.message, status: problem.status }, <ProblemPage problem={problem} />);
  }
  if (!isData(c.req.path) && (c.req.header("accept") ?? "").includes("text/html")) {
    if (problem.problem === "sign-in-needed") {
      return renderDocument(c, <SignInPage next={c.req.path} problem={null} {...c.get("shell")} />, problem.status);
    }
    const content = <ProblemPage problem={problem} requestId={problem.status >= 500 ? c.get("requestId") : null} />;
    // A stranger gets no menu and no form token.
    if (c.get("actor") === undefined) {
      const bare = (
        <Document title={problem.message} assetUrl={c.get("shell").assetUrl}>
          <body>
            <main class="page narrow">{content}</main>
          </body>
        </Document>
      );
      return renderDocument(c, bare, problem.status);
    }
    return renderPage(c, { title: problem.message, status: problem.status }, content);
  }
  return c.body(JSON.stringify(problem.document(c.get("requestId"))), problem.status, {
    "Content-Type": "application/problem+json",
  });
};

/** The last boundary of a request: what is no expected refusal is logged and answered without its words. */
export const failureHandler =
  (log: Log) =>
  async (thrown: unknown, c: Context<ServerEnv>): Promise<Response> => {
    const problem = asProblem(thrown);
    if (problem.status >= 500) {
      log.error(
        {
          requestId: c.get("requestId"),
          method: c.req.method,
          problem: messageOf(thrown),
          stack: thrown instanceof Error ? thrown.stack : undefined,
        },
        "a request failed",
      );
    }
    return answerProblem(c, problem);
  };
