const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children, made without parsing any text as markup. */
export const make = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] => {
  const element = document.createElement(tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]!);
  element.append(...children);
  return element;
};

/** An icon of the sprite; hidden from screen readers, so a word must stand beside it or on its button. */
export const icon = (name: string): SVGSVGElement => {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/assets/icons.svg#${name}`);
  svg.append(use);
  return svg;
};

/** A button of this look (`primary`, `danger`, `quiet`, `small`) with an icon and a word. */
export const button = (look: string, symbol: string, label: string, press: () => void): HTMLButtonElement => {
  const element = make("button", { type: "button", class: `btn ${look}`.trim() }, icon(symbol), label);
  element.addEventListener("click", press);
  return element;
};

/** Writes only what changed, so that screen readers and selections are left alone. */
export const setText = (element: HTMLElement, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/** Draws an icon and a word, only when one of them changed. */
export const setFace = (element: HTMLElement, symbol: string, ...label: (Node | string)[]): void => {
  const face = `${symbol} ${label.map((part) => (typeof part === "string" ? part : part.textContent)).join("")}`;
  if (element.dataset.face === face) return;
  element.dataset.face = face;
  element.replaceChildren(icon(symbol), ...label);
};

/** Asks the page to show a short message. */
export const toast = (text: string, level: "info" | "warn" | "error" = "info"): void => {
  document.dispatchEvent(new CustomEvent("od:toast", { detail: { text, level } }));
};
