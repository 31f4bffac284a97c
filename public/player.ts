import { spanText } from "./softphone/span-text.ts";

const audioOf = (player: Element | null): HTMLAudioElement | null => player?.querySelector("audio") ?? null;

/**
 * Wires recording players, now and later on the page: `.player[data-player]` holds an `<audio>`, a `[data-toggle]`
 * button, a `.track` with an `input[type=range]` in seconds and a `[data-now]`. Buttons with `data-t` (seconds) anywhere on
 * the page jump there; the one being heard carries `aria-current`.
 */
export const watchPlayer = (page: Document): void => {
  page.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    const toggle = target.closest("[data-toggle]")?.closest("[data-player]");
    const turn = target.closest<HTMLElement>("[data-t]");
    const audio = audioOf(toggle ?? (turn ? page.querySelector("[data-player]") : null));
    if (!audio) return;
    if (turn) audio.currentTime = Number(turn.dataset.t);
    if (turn || audio.paused) audio.play().catch(() => {});
    else audio.pause();
  });

  page.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || target.type !== "range") return;
    const audio = audioOf(target.closest("[data-player]"));
    if (audio) audio.currentTime = Number(target.value);
  });

  // Media events do not bubble; they can be caught on the way down.
  for (const name of ["play", "pause", "ended", "timeupdate", "seeked", "loadedmetadata"])
    page.addEventListener(name, ({ target }) => target instanceof HTMLAudioElement && draw(page, target), true);
};

const draw = (page: Document, audio: HTMLAudioElement): void => {
  const player = audio.closest<HTMLElement>("[data-player]");
  if (!player) return;
  player.toggleAttribute("data-playing", !audio.paused);
  player.querySelector("[data-toggle]")?.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
  const share = audio.duration > 0 ? audio.currentTime / audio.duration : 0;
  player.querySelector<HTMLElement>(".track")?.style.setProperty("--played", `${(share * 100).toFixed(2)}%`);
  const range = player.querySelector<HTMLInputElement>("input[type=range]");
  if (range) {
    range.value = String(audio.currentTime);
    range.setAttribute("aria-valuetext", spanText(audio.currentTime * 1000));
  }
  const now = player.querySelector("[data-now]");
  if (now) now.textContent = spanText(audio.currentTime * 1000);
  // Nothing is marked before the first press.
  if (audio.played.length > 0) markTurn(page, audio.currentTime);
};

/** The last turn that began before this moment is the one being heard. */
const markTurn = (page: Document, atSeconds: number): void => {
  let heard: HTMLElement | null = null;
  const turns = page.querySelectorAll<HTMLElement>("[data-t]");
  for (const turn of turns) if (Number(turn.dataset.t) <= atSeconds + 0.05) heard = turn;
  for (const turn of turns) {
    if (turn === heard) turn.setAttribute("aria-current", "true");
    else turn.removeAttribute("aria-current");
  }
};
