import type { types } from "mediasoup";
import type { Schedule } from "../../core/clock.ts";
import type { Heard, TransportOffer } from "./messages.ts";
import { browserTransport, Microphone, offerOf } from "./microphone.ts";
import type { Room } from "./rooms.ts";

/** A supervisor as the server knows them when the socket opens. */
export interface SupervisorActor {
  tenantId: string;
  userId: string;
  /** Shown to the other supervisors of the same call. */
  name: string;
  /** What they may do follows from these. */
  roles: readonly string[];
}

/** Another supervisor as this place hears him. */
interface Overheard {
  producerId: string;
  consumer: types.Consumer;
}

/**
 * A supervisor's place in a room: a transport that only sends to the browser, with a consumer for each party, and a
 * microphone from the moment one is opened. Without one this place cannot be heard. It outlives its socket and its room
 * for a while.
 */
export class Seat {
  readonly id: string;
  readonly actor: SupervisorActor;
  readonly callId: string;
  /** Whether `joined` was told, so that `left` must be. */
  announced = false;
  readonly #microphoneLost: () => void;
  readonly #schedule: Schedule;
  #room: Room | null = null;
  #transport: types.WebRtcTransport | null = null;
  #consumers: types.Consumer[] = [];
  #capabilities: types.RtpCapabilities | null = null;
  #overheard: Overheard | null = null;
  #microphone: Microphone | null = null;

  /** @param options.microphoneLost told when the way from the microphone is lost, also by `empty` and `closeMicrophone` */
  constructor(options: {
    id: string;
    actor: SupervisorActor;
    callId: string;
    schedule: Schedule;
    microphoneLost: (seat: Seat) => void;
  }) {
    this.id = options.id;
    this.actor = options.actor;
    this.callId = options.callId;
    this.#schedule = options.schedule;
    this.#microphoneLost = () => options.microphoneLost(this);
  }

  /** Makes the way to the browser, in place of an older one. */
  async enter(room: Room): Promise<TransportOffer> {
    this.empty();
    const transport = await browserTransport(room);
    this.#transport = transport;
    this.#room = room;
    transport.observer.once("close", () => {
      if (this.#transport === transport) this.empty();
    });
    return offerOf(transport);
  }

  /** Whether there is a way to the browser; false after the worker died or before `enter`. */
  get isOpen(): boolean {
    return this.#transport !== null;
  }

  /** The way from the microphone; null while none is open. */
  get microphone(): Microphone | null {
    return this.#microphone;
  }

  async connect(dtlsParameters: types.DtlsParameters): Promise<void> {
    await this.#transport?.connect({ dtlsParameters });
  }

  /** Both parties as paused consumers, in place of earlier ones. Throws when the browser cannot play what the room has. */
  async consume(rtpCapabilities: types.RtpCapabilities): Promise<Heard[]> {
    for (const consumer of this.#consumers.splice(0)) consumer.close();
    const heard: Heard[] = [];
    for (const party of ["callee", "agent"] as const) {
      const producerId = this.#room?.producers[party].id;
      const consumer = producerId && (await this.#transport?.consume({ producerId, rtpCapabilities, paused: true }));
      if (!consumer) continue;
      this.#consumers.push(consumer);
      const { id, kind, rtpParameters } = consumer;
      heard.push({ party, id, producerId, kind, rtpParameters });
    }
    this.#capabilities = rtpCapabilities;
    return heard;
  }

  async resume(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.resume()));
  }

  /** Hears this stream of another supervisor, or with null no longer any; gives what began and ended by it. */
  async overhear(producerId: string | null): Promise<{ heard: Heard | null; gone: string | null }> {
    const before = this.#overheard;
    const isOver = before !== null && (before.consumer.closed || before.producerId !== producerId);
    if (isOver) {
      this.#overheard = null;
      before.consumer.close();
    }
    const gone = isOver ? before.consumer.id : null;
    const rtpCapabilities = this.#capabilities;
    if (producerId === null || this.#overheard || rtpCapabilities === null) return { heard: null, gone };
    const transport = this.#transport;
    const consumer = await transport?.consume({ producerId, rtpCapabilities });
    if (!consumer || this.#transport !== transport) return { heard: null, gone };
    this.#overheard = { producerId, consumer };
    const { id, kind, rtpParameters } = consumer;
    return { heard: { party: "supervisor", id, producerId, kind, rtpParameters }, gone };
  }

  /** Opens the way from a microphone, in place of an older one. */
  async openMicrophone(): Promise<TransportOffer | null> {
    this.closeMicrophone();
    const room = this.#room;
    if (!room) return null;
    const lost = (): void => {
      if (this.#microphone === microphone) this.closeMicrophone();
    };
    const microphone: Microphone = await Microphone.open(room, lost, this.#schedule);
    if (this.#room !== room || this.#microphone) {
      microphone.close();
      return null;
    }
    this.#microphone = microphone;
    return microphone.offer;
  }

  /** Nobody can hear this place any more. */
  closeMicrophone(): void {
    const microphone = this.#microphone;
    if (!microphone) return;
    this.#microphone = null;
    microphone.close();
    this.#microphoneLost();
  }

  /** New ICE credentials on the same transports; null when there is none. */
  async restartIce(): Promise<{ hear: types.IceParameters; speak: types.IceParameters | null } | null> {
    const [hear, speak] = await Promise.all([this.#transport?.restartIce(), this.#microphone?.restartIce()]);
    return hear ? { hear, speak: speak ?? null } : null;
  }

  /** Closes the ways to and from the browser; the place stays. May be called twice. */
  empty(): void {
    const transport = this.#transport;
    this.#transport = null;
    this.#room = null;
    this.#consumers = [];
    this.#capabilities = null;
    this.#overheard = null;
    transport?.close();
    this.closeMicrophone();
  }
}
