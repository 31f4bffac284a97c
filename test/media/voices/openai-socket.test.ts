import { afterEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { FRAME_SAMPLES } from "../../../src/media/audio/frame.ts";
import { RealtimeSocket } from "../../../src/media/voices/openai-socket.ts";
import { until } from "../../support/until.ts";

let server: net.Server | null = null;
afterEach(() => server?.close());

/** Key of the handshake's answer (RFC 6455 §4.2.2). */
const acceptOf = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/** Texts of 126 to 65 535 bytes that a client sent, unmasked (RFC 6455 §5.2). */
const textsIn = (bytes: Buffer): string[] => {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    const text = bytes.subarray(at + 8, at + 8 + length);
    texts.push(String(Buffer.from(text.map((byte, i) => byte ^ bytes[at + 4 + (i & 3)]!))));
    at += 8 + length;
  }
  return texts;
};

// All of them are written into one buffer.
test("frames that wait for a network that stands still come as they were", async () => {
  const received: Buffer[] = [];
  const peers: net.Socket[] = [];
  server = net.createServer((peer) => {
    peers.push(peer);
    peer.once("data", (request) => {
      const key = /Sec-WebSocket-Key: (\S+)/i.exec(String(request))?.[1] ?? "";
      const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
      peer.write(`${head}Sec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`);
      peer.pause();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const target = { apiKey: "sk-only-for-tests", baseUrl, safetyId: "test", session: { model: "m" } };
  const owner = { audio() {}, event() {}, unreadable() {}, threw() {}, ended() {} };
  const socket = new RealtimeSocket(target, null, owner);
  await until("it is open", () => socket.isOpen);
  const sent: string[] = [];
  const frame = new Uint8Array(FRAME_SAMPLES);
  while (socket.backlogBytes < 2 ** 20) {
    new DataView(frame.buffer).setUint32(0, sent.length);
    sent.push(JSON.stringify({ type: "input_audio_buffer.append", audio: frame.toBase64() }));
    socket.append(frame);
  }
  peers[0]?.on("data", (bytes) => received.push(Buffer.from(bytes))).resume();
  await until("nothing waits", () => socket.backlogBytes === 0);
  const bytes = sent.reduce((sum, text) => sum + 8 + text.length, 0);
  await until("all have come", () => received.reduce((sum, { length }) => sum + length, 0) === bytes);
  socket.close();
  expect(textsIn(Buffer.concat(received))).toEqual(sent);
});
