import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromiumBin } from "../../scripts/paths.ts";
import { secondTry } from "./start-up.ts";
import { PATIENCE_MS } from "./until.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
];

/** Why no browser can be driven here, or null when one can. */
export const browserMissing = (): string | null =>
  chromiumBin() ? null : "Chromium is not installed: run `bun run verify` or `apt-get install chromium`";

/** A headless Chromium with a fake microphone, sound that needs no click, and UDP on loopback. */
export const launchBrowser = (extraFlags: readonly string[] = []): Promise<Browser> => {
  const executablePath = chromiumBin();
  if (!executablePath) throw new Error(browserMissing() ?? "");
  const args = [...FLAGS, ...extraFlags];
  return secondTry(() => chromium.launch({ executablePath, headless: true, args, timeout: PATIENCE_MS }));
};

/** A page that notes every complaint of the browser: errors, warnings, policy reports and uncaught exceptions. */
export const openPage = async (
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> => {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  return { page, complaints: watch(page) };
};

/** Notes the complaints of a page from now on. */
export const watch = (page: Page): string[] => {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return complaints;
};
