import { RtpLeg, type RtpPorts } from "../carriers/asterisk/leg.ts";
import { scriptedLeg } from "../carriers/scripted/leg.ts";
import { openTranscriber } from "../voices/open-transcriber.ts";
import { openAiRealtimeVoice } from "../voices/openai-realtime.ts";
import { scriptedVoice } from "../voices/scripted.ts";
import type { OpenTranscriber } from "../voices/transcriber.ts";
import type { OpenLeg, OpenVoice } from "./engine.ts";

/** Every kind of leg, voice and transcriber the engine can open, on these ports and this clock. */
export const realEnds = (deps: {
  host: string;
  ports: RtpPorts;
  nowMs: () => number;
}): { openLeg: OpenLeg; openVoice: OpenVoice; openTranscriber: OpenTranscriber } => ({
  openLeg: async (settings, sink) =>
    settings.kind === "rtp" ? await RtpLeg.open({ ...deps, sink, ssrc: settings.ssrc }) : scriptedLeg(settings, sink),
  openVoice: (settings, sink) =>
    settings.kind === "openai-realtime" ? openAiRealtimeVoice(settings, sink, deps) : scriptedVoice(settings, sink),
  openTranscriber: (settings, sink) => openTranscriber(settings, sink, deps),
});
