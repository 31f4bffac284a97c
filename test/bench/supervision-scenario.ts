import { FRAME_MS } from "../../src/media/audio/frame.ts";
import { Child } from "./child.ts";
import type { Lateness } from "./child-protocol.ts";
import { Distribution } from "./distribution.ts";
import type { Scenario } from "./figure.ts";
import { Load } from "./load.ts";
import { CONVERSATION } from "./script.ts";
import { speechFrames } from "./sound.ts";
import { letSpeak, SpeakerEnd } from "./speaker-end.ts";
import { withFolder } from "./temporary-folder.ts";

const LISTENERS = 50;
const FIRST_SSRC = 0x5000_0000;
const SPEECH_FRAMES = 200;
const WARM_UP_MS = 4000;
/** How long a supervisor is on the line in silence, speaks in the agent's place, and speaks beside it. */
const SILENT_MS = 700;
const TAKEOVER_MS = 1000;
const BARGE_MS = 1000;
/** An agent that was heard so shortly before a takeover was speaking. */
const SPEAKING_MS = 2 * FRAME_MS + 5;
/** By then every frame that was on its way has come. */
const SETTLE_MS = 100;

/** Share of frames that were late between two counts, in percent. */
const lateShare = (from: Lateness, to: Lateness): number =>
  (100 * (to.lateFrames - from.lateFrames)) / Math.max(1, to.framesSent - from.framesSent);

/**
 * Every call is supervised: somebody joins it, takes it over, speaks beside the agent and leaves, again and again; one
 * call has fifty listeners. The floor of late frames is the same calls just before, with nobody on them.
 */
export const supervisionScenario: Scenario = (calls, seconds, certificate) =>
  withFolder(async (directory) => {
    const load = await Load.open(calls, CONVERSATION, certificate);
    const child = new Child("host.ts", certificate);
    const microphones = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0, socket: { error() {} } });
    let heard = 0;
    const room = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: () => void heard++, error() {} },
    });
    const latencyMs = new Distribution();
    const silenceMs = new Distribution();
    const confirmMs = new Distribution();
    try {
      const { carrierPorts, voiceUrl } = load;
      const { ports, supervisorPort } = await child.ask({ type: "open", calls, voiceUrl, carrierPorts, directory });
      load.setTargets(ports);
      await child.ask({ type: "prepare" });
      const all = ports.map((_, i) => i);
      await child.ask({ type: "answer", calls: all });
      load.join(all);
      load.start();
      await Bun.sleep(WARM_UP_MS);

      const before = await child.ask({ type: "late" });
      await Bun.sleep((seconds * 1000) / 2);
      const alone = await child.ask({ type: "late" });

      const speech = speechFrames(SPEECH_FRAMES);
      const speakers = all.map((i) => new SpeakerEnd(FIRST_SSRC + i, speech));
      const stop = letSpeak(speakers, microphones, supervisorPort);
      await child.ask({ type: "listen", call: 0, listeners: LISTENERS, port: room.port });
      const endMs = performance.now() + (seconds * 1000) / 2;
      const supervised = async (call: number): Promise<void> => {
        const carrier = load.carrier(call);
        const speaker = speakers[call]!;
        const { ssrc } = speaker;
        carrier.onSupervisor = (stamp, nowMs) => latencyMs.push(speaker.age(stamp, nowMs));
        await Bun.sleep((call * SILENT_MS) / calls);
        while (performance.now() < endMs) {
          carrier.isMixed = speaker.isOn = false;
          await child.ask({ type: "supervise", call, mode: "barge", ssrc });
          await Bun.sleep(SILENT_MS);
          const askedMs = performance.now();
          const wasSpeaking = askedMs - carrier.agentAtMs < SPEAKING_MS;
          speaker.isOn = true;
          await child.ask({ type: "supervise", call, mode: "takeover", ssrc });
          confirmMs.push(performance.now() - askedMs);
          await Bun.sleep(TAKEOVER_MS);
          if (wasSpeaking) silenceMs.push(Math.max(0, carrier.agentAtMs - askedMs));
          carrier.isMixed = true;
          await child.ask({ type: "supervise", call, mode: "barge", ssrc });
          await Bun.sleep(BARGE_MS);
          await child.ask({ type: "supervise", call, mode: "listen", ssrc: null });
          await Bun.sleep(SETTLE_MS);
        }
      };
      await Promise.all(all.map(supervised));
      const after = await child.ask({ type: "late" });
      stop();
      load.stop();
      await child.ask({ type: "close" });
      return {
        scenario: "supervision",
        calls,
        seconds,
        figures: [
          {
            name: "speaker → callee p50",
            unit: "ms",
            value: latencyMs.quantile(0.5),
            floor: null,
            budget: { value: 40 },
          },
          {
            name: "speaker → callee p99",
            unit: "ms",
            value: latencyMs.quantile(0.99),
            floor: null,
            budget: { value: 60 },
          },
          {
            name: "takeovers of a speaking agent",
            unit: "",
            value: silenceMs.count,
            floor: null,
            budget: { above: 1 },
          },
          { name: "takeover → last agent frame p50", unit: "ms", value: silenceMs.quantile(0.5), floor: null },
          {
            name: "takeover → last agent frame, worst",
            unit: "ms",
            value: silenceMs.quantile(1),
            floor: null,
            budget: { value: 40 },
          },
          { name: "mode asked → in force p99", unit: "ms", value: confirmMs.quantile(0.99), floor: null },
          {
            name: "frames over 5 ms late by the host's own count",
            unit: "%",
            value: lateShare(alone, after),
            floor: lateShare(before, alone),
            budget: { value: 0.5 },
          },
          { name: "packets to listeners", unit: "", value: heard, floor: null, budget: { above: 1 } },
        ],
      };
    } finally {
      await child.end();
      await load.close();
      microphones.close();
      room.close();
    }
  });
