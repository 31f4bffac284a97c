import type { TranscriberSettings, VoiceUsage } from "../engine/protocol.ts";

/** What a transcriber tells. Calls are plain and synchronous; times are ms of the frames given to `hear`. */
export interface TranscriberSink {
  /** Words of one utterance so far; `final` once nothing will be added. Empty final text is no utterance. */
  supervisorText(key: string, text: string, startMs: number, endMs: number, final: boolean): void;
  usage(usage: VoiceUsage): void;
  /** It cannot write any more; speech goes on unheard by it. */
  transcriberLost(detail: string): void;
}

/** Writes down what a supervisor says, on the media thread. It owns its socket and no timer. No method throws. */
export interface Transcriber {
  /** One 160-byte µ-law frame of the supervisor, without gaps in time. The bytes are only valid during the call. */
  hear(frame: Uint8Array): void;
  /** What was heard since the last end is a whole utterance: it is written down now. */
  utteranceEnded(): void;
  /** Words of ended utterances are still to come. */
  readonly owesWords: boolean;
  /** Every tick, 20 ms apart. */
  tick(nowMs: number): void;
  /** Ends it. May be called twice; tells nobody. */
  close(): void;
}

/** Makes a transcriber. */
export type OpenTranscriber = (settings: TranscriberSettings, sink: TranscriberSink) => Transcriber;
