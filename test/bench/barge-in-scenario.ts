import { FRAME_MS } from "../../src/media/audio/frame.ts";
import { BARGE_IN_DEFAULTS } from "../../src/media/audio/turn-taking.ts";
import { Child } from "./child.ts";
import { Distribution } from "./distribution.ts";
import type { Scenario } from "./figure.ts";
import { Load } from "./load.ts";
import { INTERRUPTIONS } from "./script.ts";
import { withFolder } from "./temporary-folder.ts";

/** The first cycle holds the opening, which is not so easily cut. */
const FIRST_CYCLE_MS = INTERRUPTIONS.cycleFrames * FRAME_MS;
/** The rule decides on this many frames of voice; the last of them comes so long after the first, in ms. */
const RULE_MS = BARGE_IN_DEFAULTS.confirmMs - FRAME_MS;

/** Callees who talk over the agent in every answer. The floor is the time the rule itself needs. */
export const bargeInScenario: Scenario = (calls, seconds, certificate) =>
  withFolder(async (directory) => {
    const load = await Load.open(calls, INTERRUPTIONS, certificate);
    const child = new Child("host.ts", certificate);
    try {
      const { carrierPorts, voiceUrl } = load;
      const { ports } = await child.ask({ type: "open", calls, voiceUrl, carrierPorts, directory });
      load.setTargets(ports);
      await child.ask({ type: "prepare" });
      const all = ports.map((_, i) => i);
      await child.ask({ type: "answer", calls: all });
      load.join(all);
      load.start();
      await Bun.sleep(FIRST_CYCLE_MS);
      load.isMeasuring = true;
      await Bun.sleep(Math.max(seconds * 1000, FIRST_CYCLE_MS + 500));
      load.isMeasuring = false;
      load.stop();
      await child.ask({ type: "close" });
    } finally {
      await child.end();
      await load.close();
    }
    const decision = new Distribution();
    const last = new Distribution();
    const after = new Distribution();
    for (const seen of load.bargeIns) {
      decision.push(seen.decisionMs);
      last.push(seen.lastFrameMs);
      after.push(seen.framesAfter);
    }
    return {
      scenario: "bargein",
      calls,
      seconds,
      figures: [
        { name: "barge-ins seen", unit: "", value: last.count, floor: null, budget: { above: 1 } },
        { name: "first voiced frame → decision p50", unit: "ms", value: decision.quantile(0.5), floor: RULE_MS },
        { name: "first voiced frame → decision p99", unit: "ms", value: decision.quantile(0.99), floor: RULE_MS },
        { name: "first voiced frame → last agent frame p50", unit: "ms", value: last.quantile(0.5), floor: RULE_MS },
        { name: "first voiced frame → last agent frame p99", unit: "ms", value: last.quantile(0.99), floor: RULE_MS },
        {
          name: "frames sent after the decision, worst",
          unit: "",
          value: after.quantile(1),
          floor: 0,
          budget: { value: 1 },
        },
        {
          name: "frames told as heard but not sent, worst",
          unit: "",
          value: -after.quantile(0),
          floor: 0,
          budget: { value: 1 },
        },
      ],
    };
  });
