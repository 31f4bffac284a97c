import "./softphone/element.ts";
import "./talk/element.ts";
import { watchAloud } from "./aloud.ts";
import { watchBoard } from "./board.ts";
import { watchPlayer } from "./player.ts";
import { make } from "./softphone/parts.ts";
import { spanText } from "./softphone/span-text.ts";
import { watchToasts } from "./toasts.ts";

/** The parts of htmx's events that are read here. */
interface HtmxDetail {
  ctx?: {
    confirm?: string;
    sourceElement?: Element;
    select?: string;
    request?: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal };
  };
  reason?: string;
  issueRequest?(): void;
  dropRequest?(): void;
}

const onHtmx = (name: string, listen: (detail: HtmxDetail, event: Event) => void): void =>
  document.addEventListener(name, (event) => listen((event as CustomEvent<HtmxDetail>).detail ?? {}, event));

const PILL_WORDS = { connecting: "Connecting", live: "Live", offline: "Live updates stopped", ended: "Up to date" };
/** Has the pills of the page say how its stream is; only those that `among` selects. */
const setPills = (state: keyof typeof PILL_WORDS, among = "[data-state]"): void => {
  for (const pill of document.querySelectorAll<HTMLElement>(`.pill${among}`)) {
    pill.dataset.state = state;
    pill.textContent = PILL_WORDS[state];
  }
};

const isStream = (element: Element | null | undefined): boolean => element?.hasAttribute("hx-sse:connect") ?? false;

const say = watchToasts(document);
watchPlayer(document);
watchBoard(document);
watchAloud(document);

onHtmx("htmx:error", ({ ctx }) => {
  if (!ctx) return;
  // A stream tries again by itself: its pill tells of it.
  if (isStream(ctx.sourceElement)) return setPills("offline");
  const isTimeout = String(ctx.request?.signal?.reason) === "timeout";
  say(isTimeout ? "The server took too long. Try again." : "No connection to the server. Try again.", "error");
});

// A question before what cannot be undone. The browser's own prompt would freeze meters and signalling. With
// `data-confirm-or` there is a second way to do it, which sends the field that `data-confirm-or-field` names as true.
onHtmx("htmx:confirm", ({ ctx, issueRequest, dropRequest }, event) => {
  event.preventDefault();
  const source = ctx?.sourceElement;
  const isDanger = source?.matches(".danger") ?? false;
  const yes = make(
    "button",
    { class: `btn ${isDanger ? "danger" : "primary"}`, value: "yes" },
    source?.getAttribute("data-confirm-label") ?? source?.textContent?.trim() ?? "Yes",
  );
  const says = source?.getAttribute("data-confirm-says");
  const or = source?.getAttribute("data-confirm-or");
  const orField = source?.getAttribute("data-confirm-or-field") ?? "";
  const dialog = make(
    "dialog",
    { class: "dialog", "aria-labelledby": "confirm-title" },
    make(
      "form",
      { method: "dialog" },
      make("h2", { id: "confirm-title" }, ctx?.confirm ?? "Are you sure?"),
      ...(says ? [make("p", {}, says)] : []),
      make(
        "div",
        { class: "dialog-end" },
        make("button", { class: "btn", value: "no" }, "Cancel"),
        ...(or ? [make("button", { class: "btn primary", value: "or" }, or)] : []),
        yes,
      ),
    ),
  );
  dialog.addEventListener("close", () => {
    const body = ctx?.request?.body;
    if (dialog.returnValue === "or" && body instanceof URLSearchParams) body.set(orField, "true");
    if (dialog.returnValue === "yes" || dialog.returnValue === "or") issueRequest?.();
    else dropRequest?.();
    dialog.remove();
  });
  (document.getElementById("dialogs") ?? document.body).append(dialog);
  dialog.showModal();
});

// After a step to another page the keyboard and the screen reader start at its heading.
onHtmx("htmx:after:swap", ({ ctx }) => {
  // The link or form that was used is often gone by now; what was asked for is still known.
  const isStep = ctx?.select === "#page" || ctx?.request?.headers?.["HX-History-Restore-Request"];
  const heading = isStep ? document.querySelector<HTMLElement>("#page h1") : null;
  // A form that came back with a mistake has its own place to go on: htmx has just focused the field.
  if (!heading || document.activeElement?.hasAttribute("autofocus")) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});

// On a phone the menu is wider than the screen: where one is must be seen in it.
const showPlace = (): void => {
  const place = document.querySelector("#nav [aria-current]");
  const menu = place?.parentElement;
  if (!place || !menu || menu.scrollWidth <= menu.clientWidth) return;
  const [link, frame] = [place.getBoundingClientRect(), menu.getBoundingClientRect()];
  menu.scrollLeft += link.left + link.width / 2 - (frame.left + frame.width / 2);
};
showPlace();
onHtmx("htmx:after:swap", ({ ctx }) => {
  if (ctx?.select === "#page" || ctx?.request?.headers?.["HX-History-Restore-Request"]) showPlace();
});

// A message box sends with Enter, as chats do; not while an input method composes.
document.addEventListener("keydown", (event) => {
  const { target, key, shiftKey, isComposing } = event;
  if (key !== "Enter" || shiftKey || isComposing || !(target instanceof HTMLTextAreaElement)) return;
  if (!target.hasAttribute("data-enter-sends")) return;
  event.preventDefault();
  target.form?.requestSubmit();
});

// A form that arrives by itself gets the keyboard only from a message box in which nothing is being written.
onHtmx("htmx:after:swap", () => {
  const first = document.querySelector<HTMLElement>("[data-focus-when-idle]");
  const { activeElement } = document;
  const isIdle = activeElement instanceof HTMLTextAreaElement && activeElement.hasAttribute("data-enter-sends");
  if (!first || !isIdle || activeElement.value !== "") return;
  first.removeAttribute("data-focus-when-idle");
  first.focus();
});

// What was lost stays lost in words until it is back, however often it is tried.
onHtmx("htmx:sse:before:connection", () => setPills("connecting", '[data-state="live"]'));
onHtmx("htmx:sse:after:connection", () => setPills("live"));
onHtmx("htmx:sse:error", () => setPills("offline"));
onHtmx("htmx:response:error", ({ ctx }) => {
  if (isStream(ctx?.sourceElement)) setPills("offline");
});
onHtmx("htmx:sse:close", ({ reason }) => {
  if (reason === "message") setPills("ended");
});
// htmx may have connected before this script was there to be told.
for (const feed of document.querySelectorAll<Element & { _htmx?: { sse?: { status: number | null } } }>("#feed"))
  if (feed._htmx?.sse?.status) setPills("live");

document.addEventListener("click", ({ target }) => {
  if (target instanceof Element) target.closest("[data-dismiss]")?.closest(".toast, .banner")?.remove();
});

// Clocks of what goes on, `<time data-since="epoch ms">`, and of what ends, `<time data-until="epoch ms">`.
const setClocks = (): void => {
  for (const clock of document.querySelectorAll<HTMLElement>("[data-since]")) {
    const text = spanText(Date.now() - Number(clock.dataset.since));
    if (clock.textContent !== text) clock.textContent = text;
  }
  for (const clock of document.querySelectorAll<HTMLElement>("[data-until]")) {
    const leftMs = Number(clock.dataset.until) - Date.now();
    const text = leftMs > 0 ? `${spanText(leftMs)} left` : "the time is over";
    if (clock.textContent !== text) clock.textContent = text;
  }
};
setInterval(setClocks, 1000);
setClocks();
onHtmx("htmx:after:swap", setClocks);
