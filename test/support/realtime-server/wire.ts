import net from "node:net";

/** A TCP wire in front of a server on loopback, which can go dead without a word, as networks do. */
export class Wire {
  readonly port: number;
  /** Connections made through it. */
  connections = 0;
  readonly #server: net.Server;
  readonly #ends = new Set<net.Socket>();

  private constructor(server: net.Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Lays a wire to `port`. `pieceBytes` cuts what the server says into pieces of that size. */
  static async to(port: number, pieceBytes = Number.POSITIVE_INFINITY): Promise<Wire> {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const wire = new Wire(server, (server.address() as net.AddressInfo).port);
    server.on("connection", (near) => {
      wire.connections++;
      const far = net.connect(port, "127.0.0.1");
      for (const [from, to, size] of [
        [near, far, Number.POSITIVE_INFINITY],
        [far, near, pieceBytes],
      ] as const) {
        wire.#ends.add(from);
        from.setNoDelay(true);
        from.on("data", (data: Buffer) => {
          for (let at = 0; at < data.length; at += size) to.write(data.subarray(at, at + size));
        });
        from.on("error", () => to.destroy());
        from.on("close", () => {
          wire.#ends.delete(from);
          to.destroy();
        });
      }
    });
    return wire;
  }

  /** Nothing passes any more on what is connected now; nobody is told. */
  freeze(): void {
    for (const end of this.#ends) {
      end.removeAllListeners("data");
      end.pause();
    }
  }

  stop(): void {
    for (const end of this.#ends) end.destroy();
    this.#server.close();
  }
}
