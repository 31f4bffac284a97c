import { chromiumBin } from "../paths.ts";
import { installPackages, versionOf } from "./debian.ts";
import type { SetupStep } from "./step.ts";

/** The browser of the page and listening tests. Any installed Chromium or Chrome will do; `CHROMIUM_BIN` names another. */
export const chromiumStep: SetupStep = {
  name: "chromium",
  purpose: "the browser of the page and listening tests",
  present: async () => {
    const bin = chromiumBin();
    return bin === undefined ? undefined : await versionOf([bin, "--version"]);
  },
  // Without a font that has Latin letters, screenshots show boxes.
  provide: (say) => installPackages(["chromium", "fonts-liberation"], "driving a browser", say),
};
