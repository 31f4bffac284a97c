import type { types } from "mediasoup";
import type { Heard, Joined, Party } from "./messages.ts";
import type { Room } from "./rooms.ts";

/** A supervisor as the server knows them when the socket opens. */
export interface SupervisorActor {
  tenantId: string;
  userId: string;
  /** Shown to the other supervisors of the same call. */
  name: string;
}

/**
 * A listener's place in a room: a transport that only sends to the browser, and a consumer for each party. There is no
 * transport for the other way, so a listener cannot be heard. The place outlives its socket and its room for a while.
 */
export class Seat {
  readonly id: string;
  readonly actor: SupervisorActor;
  readonly callId: string;
  /** Whether `joined` was told, so that `left` must be. */
  announced = false;
  #transport: types.WebRtcTransport | null = null;
  #consumers: types.Consumer[] = [];
  #producers: Readonly<Record<Party, types.Producer>> | null = null;

  constructor(options: { id: string; actor: SupervisorActor; callId: string }) {
    this.id = options.id;
    this.actor = options.actor;
    this.callId = options.callId;
  }

  /** Makes the way to the browser, in place of an older one. */
  async enter(room: Room, who: string): Promise<Joined> {
    this.empty();
    const transport = await room.router.createWebRtcTransport({
      webRtcServer: room.webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
    });
    this.#transport = transport;
    this.#producers = room.producers;
    transport.observer.once("close", () => {
      if (this.#transport === transport) this.empty();
    });
    return {
      seatId: this.id,
      who,
      routerRtpCapabilities: room.router.rtpCapabilities,
      transport: {
        id: transport.id,
        iceParameters: transport.iceParameters,
        iceCandidates: transport.iceCandidates,
        dtlsParameters: transport.dtlsParameters,
      },
    };
  }

  /** Whether there is a way to the browser; false after the worker died or before `enter`. */
  get isOpen(): boolean {
    return this.#transport !== null;
  }

  async connect(dtlsParameters: types.DtlsParameters): Promise<void> {
    await this.#transport?.connect({ dtlsParameters });
  }

  /** Both parties as paused consumers. Throws when the browser cannot play what the room has. */
  async consume(rtpCapabilities: types.RtpCapabilities): Promise<Heard[]> {
    const heard: Heard[] = [];
    for (const party of ["callee", "agent"] as const) {
      const producerId = this.#producers?.[party].id;
      const consumer = producerId && (await this.#transport?.consume({ producerId, rtpCapabilities, paused: true }));
      if (!consumer) continue;
      this.#consumers.push(consumer);
      const { id, kind, rtpParameters } = consumer;
      heard.push({ party, id, producerId, kind, rtpParameters });
    }
    return heard;
  }

  async resume(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.resume()));
  }

  /** New ICE credentials on the same transport; null when there is none. */
  async restartIce(): Promise<types.IceParameters | null> {
    return (await this.#transport?.restartIce()) ?? null;
  }

  /** Closes the way to the browser; the place stays. May be called twice. */
  empty(): void {
    const transport = this.#transport;
    this.#transport = null;
    this.#producers = null;
    this.#consumers = [];
    transport?.close();
  }
}
