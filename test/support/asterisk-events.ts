import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repoDir } from "../../scripts/paths.ts";
import { type AriEvent, parseAriEvent } from "../../src/media/carriers/asterisk/events.ts";

/** Events of the callee's channel of real calls, by what happened; see `test/fixtures/asterisk-events.txt`. */
export const recordedEvents = (channelId = "callee"): Map<string, AriEvent[]> => {
  const calls = new Map<string, AriEvent[]>();
  let events: AriEvent[] = [];
  for (const line of readFileSync(join(repoDir, "test/fixtures/asterisk-events.txt"), "utf8").split("\n")) {
    const title = /^\[(.+)\]$/.exec(line)?.[1];
    if (title !== undefined) {
      events = [];
      calls.set(title, events);
    } else if (line !== "" && !line.startsWith("#")) events.push(eventOf(line.split(" "), channelId));
  }
  return calls;
};

const eventOf = ([kind = "", state = "", ...rest]: string[], id: string): AriEvent => {
  const channel = { id, state };
  const event = parseAriEvent(
    kind === "Dial"
      ? { type: kind, peer: channel, dialstatus: rest[0] ?? "" }
      : { type: kind.startsWith("Stasis") ? kind : `Channel${kind}`, channel, ...causesOf(rest) },
  );
  if (!event) throw new Error(`a recording has an event that nobody reads: ${kind}`);
  return event;
};

const causesOf = (words: string[]): Record<string, unknown> => {
  const sip = words.find((word) => word.startsWith("sip="));
  return {
    ...(words[0] !== undefined && words[0] !== "-" ? { cause: Number(words[0]) } : {}),
    ...(sip ? { tech_cause: Number(sip.slice(4)) } : {}),
    ...(words.includes("soft") ? { soft: true } : {}),
  };
};
