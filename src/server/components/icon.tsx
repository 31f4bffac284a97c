/** Names in the icon sprite that pages use. */
export type IconName =
  | "headphones"
  | "phone"
  | "phone-off"
  | "play"
  | "pause"
  | "check"
  | "x"
  | "alert-triangle"
  | "clock"
  | "user"
  | "bot"
  | "list"
  | "home"
  | "settings"
  | "download"
  | "search"
  | "arrow-right"
  | "info"
  | "ear"
  | "users"
  | "hand"
  | "mic"
  | "bell"
  | "tag"
  | "message-square"
  | "smile"
  | "meh"
  | "frown"
  | "angry"
  | "logo";

/** One icon of the sprite; always beside words, so hidden from screen readers. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" aria-hidden="true">
    <use href={`/assets/icons.svg#${name}`} />
  </svg>
);
