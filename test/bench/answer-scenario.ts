import type { Certificate } from "./certificate.ts";
import { Child } from "./child.ts";
import { Distribution } from "./distribution.ts";
import type { Scenario } from "./figure.ts";
import { Load } from "./load.ts";
import { CONVERSATION } from "./script.ts";
import { withFolder } from "./temporary-folder.ts";

/** Openings are on their way to the playout for this long, in ms. */
const SETTLE_MS = 500;
/** From one answer to the next, in ms; no multiple of a frame, so that answers fall anywhere in it. */
const APART_MS = 27;

const answers = (
  entry: "host.ts" | "floor.ts",
  calls: number,
  certificate: Certificate | null,
): Promise<Distribution> =>
  withFolder(async (directory) => {
    const load = await Load.open(calls, CONVERSATION, certificate);
    const child = new Child(entry, certificate);
    const ms = new Distribution();
    try {
      const { carrierPorts, voiceUrl } = load;
      const { ports } = await child.ask({ type: "open", calls, voiceUrl, carrierPorts, directory });
      load.setTargets(ports);
      await child.ask({ type: "prepare" });
      await Bun.sleep(SETTLE_MS);
      for (const call of ports.keys()) {
        const askedAt = performance.now();
        const first = Promise.withResolvers<number>();
        load.carrier(call).onFirstFrame = (seen) => first.resolve(seen.firstAtMs);
        await child.ask({ type: "answer", calls: [call] });
        ms.push((await first.promise) - askedAt);
        await Bun.sleep(APART_MS);
      }
      return ms;
    } finally {
      await child.end();
      await load.close();
    }
  });

/** Calls answered one after another, each with its opening waiting: from the word to answer to the first agent packet. */
export const answerScenario: Scenario = async (calls, seconds, certificate) => {
  const floor = await answers("floor.ts", calls, certificate);
  const host = await answers("host.ts", calls, certificate);
  const at = (q: number) => ({ value: host.quantile(q), floor: floor.quantile(q) });
  return {
    scenario: "answer",
    calls,
    seconds,
    figures: [
      { name: "answer → first agent packet p50", unit: "ms", ...at(0.5), budget: { value: 10 } },
      { name: "answer → first agent packet p99", unit: "ms", ...at(0.99), budget: { value: 10 } },
    ],
  };
};
