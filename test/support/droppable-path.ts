/** A way over loopback to a UDP port that can lose all packets, as a network does that one has left. */
export class DroppablePath {
  /** Whether packets of both directions get lost. */
  isDown = false;
  readonly #toPort: number;
  #front: Bun.udp.Socket<"buffer"> | undefined;
  /** By the sender's address and port: where its packets go out, and answers come in. */
  readonly #backs = new Map<string, Promise<Bun.udp.Socket<"buffer">>>();

  private constructor(toPort: number) {
    this.#toPort = toPort;
  }

  static async open(toPort: number): Promise<DroppablePath> {
    const path = new DroppablePath(toPort);
    path.#front = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (_socket, packet, port, host) => void path.#forward(Buffer.from(packet), host, port),
        error() {},
      },
    });
    return path;
  }

  /** Where it begins. */
  get port(): number {
    return this.#front!.port;
  }

  async #forward(packet: Buffer, fromHost: string, fromPort: number): Promise<void> {
    if (this.isDown) return;
    const from = `${fromHost} ${fromPort}`;
    const back = this.#backs.get(from) ?? this.#back(fromHost, fromPort);
    this.#backs.set(from, back);
    send(await back, packet, "127.0.0.1", this.#toPort);
  }

  #back(toHost: string, toPort: number): Promise<Bun.udp.Socket<"buffer">> {
    return Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (_socket, packet) => {
          if (!this.isDown && this.#front) send(this.#front, packet, toHost, toPort);
        },
        error() {},
      },
    });
  }

  close(): void {
    this.#front?.close();
    for (const back of this.#backs.values()) void back.then((socket) => socket.close());
  }
}

/** A port that was closed under an earlier packet is told as an error of the next one. */
const send = (socket: Bun.udp.Socket<"buffer">, packet: Buffer, host: string, port: number): void => {
  try {
    socket.send(packet, port, host);
  } catch {
    // The packet is lost, as on any network.
  }
};
