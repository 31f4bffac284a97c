import { make } from "./parts.ts";
import { MODES } from "./words.ts";

interface Choice<Value extends string> {
  value: Value;
  label: string;
  look: string;
}

/** Asks one question; null when the user wants none of it. What goes on behind it goes on. */
const choose = <Value extends string>(
  host: HTMLElement,
  question: { title: string; content: (Node | string)[]; choices: readonly Choice<Value>[]; stay: string },
): Promise<Value | null> =>
  new Promise((answered) => {
    const dialog = make(
      "dialog",
      { class: "dialog", "aria-labelledby": "phone-question" },
      make(
        "form",
        { method: "dialog" },
        make("h2", { id: "phone-question" }, question.title),
        ...question.content,
        make(
          "div",
          { class: "dialog-end" },
          make("button", { class: "btn", value: "" }, question.stay),
          ...question.choices.map(({ value, label, look }) => make("button", { class: `btn ${look}`, value }, label)),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      const { returnValue } = dialog;
      dialog.remove();
      answered(question.choices.find(({ value }) => value === returnValue)?.value ?? null);
    });
    host.append(dialog);
    dialog.showModal();
  });

/** Asks once before a call is ended for everybody, and how where the AI can say goodbye; null ends nothing. */
export const askEndCall = (
  host: HTMLElement,
  { who, canPart }: { who: string; canPart: boolean },
): Promise<"now" | "politely" | null> =>
  choose<"now" | "politely">(host, {
    title: `End the call with ${who}?`,
    content: [
      make("p", {}, "Everybody is cut off: the caller, the AI and all who listen."),
      ...(canPart ? [make("p", {}, "The AI can say goodbye first. You can still end the call at once.")] : []),
    ],
    choices: [
      ...(canPart ? [{ value: "politely", label: "Say goodbye, then end", look: "primary" } as const] : []),
      { value: "now", label: canPart ? "End now" : "End call", look: "danger" },
    ],
    stay: "Cancel",
  });

/** Asks whoever leaves a call they have taken over what becomes of it. */
export const askLeave = (host: HTMLElement, who: string): Promise<"give-back" | "end" | null> =>
  choose(host, {
    title: `You speak with ${who}. What happens when you leave?`,
    content: [make("p", {}, "The AI is silent. It goes on where you stop, or the call ends.")],
    choices: [
      { value: "end", label: "End call", look: "danger" },
      { value: "give-back", label: "Give back to the AI", look: "primary" },
    ],
    stay: "Stay",
  });

/** Asks what the AI should know when it goes on; null when it should not go on yet. */
export const askGiveBack = async (host: HTMLElement, most: number): Promise<string | null> => {
  const note = make("textarea", {
    id: "phone-give-back",
    rows: "3",
    maxlength: String(most),
    placeholder: "For example: they agreed to Thursday at two.",
  });
  // Enter gives back, as the button does; a longer note breaks its lines with Shift.
  note.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    note.form?.querySelector<HTMLButtonElement>("button[value=give]")?.click();
  });
  const given = choose(host, {
    title: "Give the call back to the AI",
    content: [
      make("p", {}, "It has heard what was said and goes on without greeting again."),
      make("div", { class: "field" }, make("label", { for: note.id }, "What should it know? (optional)"), note),
    ],
    choices: [{ value: "give", label: "Give back to the AI", look: "primary" }],
    stay: "Not yet",
  });
  note.focus();
  return (await given) === "give" ? note.value.trim() : null;
};

const KEYS: readonly (readonly [string, string])[] = [
  ["Ctrl + `", "To the dock, from anywhere"],
  ...MODES.map(({ key, label }) => [key, label] as const),
  ["M", "Mute or unmute"],
  ["Space", "Talk, held on the talk button"],
  ["G", "Give back to the AI"],
  ["N", "Notes"],
  ["K", "Keypad"],
  ["?", "This list"],
];

/** Shows what the keys do. */
export const showKeys = async (host: HTMLElement): Promise<void> => {
  await choose(host, {
    title: "Keys",
    content: [
      make("p", {}, "Letters work while the keyboard is in the dock and not in a field."),
      make(
        "dl",
        { class: "facts keys" },
        ...KEYS.flatMap(([key, does]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)]),
      ),
    ],
    choices: [],
    stay: "Close",
  });
};
