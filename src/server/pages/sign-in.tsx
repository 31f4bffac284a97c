import type { Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { SESSION_COOKIE, SESSION_SECONDS, type Sessions } from "../auth/session.ts";
import type { SignInLimit } from "../auth/sign-in-limit.ts";
import { Icon } from "../components/icon.tsx";
import { Document } from "../components/shell.tsx";
import { SignInForm } from "../components/sign-in-form.tsx";
import { Problem } from "../problem.ts";
import { formBody } from "../request-body.ts";
import type { ServerEnv, ShellView } from "../request-context.ts";
import { renderDocument } from "./render.tsx";

/** The plain page in front of everything when an access token is set. */
export const SignInPage = (props: { next: string; problem: string | null; assetUrl: ShellView["assetUrl"] }) => (
  <Document title="Sign in" assetUrl={props.assetUrl}>
    <body>
      <main class="page narrow" id="page">
        <section class="card">
          <div class="card-body stack">
            <p class="brand">
              <Icon name="logo" /> OpenDeep
            </p>
            <h1>Sign in</h1>
            <SignInForm next={props.next} problem={props.problem} />
          </div>
        </section>
      </main>
    </body>
  </Document>
);

/** A path of our own to go on to; anything that could leave the site becomes the start page. */
export const safeNext = (next: string | undefined): string =>
  next !== undefined && /^\/(?![/\\])[^\s\\]*$/.test(next) && next.length <= 500 && next !== "/sign-in" ? next : "/";

/** Routes of signing in and out. `addressOf` tells the asker's network address. */
export const signInRoutes = (
  app: Hono<ServerEnv>,
  given: {
    sessions: Sessions;
    limit: SignInLimit;
    needed: boolean;
    https: boolean;
    addressOf: (c: Context) => string;
  },
): void => {
  /** Whether the browser reached us over TLS: here, or at the proxy of our public address. */
  const isSecure = (c: Context): boolean => given.https || new URL(c.req.url).protocol === "https:";

  app.get("/sign-in", async (c) =>
    given.needed
      ? renderDocument(c, <SignInPage next={safeNext(c.req.query("next"))} problem={null} {...c.get("shell")} />)
      : c.redirect("/", 303),
  );
  app.post("/sign-in", async (c) => {
    if (!given.needed) return c.redirect("/", 303);
    const address = given.addressOf(c);
    if (!given.limit.allows(address)) {
      throw new Problem("too-many-sign-ins", { headers: { "Retry-After": String(given.limit.retryAfter()) } });
    }
    const form = await formBody(c);
    const next = safeNext(form.next);
    if (!given.sessions.tokenIs(form.token ?? "")) {
      given.limit.failed(address);
      return renderDocument(c, <SignInPage next={next} problem="This is not the token." {...c.get("shell")} />, 422);
    }
    setCookie(c, SESSION_COOKIE, given.sessions.open(), {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      secure: isSecure(c),
      maxAge: SESSION_SECONDS,
    });
    return c.redirect(next, 303);
  });
  app.post("/sign-out", (c) => {
    given.sessions.end(getCookie(c, SESSION_COOKIE));
    setCookie(c, SESSION_COOKIE, "", { httpOnly: true, sameSite: "Strict", path: "/", secure: isSecure(c), maxAge: 0 });
    return c.redirect("/sign-in", 303);
  });
};
