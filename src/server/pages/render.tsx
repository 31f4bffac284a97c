import type { Context } from "hono";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { Shell } from "../components/shell.tsx";
import type { ServerEnv } from "../request-context.ts";

/** Sends a whole document. */
export const renderDocument = async (
  c: Context,
  document: Child,
  status: ContentfulStatusCode = 200,
): Promise<Response> => c.html(`<!doctype html>${String(document)}`, status);

/** Sends a page in the shell: always the whole document, whoever asks. */
export const renderPage = async (
  c: Context<ServerEnv>,
  page: {
    title: string;
    status?: ContentfulStatusCode;
    wide?: boolean;
    /** The page has a stream of its own (`LiveFeed`). */
    live?: boolean;
    /** Where the page belongs in the menu, if not at the path that was asked. */
    path?: string;
  },
  content: Child,
): Promise<Response> =>
  renderDocument(
    c,
    <Shell
      title={page.title}
      path={page.path ?? c.req.path}
      shell={c.get("shell")}
      questions={await c.get("shell").questions(c.get("actor"))}
      wide={page.wide ?? false}
      live={page.live ?? false}
    >
      {content}
    </Shell>,
    page.status ?? 200,
  );
