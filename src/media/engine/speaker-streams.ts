import { parseRtp, RtpHeader } from "../audio/rtp.ts";
import { SupervisorLeg } from "../supervision/leg.ts";

/** Largest packet looked at. */
const MAX_PACKET_BYTES = 1500;

/**
 * The streams of all supervisors who speak, which share one port: each is known by its SSRC (RFC 3550 §8), which the
 * room's router drew at random. Packets of nobody are dropped and counted.
 */
export class SpeakerStreams {
  /** Packets of a source that nobody named, among them the router's reports. */
  strangers = 0;
  /** Packets that are no RTP. */
  malformed = 0;
  readonly #legs = new Map<number, SupervisorLeg>();
  readonly #header = new RtpHeader();

  /** Begins to take the stream of this source. */
  open(ssrc: number): SupervisorLeg {
    const leg = new SupervisorLeg(ssrc);
    this.#legs.set(ssrc, leg);
    return leg;
  }

  /** Takes no more of it. */
  close(leg: SupervisorLeg): void {
    if (this.#legs.get(leg.ssrc) === leg) this.#legs.delete(leg.ssrc);
  }

  /** One packet from the port; its bytes are only valid during the call. Never throws. */
  receive(packet: Uint8Array, nowMs: number): void {
    const header = this.#header;
    if (packet.length > MAX_PACKET_BYTES || !parseRtp(packet, packet.length, header)) {
      this.malformed++;
      return;
    }
    const leg = this.#legs.get(header.ssrc);
    if (leg) leg.take(header, packet, nowMs);
    else this.strangers++;
  }
}
