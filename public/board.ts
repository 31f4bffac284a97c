import { readKept } from "./softphone/kept.ts";

/** After the last key in the list its rows may move again, in ms: until then somebody is finding a row. */
const KEYS_REST_MS = 3_000;
/** Where rows had to stay, the list is looked at again this often, in ms. */
const LOOK_AGAIN_MS = 500;

/** Moves a node without letting go of focus and playing media, where the browser can. */
type Movable = Node & { moveBefore?(node: Node, before: Node | null): void };

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("input, textarea, select, dialog, od-phone") !== null;

/**
 * Keeps the rows of the live board (`#live-rows`) in the order the server gives in `#live-order[data-order]`, ids of calls
 * parted by spaces. Rows of calls that are over go; one that has just come stays until it has a place. Nothing moves while
 * a pointer is on the rows or keys are used in them. While the keyboard is on the board, L listens to the call that comes
 * first.
 */
export const watchBoard = (page: Document): void => {
  let keyAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hovers = matchMedia("(hover: hover)");

  const isHeld = (rows: Element): boolean =>
    (hovers.matches && rows.matches(":hover")) ||
    (rows.matches(":focus-within") && performance.now() - keyAt < KEYS_REST_MS);

  const arrange = (): void => {
    clearTimeout(timer);
    const rows = page.getElementById("live-rows");
    const order = page.getElementById("live-order")?.dataset.order;
    if (!rows || order === undefined) return;
    const ids = order.split(" ").filter((id) => id !== "");
    const wanted = ids.flatMap((id) => page.getElementById(`live-${id}`) ?? []);
    // A call that has just come has its row before it has its place.
    const kept = [...rows.children].filter((row) => wanted.includes(row as HTMLElement) || !row.matches(".over"));
    const isDone = kept.length === rows.children.length && wanted.every((row, i) => row === rows.children[i]);
    if (ids.length === 0 || isDone) return;
    if (isHeld(rows)) {
      timer = setTimeout(arrange, LOOK_AGAIN_MS);
      return;
    }
    for (const row of [...rows.children]) if (!kept.includes(row)) row.remove();
    put(rows, wanted);
  };

  const put = (rows: HTMLElement, wanted: readonly HTMLElement[]): void => {
    const { activeElement } = page;
    wanted.forEach((row, i) => {
      const there = rows.children[i] ?? null;
      if (there === row) return;
      const list: Movable = rows;
      if (list.moveBefore) list.moveBefore(row, there);
      else rows.insertBefore(row, there);
    });
    if (activeElement instanceof HTMLElement && activeElement !== page.activeElement && rows.contains(activeElement))
      activeElement.focus({ preventScroll: true });
  };

  for (const swapped of ["htmx:after:swap", "htmx:after:settle"]) page.addEventListener(swapped, arrange);
  page.addEventListener("keydown", (event) => {
    const { target } = event;
    if (!(target instanceof Element)) return;
    if (target.closest("#live-rows")) keyAt = performance.now();
    if (!target.closest("#board") || isTyping(target) || !readKept().letters) return;
    if (event.key.toUpperCase() !== "L" || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const top = page.querySelector<HTMLButtonElement>("#listen-top");
    if (!top) return;
    event.preventDefault();
    top.click();
  });
  page.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element && target.closest("#live-rows")) keyAt = performance.now();
  });
};
