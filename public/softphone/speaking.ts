import type { types } from "mediasoup-client";
import type { Signal } from "./signal.ts";

/** What was sent so far. */
export interface Sent {
  codec: string;
  clockRate: number;
  bytes: number;
  packets: number;
}

/** The way from this browser's microphone to the call: made with the first speaking mode, gone with the last. */
export class Speaking {
  readonly #signal: Signal;
  readonly #device: types.Device;
  readonly #failed: () => void;
  #transport: types.Transport | null = null;
  #producer: types.Producer | null = null;

  /** @param options.failed told when the way broke by itself */
  constructor(options: { signal: Signal; device: types.Device; failed: () => void }) {
    this.#signal = options.signal;
    this.#device = options.device;
    this.#failed = options.failed;
  }

  /** The transport, while there is one. */
  get transport(): types.Transport | null {
    return this.#transport;
  }

  /** Sends this track; its `enabled` decides what is heard, here nothing is ever paused. */
  async send(track: MediaStreamTrack): Promise<void> {
    if (this.#producer && !this.#producer.closed) return await this.#producer.replaceTrack({ track });
    this.close();
    const { transport: offer } = await this.#signal.request("open-microphone", {});
    const transport = this.#device.createSendTransport(offer);
    this.#transport = transport;
    transport.on("connect", ({ dtlsParameters }, connected, failed) => {
      this.#signal.request("connect", { way: "speak", dtlsParameters }).then(() => connected(), failed);
    });
    transport.on("produce", ({ rtpParameters }, made, failed) => {
      this.#signal.request("produce", { rtpParameters }).then(({ producerId }) => made({ id: producerId }), failed);
    });
    transport.on("connectionstatechange", (state) => {
      if (state === "failed" && this.#transport === transport) this.#failed();
    });
    const codec = this.#device.rtpCapabilities.codecs?.find(({ mimeType }) => mimeType.toLowerCase() === "audio/pcmu");
    const producer = await transport.produce({
      track,
      ...(codec ? { codec } : {}),
      stopTracks: false,
      disableTrackOnPause: false,
      zeroRtpOnPause: false,
    });
    if (this.#transport === transport) this.#producer = producer;
  }

  /** Ends it. */
  close(): void {
    const transport = this.#transport;
    this.#transport = null;
    this.#producer = null;
    transport?.close();
  }

  /** What was sent so far; null while nothing is. */
  async stats(): Promise<Sent | null> {
    const report = await this.#producer?.rtpSender?.getStats();
    for (const entry of report?.values() ?? []) {
      if (entry.type !== "outbound-rtp") continue;
      const codec = report?.get(entry.codecId ?? "");
      return {
        codec: codec?.mimeType ?? "",
        clockRate: codec?.clockRate ?? 0,
        bytes: entry.bytesSent ?? 0,
        packets: entry.packetsSent ?? 0,
      };
    }
    return null;
  }
}
