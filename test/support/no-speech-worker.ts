import type { SpeechReply, SpeechRequest } from "../../src/media/voices/speech-worker.ts";

// Answers as the speech thread does on a machine without the optional synthesiser.
declare const self: Worker;
self.onmessage = ({ data }: MessageEvent<SpeechRequest>) =>
  self.postMessage({ id: data.id, missing: true } satisfies SpeechReply);
