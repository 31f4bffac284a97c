import { keep, readKept } from "./softphone/kept.ts";
import { make } from "./softphone/parts.ts";

/** Lines kept for a screen reader that is still busy with earlier ones. */
const MOST_LINES = 5;

/**
 * Reads new lines of a live call aloud where `#read-aloud` is switched on: what was said in full is written, once, into
 * `#aloud`, which screen readers announce. Words that are still being spoken are not, since they change under the voice that
 * reads them. The switch is as this browser left it.
 */
export const watchAloud = (page: Document): void => {
  const read = new Set<string>();
  let shown: HTMLElement | null = null;

  const listen = (): void => {
    const choice = page.querySelector<HTMLInputElement>("#read-aloud");
    const place = page.getElementById("aloud");
    const turns = page.getElementById("turns");
    if (!choice || !place || !turns) return;
    const isNew = shown !== place;
    if (isNew) {
      shown = place;
      read.clear();
      choice.checked = readKept().aloud;
    }
    for (const turn of turns.querySelectorAll<HTMLElement>(":scope > li:not([aria-busy])")) {
      if (read.has(turn.id)) continue;
      read.add(turn.id);
      // What was said before somebody came or asked for it is theirs to read.
      if (!isNew && choice.checked) place.append(make("p", {}, lineOf(turn)));
    }
    while (place.childElementCount > MOST_LINES) place.firstElementChild?.remove();
  };

  for (const swapped of ["htmx:after:swap", "htmx:sse:after:message"]) page.addEventListener(swapped, listen);
  page.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && target.id === "read-aloud") keep({ aloud: target.checked });
  });
  listen();
};

/** Who said what, and whether the caller heard it. */
const lineOf = (turn: HTMLElement): string =>
  [
    `${turn.querySelector(".turn-who span")?.textContent?.trim()}: ${turn.querySelector("p, [data-t]")?.textContent?.trim()}`,
    turn.querySelector(".turn-mark")?.textContent?.trim() ?? "",
  ]
    .filter((part) => part !== "")
    .join(" ");
