import type { Schedule } from "../core/clock.ts";
import type { Config } from "../core/config.ts";
import type { Log } from "../core/log.ts";
import { asteriskControl } from "../media/carriers/asterisk/control.ts";
import type { CarrierControl, CarrierListener } from "../media/carriers/control.ts";
import { scriptedControl } from "../media/carriers/scripted/control.ts";
import { DEMO_SEED, type Speak } from "./voice-choice.ts";

/** Opens the carrier that the configuration wants; it is not started. `schedule` is that of the scripted network. */
export const openCarrier = (deps: {
  config: Config;
  log: Log;
  schedule: Schedule;
  speak: Speak;
  onEvent: CarrierListener;
}): CarrierControl => {
  const { config, log, schedule, speak, onEvent } = deps;
  if (config.carrier === "asterisk" && config.ari) {
    const ports = config.rtpPorts.to - config.rtpPorts.from + 1;
    return asteriskControl({ ari: config.ari, callCapacity: Math.min(config.maxConcurrentCalls, ports), log, onEvent });
  }
  return scriptedControl({
    seed: DEMO_SEED,
    speak,
    schedule,
    log,
    onEvent,
    maxCalls: config.maxConcurrentCalls,
  });
};
