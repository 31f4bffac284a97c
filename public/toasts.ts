import { icon, make } from "./softphone/parts.ts";

/** What a toast says it is about; errors stay until they are dismissed. */
export type ToastLevel = "info" | "warn" | "error";

/** How long a toast that is no error stays, in ms; it waits while it is looked at. */
const STAYS_MS = 6_000;

/**
 * Lets the toasts of `#toasts` leave by themselves, whoever put them there: the server, the softphone (`od:toast`) or
 * the function returned here.
 */
export const watchToasts = (page: Document): ((text: string, level: ToastLevel) => void) => {
  const place = page.getElementById("toasts");

  const say = (text: string, level: ToastLevel): void => {
    const dismiss = make(
      "button",
      { type: "button", class: "btn icon small quiet", "data-dismiss": "", "aria-label": "Dismiss" },
      icon("x"),
    );
    const toast = make("div", { class: `toast ${level}` }, make("p", {}, text), dismiss);
    if (level === "error") toast.setAttribute("role", "alert");
    place?.append(toast);
  };

  const leave = (toast: HTMLElement): void => {
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) leave(toast);
      else toast.remove();
    }, STAYS_MS);
  };

  const welcome = (nodes: Iterable<Node>): void => {
    for (const node of nodes) if (node instanceof HTMLElement && node.matches(".toast:not(.error)")) leave(node);
  };

  if (place) {
    welcome(place.children);
    new MutationObserver((changes) => {
      for (const change of changes) welcome(change.addedNodes);
    }).observe(place, { childList: true });
  }
  page.addEventListener("od:toast", (event) => {
    const { text, level } = (event as CustomEvent<{ text: string; level: ToastLevel }>).detail;
    say(text, level);
  });
  return say;
};
