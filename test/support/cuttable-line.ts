import { connect, createServer, type Server, type Socket } from "node:net";

/** A way over loopback to a port, for everything that TCP carries, that can be cut as a cable is: without a farewell. */
export class CuttableLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(toPort: number) {
    this.#server = createServer((near) => {
      if (this.#isCut) return void near.destroy();
      const far = connect(toPort, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
  }

  static async open(toPort: number): Promise<CuttableLine> {
    const line = new CuttableLine(toPort);
    await new Promise<void>((listening) => line.#server.listen(0, "127.0.0.1", listening));
    return line;
  }

  /** Where the other end is reached through it. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the line is closed");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Ends every connection; new ones are refused until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
