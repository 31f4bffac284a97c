import { expect, test } from "bun:test";
import { freePort } from "./ports.ts";

test("a port that somebody holds for TCP or UDP alone is passed over", async () => {
  const before = await freePort();
  const tcp = Bun.listen({ hostname: "127.0.0.1", port: before, socket: { data() {} } });
  const udp = await Bun.udpSocket({ hostname: "127.0.0.1", port: before + 3, socket: {} });
  try {
    const given = new Set<number>();
    for (let port = await freePort(); !given.has(port); port = await freePort()) given.add(port);
    expect(given.size).toBeGreaterThan(1000);
    expect([...given].filter((port) => port === before || port === before + 2)).toEqual([]);
  } finally {
    tcp.stop(true);
    udp.close();
  }
});
