import type { types } from "mediasoup";
import { mediasoupWorkerBin } from "../../scripts/paths.ts";
import { type Schedule, systemSchedule } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { FRAME_SAMPLES } from "../../src/media/audio/frame.ts";
import { RTP_HEADER_BYTES, writeRtpHeader } from "../../src/media/audio/rtp.ts";
import type { MediaCommand } from "../../src/media/engine/protocol.ts";
import type { Heard, Present } from "../../src/media/supervision/messages.ts";
import {
  createSupervision,
  type SupervisionDeps,
  type SupervisorEvent,
} from "../../src/media/supervision/signalling.ts";
import { ToneTap } from "./tone-tap.ts";
import { until } from "./until.ts";

/** What a softphone is told: an answer or a notice. */
export type Said = Record<string, unknown> & {
  reply?: number;
  ok?: boolean;
  event?: string;
  reason?: string;
  why?: string;
  data?: Record<string, unknown> | null;
  heard?: Heard;
  present?: Present[];
};

/** Timeouts of the code ring this many times sooner. */
export const HASTE = 10;

/** What a browser says of a PCMU stream. */
export const pcmuStream = (ssrc: number) => ({
  mid: "0",
  codecs: [{ mimeType: "audio/PCMU", payloadType: 0, clockRate: 8000, channels: 1 }],
  headerExtensions: [],
  encodings: [{ ssrc, dtx: false }],
  rtcp: { cname: "eva" },
});

/**
 * Supervision over the real mediasoup worker, with plain RTP in place of what browsers encrypt, so that a test can send
 * and receive the packets itself. Media thread: a `ToneTap`.
 */
export const openSpeakingRig = async (changes: Partial<SupervisionDeps> = {}) => {
  const tones = await ToneTap.open();
  const noted: string[] = [];
  const pressed: string[] = [];
  const hungUp: string[] = [];
  const hasty: Schedule = (run, ms) => systemSchedule(run, ms / HASTE);
  const supervision = createSupervision({
    log: createLog({ level: "silent" }),
    media: tones,
    schedule: hasty,
    webrtc: { listenIp: "127.0.0.1", withLoopback: true, announcedAddress: null, ports: { from: 41_530, to: 41_560 } },
    workerBin: mediasoupWorkerBin,
    speakerPort: tones.speakerPort,
    callInfo: async (tenantId, callId) =>
      tenantId === "ten_1" ? { live: true, answered: callId !== "ringing", who: "Dental clinic" } : null,
    transcriber: async () => ({ kind: "scripted", lines: [] }),
    holdPhrase: () => ({ text: "One moment.", audio: new Uint8Array(8) }),
    hangUp: (tenantId, callId) => hungUp.push(`${tenantId} ${callId}`) > 0,
    sendKeys: (tenantId, callId, digits) => pressed.push(`${tenantId} ${callId} ${digits}`) > 0,
    note: (by, event) => noted.push(`${by.name}: ${noteWords(event)}`),
    ...changes,
  });
  /** Transports to and from softphones, in the order they were made. */
  const ways: types.PlainTransport[] = [];
  const plainInstead = async (): Promise<void> => {
    const running = await supervision.worker.get();
    running?.worker.observer.on("newrouter", (router: types.Router) => {
      const instead = async (): Promise<unknown> => {
        const listenInfo = { protocol: "udp", ip: "127.0.0.1" } as const;
        const way = await router.createPlainTransport({ listenInfo, rtcpMux: true, comedia: true });
        ways.push(way);
        return way;
      };
      router.createWebRtcTransport = instead as typeof router.createWebRtcTransport;
    });
  };
  await plainInstead();

  const come = (userId: string, who: { roles?: string[]; tenantId?: string } = {}) => {
    const sent: Said[] = [];
    const closed: number[] = [];
    const line = supervision.attach(
      { send: (text) => sent.push(JSON.parse(text)), close: (code) => closed.push(code) },
      { tenantId: who.tenantId ?? "ten_1", userId, name: userId, roles: who.roles ?? ["supervisor"] },
    );
    let lastId = 0;
    const ask = (type: string, fields: Record<string, unknown> = {}): Promise<Said> => {
      const id = ++lastId;
      line.message(JSON.stringify({ id, type, ...fields }));
      return until(`${type} was answered`, () => sent.find((one) => one.reply === id));
    };
    const join = async (callId = "c1"): Promise<Said> => {
      const joined = await ask("join", { callId });
      const rtpCapabilities = joined.data?.routerRtpCapabilities;
      if (joined.ok) await ask("consume", { rtpCapabilities });
      return joined;
    };
    /** Opens a microphone and gives where its packets go. */
    const openMicrophone = async (ssrc: number): Promise<types.PlainTransport> => {
      await ask("open-microphone");
      const way = ways.at(-1);
      if (!way) throw new Error("no transport was made");
      const produced = await ask("produce", { rtpParameters: pcmuStream(ssrc) });
      if (!produced.ok) throw new Error(`no microphone: ${produced.why}`);
      return way;
    };
    const notices = (event: string): Said[] => sent.filter((one) => one.event === event);
    /** The modes this softphone was told of last, by name. */
    const roster = (): string[] => (notices("roster").at(-1)?.present ?? []).map(({ name, mode }) => `${name} ${mode}`);
    return { line, sent, closed, ask, join, openMicrophone, notices, roster };
  };

  const commands = <T extends MediaCommand["type"]>(type: T): Extract<MediaCommand, { type: T }>[] =>
    tones.commands.filter((command): command is Extract<MediaCommand, { type: T }> => command.type === type);
  return {
    supervision,
    tones,
    ways,
    noted,
    pressed,
    hungUp,
    come,
    commands,
    plainInstead,
    /** What the engine was asked last. */
    asked: () => commands("supervise").at(-1),
    close: () => {
      supervision.close();
      tones.close();
    },
  };
};

const noteWords = (event: SupervisorEvent): string => {
  const what = event.type.slice("supervisor.".length);
  if (event.type === "supervisor.mode") return `${event.from}>${event.to} ${event.why}`;
  return event.type === "supervisor.whispered" ? `${what} by ${event.by}` : what;
};

/** Where a talker's frame has its number, in bytes of the payload. */
const NUMBER_AT = 4;

/** The number of the frame in the payload of a talker's packet, from 0 on. */
export const frameNumber = (payload: Uint8Array): number =>
  new DataView(payload.buffer, payload.byteOffset).getUint32(NUMBER_AT);

/** Sends PCMU to a port, a numbered frame each 20 ms, until closed; what comes back is counted by SSRC. */
export const startTalker = async (port: number, ssrc: number) => {
  const received = new Map<number, number>();
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (_socket, packet) => {
        if (packet.length < RTP_HEADER_BYTES || (packet[1]! & 0x7f) !== 0) return;
        const from = new DataView(packet.buffer, packet.byteOffset).getUint32(8);
        received.set(from, (received.get(from) ?? 0) + 1);
      },
      error() {},
    },
  });
  const packet = new Uint8Array(RTP_HEADER_BYTES + FRAME_SAMPLES);
  packet.fill(0x2a, RTP_HEADER_BYTES);
  let index = 0;
  const timer = setInterval(() => {
    writeRtpHeader(packet, 0, index & 0xffff, (index * FRAME_SAMPLES) >>> 0, ssrc, false);
    new DataView(packet.buffer).setUint32(RTP_HEADER_BYTES + NUMBER_AT, index);
    index++;
    try {
      socket.send(packet, port, "127.0.0.1");
    } catch {
      // A port that was closed under an earlier packet is told as an error of the next one.
    }
  }, 20);
  return {
    received,
    sent: () => index,
    close: () => {
      clearInterval(timer);
      socket.close();
    },
  };
};
