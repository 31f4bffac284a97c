/** One RTP packet as it arrived. */
export interface HeardPacket {
  /** `performance.now()` of the arrival. */
  atMs: number;
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Uint8Array;
  fromPort: number;
}

const KEYS = "0123456789*#ABCD";
const KEY_PAYLOAD_TYPE = 101;
const FRAME_MS = 20;

/**
 * The ears and mouth of callees: a UDP port that keeps every RTP packet and can speak and press keys. Written from
 * RFC 3550 and RFC 4733 by itself, so that it does not share a mistake with what is tested. Also stands in for the
 * engine's end in tests of a carrier's control.
 */
export class CalleeMedia {
  readonly packets: HeardPacket[] = [];
  #socket: Bun.udp.Socket<"buffer"> | undefined;
  #sequence = Math.floor(Math.random() * 60_000);
  #timestamp = Math.floor(Math.random() * 2 ** 31);
  readonly #ssrc = Math.floor(Math.random() * 2 ** 31);

  static async open(): Promise<CalleeMedia> {
    const media = new CalleeMedia();
    media.#socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      // Without an error callback each packet to a port that is gone prints a report.
      socket: { data: (_, bytes, fromPort) => media.#heard(bytes, fromPort), error() {} },
    });
    return media;
  }

  get port(): number {
    return this.#socket!.port;
  }

  /** µ-law bytes of all sound that came, in the order of sequence numbers. */
  sound(): Uint8Array {
    const voiced = this.packets.filter((packet) => packet.payloadType === 0);
    const first = voiced[0]?.sequence ?? 0;
    const since = (packet: HeardPacket) => (packet.sequence - first + 65_536 + 1000) % 65_536;
    return Buffer.concat(voiced.sort((a, b) => since(a) - since(b)).map((packet) => packet.payload));
  }

  /** Keys pressed at the other end, one per RFC 4733 event. */
  keys(): string {
    const events = new Map<number, string>();
    for (const { payloadType, timestamp, payload } of this.packets) {
      if (payloadType === KEY_PAYLOAD_TYPE) events.set(timestamp, KEYS[payload[0] ?? 255] ?? "?");
    }
    return [...events.values()].join("");
  }

  /** Sends one 20 ms packet of 160 µ-law bytes at once. */
  send(frame: Uint8Array, port: number): void {
    this.#packet(0, false, frame, port);
    this.#timestamp += frame.length;
  }

  /** Speaks µ-law in real time; resolves when all of it was sent. */
  async say(sound: Uint8Array, port: number): Promise<void> {
    const startMs = performance.now();
    for (let at = 0, n = 0; at + 160 <= sound.length; at += 160, n++) {
      await Bun.sleep(Math.max(0, startMs + n * FRAME_MS - performance.now()));
      this.send(sound.subarray(at, at + 160), port);
    }
  }

  /** Presses a key for 100 ms. */
  async press(key: string, port: number): Promise<void> {
    const code = KEYS.indexOf(key);
    for (let n = 1; n <= 8; n++) {
      const ends = n > 5;
      const duration = Math.min(n, 5) * 160;
      const event = Uint8Array.of(code, (ends ? 0x80 : 0) | 10, duration >> 8, duration & 255);
      this.#packet(KEY_PAYLOAD_TYPE, n === 1, event, port);
      if (!ends) await Bun.sleep(FRAME_MS);
    }
    this.#timestamp += 960;
  }

  close(): void {
    this.#socket?.close();
  }

  #packet(payloadType: number, marker: boolean, payload: Uint8Array, port: number): void {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = (marker ? 0x80 : 0) | payloadType;
    packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    packet.writeUInt32BE(this.#timestamp >>> 0, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    packet.set(payload, 12);
    this.#socket?.send(packet, port, "127.0.0.1");
  }

  #heard(bytes: Buffer, fromPort: number): void {
    if (bytes.length < 12 || bytes[0]! >> 6 !== 2) return;
    this.packets.push({
      atMs: performance.now(),
      payloadType: bytes[1]! & 0x7f,
      marker: (bytes[1]! & 0x80) !== 0,
      sequence: bytes.readUInt16BE(2),
      timestamp: bytes.readUInt32BE(4),
      ssrc: bytes.readUInt32BE(8),
      payload: Uint8Array.from(bytes.subarray(12)),
      fromPort,
    });
  }
}
