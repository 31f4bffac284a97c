import type { Mode } from "./machine.ts";
import { MODES } from "./words.ts";

/** What the keyboard can ask of the phone. */
export interface KeyActions {
  toDock(): void;
  ask(mode: Mode): void;
  mute(): void;
  giveBack(): void;
  notes(): void;
  keypad(): void;
  help(): void;
  /** Whether single letters are wanted. */
  letters(): boolean;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest("input:not([type=checkbox], [type=range]), textarea, select, dialog") !== null;

/**
 * The keys of the phone: one combination for the whole page, single letters only while the keyboard is in the dock and
 * not in a field (WCAG 2.1.4). Ending a call has none.
 */
export const watchKeys = (host: HTMLElement, actions: KeyActions): void => {
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.altKey || event.shiftKey || event.metaKey || event.code !== "Backquote") return;
    event.preventDefault();
    actions.toDock();
  });
  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
    if (isTyping(event.target) || !actions.letters()) return;
    const does = actionOf(event.key, actions);
    if (!does) return;
    event.preventDefault();
    does();
  });
};

const actionOf = (key: string, actions: KeyActions): (() => void) | null => {
  const letter = key.toUpperCase();
  const mode = MODES.find((words) => words.key === letter)?.mode;
  if (mode) return () => actions.ask(mode);
  switch (letter) {
    case "M":
      return () => actions.mute();
    case "G":
      return () => actions.giveBack();
    case "N":
      return () => actions.notes();
    case "K":
      return () => actions.keypad();
    case "?":
      return () => actions.help();
    default:
      return null;
  }
};
