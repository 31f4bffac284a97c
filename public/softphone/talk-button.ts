import { canTalk, type State, speaks } from "./machine.ts";
import { MIC_PROBLEMS } from "./mic-problem.ts";
import { make, setFace } from "./parts.ts";

/** What the talk button asks for. */
export interface TalkActions {
  /** It is held or was let go. */
  talk(on: boolean): void;
  /** It was pressed where it need not be held. */
  mute(): void;
  /** Another try for a microphone. */
  retry(): void;
}

/** Held to talk in whisper (by pointer, or Space on it), a mute switch in the wider modes, another try without a microphone. */
export class TalkButton {
  readonly element = make("button", { type: "button", class: "btn talk-button" });
  readonly #actions: TalkActions;
  #does: "hold" | "switch" | "retry" | null = null;
  #isHeld = false;

  constructor(actions: TalkActions) {
    this.#actions = actions;
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.#does !== "hold") return;
      try {
        element.setPointerCapture(event.pointerId);
      } catch {
        // A pointer that is gone already lets go at once.
      }
      this.#hold(true);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"])
      element.addEventListener(end, () => this.#hold(false));
    element.addEventListener("keydown", (event) => {
      if (event.code !== "Space" || this.#does !== "hold") return;
      event.preventDefault();
      if (!event.repeat) this.#hold(true);
    });
    element.addEventListener("keyup", (event) => {
      if (event.code !== "Space" || this.#does !== "hold") return;
      event.preventDefault();
      this.#hold(false);
    });
    // A long press on a touch screen is talking, not a question for a menu.
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("click", () => {
      if (this.#does === "switch") actions.mute();
      else if (this.#does === "retry") actions.retry();
    });
    addEventListener("blur", () => this.#hold(false));
  }

  #hold(on: boolean): void {
    if (this.#isHeld === on) return;
    this.#isHeld = on;
    this.#actions.talk(on);
  }

  draw(state: State): void {
    const { place, mic } = state;
    const { element } = this;
    const isShown = place.at === "in" && speaks(place.mode);
    element.hidden = !isShown;
    if (!isShown) {
      this.#does = null;
      this.#isHeld = false;
      return;
    }
    const isWhisper = place.mode === "whisper";
    this.#does = mic in MIC_PROBLEMS ? "retry" : isWhisper && state.hold ? "hold" : "switch";
    const isLive = mic === "live";
    element.toggleAttribute("data-live", isLive);
    element.toggleAttribute("data-held", this.#does === "hold");
    if (this.#does === "retry" || canTalk(state)) element.removeAttribute("aria-disabled");
    else element.setAttribute("aria-disabled", "true");
    setFace(element, isLive ? "mic" : "mic-off", this.#label(isWhisper, isLive));
  }

  #label(isWhisper: boolean, isLive: boolean): string {
    if (this.#does === "retry") return "Try the microphone";
    if (this.#does === "hold") return isLive ? "Talking" : "Hold to talk";
    if (isWhisper) return isLive ? "Stop talking" : "Talk";
    return isLive ? "Mute" : "Unmute";
  }
}
