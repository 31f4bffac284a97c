import { resolve } from "node:path";
import { z } from "zod";
import {
  type DayWindow,
  dayWindow,
  hostName,
  httpUrl,
  ipAddress,
  isLoopbackHost,
  oneOf,
  type PortRange,
  portRange,
  secret,
  whole,
  word,
  yesOrNo,
} from "./config-values.ts";
import type { LogLevel } from "./log.ts";
import { NOTICE_TONES, type NoticeTone } from "./supervision.ts";

/** Which network calls leave through. */
export type ConfiguredCarrier = "scripted" | "asterisk" | "twilio";

/** Which model's voice speaks. */
export type ConfiguredVoice = "scripted" | "openai-realtime";

/** What writes down the speech of supervisors; `scripted` only notes that somebody spoke. */
export type ConfiguredTranscriber = "openai" | "scripted" | "none";

/** The `openai` account. */
export interface OpenAiConfig {
  readonly apiKey: string;
  /** With `/v1` where the service has it, without a slash at the end. */
  readonly baseUrl: string;
  readonly realtimeModel: string;
  readonly textModel: string;
  /** Voice of the realtime model. */
  readonly voice: string;
  /** Model that writes down the speech of supervisors. */
  readonly transcriptionModel: string;
}

/** The PBX. */
export interface AriConfig {
  /** `http(s)://host:port`, without a slash at the end. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Name of our Stasis application. */
  readonly app: string;
  /** Endpoint with `{number}` where the E.164 number goes. */
  readonly dialEndpoint: string;
}

/** Files of the certificate that the server shows: absolute paths of PEM files. */
export interface TlsFiles {
  /** The certificate, followed by those between it and its authority. */
  readonly cert: string;
  readonly key: string;
}

/** Media of supervisors' browsers. */
export interface WebRtcConfig {
  /** `0.0.0.0` and `::` stand for the addresses of this machine. */
  readonly listenIp: string;
  /** Whether the loopback address is one of them: browsers come to the pages over it. */
  readonly withLoopback: boolean;
  /** Address or name browsers reach us at when it is not one we listen on. */
  readonly announcedAddress: string | null;
  readonly ports: PortRange;
}

/** Keys of services that are looked for by name, and addresses other than the services' own; null where unset. */
export interface ConfiguredKeys {
  readonly google: string | null;
  readonly googleBaseUrl: string | null;
  readonly placesBaseUrl: string | null;
  readonly anthropic: string | null;
  readonly anthropicBaseUrl: string | null;
  readonly deepgram: string | null;
  readonly elevenLabs: string | null;
  readonly elevenLabsVoiceId: string | null;
  readonly twilioAccountSid: string | null;
  readonly twilioAuthToken: string | null;
  readonly twilioPhoneNumber: string | null;
  readonly twilioBaseUrl: string | null;
}

/** Everything the environment decides, checked. */
export interface Config {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Whether `host` can only be reached from this machine. */
  readonly isLoopback: boolean;
  /** Null serves plain HTTP. */
  readonly tls: TlsFiles | null;
  /** Absolute path of the folder with the database and the recordings. */
  readonly dataDir: string;
  /** How the outside reaches us, without a slash at the end. */
  readonly publicUrl: string | null;
  readonly logLevel: LogLevel;
  readonly carrier: ConfiguredCarrier;
  readonly voice: ConfiguredVoice;
  readonly transcriber: ConfiguredTranscriber;
  /** Whether what supervisors say, whispers included, is recorded in a file of its own. */
  readonly recordSupervisors: boolean;
  /** When a tone tells callees that a supervisor is on the line. */
  readonly noticeTone: NoticeTone;
  /** Whether a text model reads the mood of live calls, which it bills. */
  readonly liveMood: boolean;
  readonly openai: OpenAiConfig | null;
  readonly ari: AriConfig | null;
  /** Address on which carriers' packets are taken. */
  readonly rtpHost: string;
  readonly rtpPorts: PortRange;
  readonly webrtc: WebRtcConfig;
  readonly mediasoupWorkerBin: string | null;
  readonly mediaPort: number | null;
  /** Calls at the same time, all tenants together. */
  readonly maxConcurrentCalls: number;
  /** Calls started per second. */
  readonly dialRate: number;
  readonly callingWindow: DayWindow;
  /** Null only on a loopback host. */
  readonly authToken: string | null;
  readonly keys: ConfiguredKeys;
}

/** The environment is wrong; `problems` has one line for each thing to mend, without any secret. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n- ${problems.join("\n- ")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Most calls the engine has room for. */
const MAX_CALLS = 1024;

/** An access token shorter than this can be guessed. */
const MIN_TOKEN_LENGTH = 8;

/**
 * Reads and checks the environment; an empty variable counts as unset. Throws a `ConfigError` with all problems at once,
 * one line for each, none of them with a value in it.
 */
export const loadConfig = (env: Record<string, string | undefined>): Config => {
  const problems: string[] = [];
  const wrong = new Set<string>();
  const isSet = (name: string): boolean => (env[name]?.trim() ?? "") !== "";
  const complain = (name: string, problem: string): void => {
    problems.push(`${name} ${problem}`);
    wrong.add(name);
  };
  /** The checked value; `fallback` where it is unset or wrong, so that all else can still be checked. */
  const read = <T, F>(name: string, schema: z.ZodType<T>, fallback: F): T | F => {
    if (!isSet(name)) return fallback;
    const parsed = schema.safeParse(env[name]?.trim());
    if (parsed.success) return parsed.data;
    complain(name, parsed.error.issues[0]?.message ?? "is wrong");
    return fallback;
  };
  /** The same for a variable that `because` makes necessary. */
  const need = <T>(name: string, schema: z.ZodType<T>, fallback: T, because: string): T => {
    if (!isSet(name)) complain(name, `is missing: ${because}`);
    return read(name, schema, fallback);
  };

  const host = read("HOST", hostName, "127.0.0.1");
  const isLoopback = isLoopbackHost(host);

  const tlsNeed = "TLS_CERT_FILE and TLS_KEY_FILE go together";
  const tls =
    isSet("TLS_CERT_FILE") || isSet("TLS_KEY_FILE")
      ? {
          cert: resolve(need("TLS_CERT_FILE", z.string(), "", tlsNeed)),
          key: resolve(need("TLS_KEY_FILE", z.string(), "", tlsNeed)),
        }
      : null;

  const publicHost = read("PUBLIC_HOST", hostName, null);
  const publicUrl = read("PUBLIC_URL", httpUrl, publicHost === null ? null : `https://${publicHost}`);

  const usesTwilio = !isSet("ARI_URL") && isSet("TWILIO_ACCOUNT_SID");
  const configured = isSet("ARI_URL") ? "asterisk" : usesTwilio ? "twilio" : "scripted";
  const carrier = read("CARRIER", oneOf(["scripted", "asterisk", "twilio"]), configured);
  if (carrier === "twilio") {
    complain(
      isSet("CARRIER") ? "CARRIER" : "TWILIO_ACCOUNT_SID",
      "asks for Twilio, which is not available yet: set CARRIER to asterisk or scripted",
    );
  }

  // Read even where nothing uses them yet, so that their mistakes are told with all others.
  const ariApp = read(
    "ARI_APP",
    z.string().regex(/^[\w.-]{1,80}$/, "must be letters, digits, dots and dashes"),
    "opendeep",
  );
  const dialEndpoint = read(
    "ARI_DIAL_ENDPOINT",
    z
      .string()
      .regex(
        /^\w+\/\S*\{(?:number|digits)\}\S*$/,
        "must be an endpoint with {number} in it, or {digits} for a number without +, such as PJSIP/{number}@trunk",
      ),
    "PJSIP/{number}@trunk",
  );
  const ari =
    isSet("ARI_URL") || carrier === "asterisk"
      ? {
          url: need(
            "ARI_URL",
            httpUrl,
            "",
            "CARRIER=asterisk needs the address of its HTTP server, such as http://127.0.0.1:8088",
          ),
          username: need("ARI_USERNAME", word, "", "ARI_URL is of no use without the user of ari.conf"),
          password: need("ARI_PASSWORD", secret, "", "ARI_URL is of no use without the password of ari.conf"),
          app: ariApp,
          dialEndpoint,
        }
      : null;

  const voice = read(
    "VOICE",
    oneOf(["scripted", "openai-realtime"]),
    isSet("OPENAI_API_KEY") ? "openai-realtime" : "scripted",
  );
  const transcriber = read(
    "TRANSCRIBER",
    oneOf(["openai", "scripted", "none"]),
    voice === "openai-realtime" ? "openai" : "scripted",
  );
  const openaiParts = {
    baseUrl: read("OPENAI_BASE_URL", httpUrl, "https://api.openai.com/v1"),
    realtimeModel: read("OPENAI_REALTIME_MODEL", word, "gpt-realtime-2.1"),
    textModel: read("OPENAI_TEXT_MODEL", word, "gpt-6-luna"),
    voice: read("OPENAI_REALTIME_VOICE", word, "marin"),
    transcriptionModel: read("OPENAI_TRANSCRIPTION_MODEL", word, "gpt-transcribe"),
  };
  const openai =
    isSet("OPENAI_API_KEY") || voice === "openai-realtime" || transcriber === "openai"
      ? {
          apiKey: need(
            "OPENAI_API_KEY",
            secret,
            "",
            `${voice === "openai-realtime" ? "VOICE=openai-realtime" : "TRANSCRIBER=openai"} needs a key`,
          ),
          ...openaiParts,
        }
      : null;

  const rtpPorts = read("RTP_PORTS", portRange, { from: 20_000, to: 20_999 });
  const webrtc = {
    listenIp: read("WEBRTC_LISTEN_IP", ipAddress, "0.0.0.0"),
    withLoopback: isLoopback,
    announcedAddress: read("WEBRTC_ANNOUNCED_ADDRESS", hostName, null),
    ports: read("WEBRTC_PORTS", portRange, { from: 40_000, to: 40_100 }),
  };
  if (rtpPorts.from <= webrtc.ports.to && webrtc.ports.from <= rtpPorts.to) {
    complain("WEBRTC_PORTS", "must not share ports with RTP_PORTS");
  }

  const maxConcurrentCalls = read("MAX_CONCURRENT_CALLS", whole(1, MAX_CALLS), 50);
  const rtpPortCount = rtpPorts.to - rtpPorts.from + 1;
  if (carrier === "asterisk" && maxConcurrentCalls > rtpPortCount) {
    complain("MAX_CONCURRENT_CALLS", `must not exceed the ${rtpPortCount} ports of RTP_PORTS: each call takes one`);
  }

  const authToken = read(
    "AUTH_TOKEN",
    secret.refine((token) => token.length >= MIN_TOKEN_LENGTH, `must have at least ${MIN_TOKEN_LENGTH} characters`),
    null,
  );
  if (!isLoopback && authToken === null && !wrong.has("AUTH_TOKEN")) {
    complain("AUTH_TOKEN", "is missing: HOST can be reached from other machines, so every request must carry a token");
  }

  const config: Config = {
    host,
    port: read("PORT", whole(0, 65_535), 3000),
    isLoopback,
    tls,
    dataDir: resolve(read("DATA_DIR", z.string(), "data")),
    publicUrl,
    logLevel: read("LOG_LEVEL", oneOf(["debug", "info", "warn", "error", "silent"]), "info"),
    carrier,
    voice,
    transcriber,
    recordSupervisors: read("RECORD_SUPERVISORS", yesOrNo, false),
    noticeTone: read("NOTICE_TONE", oneOf(NOTICE_TONES), "off"),
    liveMood: read("LIVE_MOOD", yesOrNo, false),
    openai,
    ari,
    rtpHost: read("RTP_HOST", ipAddress, "127.0.0.1"),
    rtpPorts,
    webrtc,
    mediasoupWorkerBin: read("MEDIASOUP_WORKER_BIN", z.string(), null),
    mediaPort: read("MEDIA_PORT", whole(0, 65_535), null),
    maxConcurrentCalls,
    dialRate: read(
      "DIAL_RATE",
      z
        .string()
        .regex(/^\d{1,3}(?:\.\d{1,3})?$/, "must be calls a second, from 0.01 to 100")
        .transform(Number)
        .refine((rate) => rate >= 0.01 && rate <= 100, "must be calls a second, from 0.01 to 100"),
      1,
    ),
    // The scripted network disturbs nobody.
    callingWindow: read("CALLING_WINDOW", dayWindow, {
      from: carrier === "scripted" ? 0 : 480,
      to: carrier === "scripted" ? 1440 : 1260,
    }),
    authToken,
    keys: {
      google: read("GOOGLE_API_KEY", secret, null),
      googleBaseUrl: read("GOOGLE_BASE_URL", httpUrl, null),
      placesBaseUrl: read("PLACES_BASE_URL", httpUrl, null),
      anthropic: read("ANTHROPIC_API_KEY", secret, null),
      anthropicBaseUrl: read("ANTHROPIC_BASE_URL", httpUrl, null),
      deepgram: read("DEEPGRAM_API_KEY", secret, null),
      elevenLabs: read("ELEVENLABS_API_KEY", secret, null),
      elevenLabsVoiceId: read("ELEVENLABS_VOICE_ID", word, null),
      twilioAccountSid: read("TWILIO_ACCOUNT_SID", secret, null),
      twilioAuthToken: read("TWILIO_AUTH_TOKEN", secret, null),
      twilioPhoneNumber: read(
        "TWILIO_PHONE_NUMBER",
        z.string().regex(/^\+\d{7,15}$/, "must be a number such as +12025550100"),
        null,
      ),
      twilioBaseUrl: read("TWILIO_BASE_URL", httpUrl, null),
    },
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};
