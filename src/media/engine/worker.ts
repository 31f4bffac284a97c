import { messageOf } from "../../core/errors.ts";
import type { NoticeTone } from "../../core/supervision.ts";
import { FRAME_MS } from "../audio/frame.ts";
import { RtpPorts } from "../carriers/asterisk/leg.ts";
import { realEnds } from "./ends.ts";
import { Engine } from "./engine.ts";
import { Meters } from "./meters.ts";
import { Outbox } from "./outbox.ts";
import type { MediaCommand, MediaEvent } from "./protocol.ts";
import { startTicker } from "./tick.ts";

/** The first message a media thread gets; every later one is a `MediaCommand`. */
export interface MediaThreadSettings {
  meters: SharedArrayBuffer;
  rtpHost: string;
  rtpFrom: number;
  rtpTo: number;
  /** Default `off`. */
  noticeTone?: NoticeTone;
  /** Ms that pass for the calls in one ms of the machine. Default 1; RTP and live models know no other. */
  speed?: number;
}

/**
 * What a media thread says about itself, beside the events of its calls. `supervisorPort`: where it takes the RTP of
 * supervisors who speak, on 127.0.0.1. `stray`: something was thrown that nobody caught.
 */
export type ThreadNews = { type: "started"; supervisorPort: number } | { type: "stray"; problem: string };

/** What a media thread posts: events of its calls in their order, many together, or news of its own. */
export type ThreadMessage = MediaEvent[] | ThreadNews;

declare const self: Worker;

/** Supervisors' rooms are on this machine. */
const LOOPBACK = "127.0.0.1";

const post = (message: ThreadMessage): void => self.postMessage(message);
const survive = (thrown: unknown): void => {
  post({ type: "stray", problem: messageOf(thrown) });
};

const start = async (settings: MediaThreadSettings): Promise<void> => {
  const { speed = 1, noticeTone = "off" } = settings;
  const nowMs = speed === 1 ? (): number => performance.now() : (): number => performance.now() * speed;
  const taps = await Bun.udpSocket({ hostname: LOOPBACK, port: 0, socket: { error() {} } });
  const outbox = new Outbox(post);
  const ports = new RtpPorts(settings.rtpFrom, settings.rtpTo);
  const engine = new Engine({
    emit: (event) => outbox.add(event),
    meters: new Meters(settings.meters),
    nowMs,
    noticeTone,
    ...realEnds({ host: settings.rtpHost, ports, nowMs }),
    sendTap: (packet, port, host) => {
      try {
        taps.send(packet, port, host);
      } catch {
        // The refusal of an earlier packet is thrown at the next one, whomever it is for. A room that went away is told
        // by its own worker.
      }
    },
  });
  const speakers = await Bun.udpSocket({
    hostname: LOOPBACK,
    port: 0,
    socket: { data: (_socket, packet) => engine.speakers.receive(packet, nowMs()), error() {} },
  });
  const ticker = startTicker({
    periodMs: FRAME_MS,
    speed,
    nowMs,
    onTick: (deadline, skipped) => {
      engine.tick(deadline, skipped);
      outbox.tick();
    },
    onError: survive,
  });
  self.onmessage = async ({ data }: MessageEvent<MediaCommand>) => {
    await engine.handle(data);
    if (data.type !== "shutdown") return;
    ticker.stop();
    outbox.flush();
    taps.close();
    speakers.close();
    process.exit(0);
  };
  post({ type: "started", supervisorPort: speakers.port });
};

// Without these one stray rejection would end the process with every call in it.
process.on("unhandledRejection", survive);
process.on("uncaughtException", survive);
self.onmessage = ({ data }: MessageEvent<MediaThreadSettings>) => {
  start(data).catch((thrown) => {
    survive(thrown);
    process.exit(1);
  });
};
