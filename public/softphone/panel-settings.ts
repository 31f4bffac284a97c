import type { DeviceList, DeviceName } from "./devices.ts";
import type { Kept } from "./kept.ts";
import { make } from "./parts.ts";

/** What the user can set. */
export interface SettingActions {
  set(changes: Partial<Kept>): void;
  showKeys(): void;
}

/** Devices, loudness and habits of this browser's user. */
export class PanelSettings {
  readonly element: HTMLElement;
  readonly #set: SettingActions["set"];
  readonly #microphone = make("select", { id: "phone-microphone" });
  readonly #speaker = make("select", { id: "phone-speaker" });
  readonly #speakerField = make("div", { class: "field" }, make("label", { for: "phone-speaker" }, "Speaker"));

  constructor(kept: Kept, actions: SettingActions) {
    this.#set = (changes) => actions.set(changes);
    this.#microphone.addEventListener("change", () => this.#set({ microphone: this.#microphone.value }));
    this.#speaker.addEventListener("change", () => this.#set({ speaker: this.#speaker.value }));
    this.#speakerField.append(this.#speaker);
    const keys = make("button", { type: "button", class: "btn small" }, "List of keys");
    keys.addEventListener("click", () => actions.showKeys());
    this.element = make(
      "section",
      { class: "panel-settings" },
      make("h2", {}, "Sound and keys"),
      make("div", { class: "field" }, make("label", { for: this.#microphone.id }, "Microphone"), this.#microphone),
      this.#speakerField,
      this.#volume("phone-callee-volume", "Loudness of the caller", kept.calleeVolume, "calleeVolume"),
      this.#volume("phone-agent-volume", "Loudness of the AI", kept.agentVolume, "agentVolume"),
      this.#switch("phone-hold", "Hold the button to talk (off: press once to begin, once to end)", kept.hold, "hold"),
      this.#switch("phone-letters", "Single letters as shortcuts", kept.letters, "letters"),
      ...("Notification" in window
        ? [this.#switch("phone-notify", "Notify me outside of this page when a call needs help", kept.notify, "notify")]
        : []),
      make("div", {}, keys),
    );
  }

  #switch(id: string, label: string, on: boolean, name: "hold" | "letters" | "notify"): HTMLElement {
    const box = make("input", { type: "checkbox", id });
    box.checked = on;
    box.addEventListener("change", () => this.#set({ [name]: box.checked }));
    return make("label", { class: "checkbox", for: id }, box, label);
  }

  #volume(id: string, label: string, value: number, name: "calleeVolume" | "agentVolume"): HTMLElement {
    const range = make("input", { type: "range", id, min: "0", max: "1", step: "0.05", value: String(value) });
    range.addEventListener("input", () => this.#set({ [name]: range.valueAsNumber }));
    return make("div", { class: "field" }, make("label", { for: id }, label), range);
  }

  /** Shows the devices of now, the chosen ones selected; a chosen one that is away shows as the system's choice. */
  drawDevices({ microphones, speakers }: DeviceList, { microphone, speaker }: Kept): void {
    fill(this.#microphone, microphones, microphone);
    this.#speakerField.hidden = speakers.length === 0;
    fill(this.#speaker, speakers, speaker);
  }
}

const fill = (select: HTMLSelectElement, names: readonly DeviceName[], chosen: string): void => {
  select.replaceChildren(...names.map(({ id, label }) => make("option", { value: id }, label)));
  select.value = names.some(({ id }) => id === chosen) ? chosen : "";
};
