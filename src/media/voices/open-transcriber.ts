import type { TranscriberSettings } from "../engine/protocol.ts";
import { openAiTranscriber } from "./openai-transcriber.ts";
import { scriptedTranscriber } from "./scripted-transcriber.ts";
import type { Transcriber, TranscriberSink } from "./transcriber.ts";

/** Opens the transcriber that the settings ask for; `nowMs` is the engine's monotonic clock. */
export const openTranscriber = (
  settings: TranscriberSettings,
  sink: TranscriberSink,
  deps: { nowMs: () => number },
): Transcriber =>
  settings.kind === "openai" ? openAiTranscriber(settings, sink, deps) : scriptedTranscriber(settings, sink);
