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

/** Asks the page to show a short message. */
export const toast = (text: string, level: "info" | "warn" | "error" = "info"): void => {
  document.dispatchEvent(new CustomEvent("od:toast", { detail: { text, level } }));
};
