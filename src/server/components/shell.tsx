import type { Child } from "hono/jsx";
import type { QuestionsPicture } from "../owner-questions.ts";
import type { ShellView } from "../request-context.ts";
import { DemoBanner } from "./demo-banner.tsx";
import { HelpAlerts } from "./help-alerts.tsx";
import { Icon } from "./icon.tsx";
import { QuestionFeed, Questions } from "./questions.tsx";

const NAV = [
  ["/", "Home"],
  ["/plan", "Plan"],
  ["/campaigns", "Campaigns"],
  ["/tasks", "Tasks"],
  ["/calls", "Calls"],
  ["/history", "History"],
  ["/agents", "Agents"],
  ["/dnd", "Do not call"],
  ["/settings", "Settings"],
  ["/docs", "API"],
] as const;

const HTMX_CONFIG = JSON.stringify({
  noSwap: [204, 304, "5xx"],
  morphIgnore: ["data-htmx-powered", "data-here"],
  extensions: "od-tt,sse,upsert",
  // A board that was cut off for minutes is back seconds after the server is.
  sse: { reconnectMaxDelay: 5_000 },
});

const isCurrent = (href: string, path: string): boolean =>
  href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`);

const Nav = ({ path }: { path: string }) => (
  <nav id="nav" class="nav" aria-label="Main" hx-swap-oob="outerMorph">
    {NAV.map(([href, name]) => (
      <a
        href={href}
        id={`nav-${href.slice(1) || "home"}`}
        {...(isCurrent(href, path) ? { "aria-current": "page" } : {})}
      >
        {name}
      </a>
    ))}
  </nav>
);

/** What the sign-in page and pages inside share: head, style, scripts. */
export const Document = (props: { title: string; assetUrl: ShellView["assetUrl"]; children?: Child }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${props.title} · OpenDeep`}</title>
      <meta name="htmx-config" content={HTMX_CONFIG} />
      <link rel="icon" href="/assets/icons.svg" type="image/svg+xml" />
      <link rel="stylesheet" href={props.assetUrl("/assets/app.css")} />
      <script type="module" src={props.assetUrl("/assets/htmx.js")}></script>
      <script type="module" src={props.assetUrl("/assets/app.js")}></script>
    </head>
    {props.children}
  </html>
);

/**
 * The frame of every page. Links and forms swap `#page` alone, so that the docked softphone lives on; the menu follows out
 * of band. What is pressed again while its answer is on the way sends nothing more. `wide` gives boards more room; `live` pages have a stream of their own, which carries the questions too.
 */
export const Shell = (props: {
  title: string;
  path: string;
  shell: ShellView;
  questions: QuestionsPicture;
  wide?: boolean;
  live?: boolean;
  children?: Child;
}) => (
  <Document title={props.title} assetUrl={props.shell.assetUrl}>
    <body
      class="shell"
      {...{ "hx-boost:inherited": "target:#page select:#page swap:outerHTML" }}
      {...{ "hx-sync:inherited": "drop" }}
      {...{ "hx-headers:inherited": JSON.stringify({ "X-CSRF-Token": props.shell.formToken }) }}
    >
      <a class="vh" href="#page" hx-boost="false">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <Icon name="logo" /> OpenDeep
        </a>
        <Nav path={props.path} />
      </header>
      <Questions {...props.questions} />
      <main id="page" class={props.wide ? "page wide" : "page"} hx-history-elt="" tabindex={-1}>
        <DemoBanner scriptedParts={props.shell.scriptedParts} />
        <noscript>
          <p class="banner warn">
            JavaScript is off. Reload a page to see what is new; listening to calls and talking to agents need it.
          </p>
        </noscript>
        {props.children}
        <div id="question-feed">{props.live ? null : <QuestionFeed />}</div>
      </main>
      <HelpAlerts calls={[]} />
      <od-phone id="phone" class="dock" role="region" aria-label="Softphone" hx-ignore=""></od-phone>
      <div id="toasts" class="toasts" role="status" aria-live="polite"></div>
      <div id="dialogs"></div>
    </body>
  </Document>
);
