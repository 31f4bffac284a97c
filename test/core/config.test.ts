import { expect, test } from "bun:test";
import { isAbsolute } from "node:path";
import { ConfigError, loadConfig } from "../../src/core/config.ts";

type Env = Record<string, string>;

const problemsOf = (env: Env): readonly string[] => {
  try {
    loadConfig(env);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
  return [];
};

const ARI = { ARI_URL: "http://127.0.0.1:8088/", ARI_USERNAME: "opendeep", ARI_PASSWORD: "hunter22" };

test("a certificate and its key are named together, whole paths or from here", () => {
  expect(loadConfig({}).tls).toBeNull();
  const { tls } = loadConfig({ TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "/etc/key.pem" });
  expect([isAbsolute(tls?.cert ?? ""), tls?.key]).toEqual([true, "/etc/key.pem"]);
  expect(problemsOf({ TLS_CERT_FILE: "cert.pem" })).toEqual([
    "TLS_KEY_FILE is missing: TLS_CERT_FILE and TLS_KEY_FILE go together",
  ]);
  expect(problemsOf({ TLS_KEY_FILE: "key.pem" })).toEqual([
    "TLS_CERT_FILE is missing: TLS_CERT_FILE and TLS_KEY_FILE go together",
  ]);
});

test("nothing configured is the demo: scripted carrier and voice, loopback, any hour, no token", () => {
  expect(loadConfig({})).toMatchObject({
    host: "127.0.0.1",
    port: 3000,
    isLoopback: true,
    carrier: "scripted",
    voice: "scripted",
    openai: null,
    ari: null,
    publicUrl: null,
    rtpHost: "127.0.0.1",
    rtpPorts: { from: 20_000, to: 20_999 },
    webrtc: { listenIp: "0.0.0.0", withLoopback: true, announcedAddress: null, ports: { from: 40_000, to: 40_100 } },
    maxConcurrentCalls: 50,
    dialRate: 1,
    callingWindow: { from: 0, to: 1440 },
    authToken: null,
    mediaPort: null,
  });
  expect(isAbsolute(loadConfig({}).dataDir)).toBe(true);
});

test("a variable that is empty or blank counts as unset", () => {
  expect(loadConfig({ PORT: "", CARRIER: " ", OPENAI_API_KEY: "" })).toEqual(loadConfig({}));
});

test("a PBX and a key make asterisk and openai-realtime the defaults, with the hours of the day for callees", () => {
  const config = loadConfig({ ...ARI, OPENAI_API_KEY: "sk-test" });
  expect(config).toMatchObject({
    carrier: "asterisk",
    voice: "openai-realtime",
    callingWindow: { from: 480, to: 1260 },
  });
  expect(config.ari).toEqual({
    url: "http://127.0.0.1:8088",
    username: "opendeep",
    password: "hunter22",
    app: "opendeep",
    dialEndpoint: "PJSIP/{number}@trunk",
  });
  expect(config.openai).toEqual({
    apiKey: "sk-test",
    baseUrl: "https://api.openai.com/v1",
    realtimeModel: "gpt-realtime-2.1",
    textModel: "gpt-6-luna",
    voice: "marin",
    transcriptionModel: "gpt-transcribe",
  });
  expect(config).toMatchObject({ transcriber: "openai", recordSupervisors: false });
});

test("supervisors are written down by the account that speaks, or as it is asked for", () => {
  const wanted = (env: Env) => loadConfig(env).transcriber;
  expect(wanted({})).toBe("scripted");
  expect(wanted({ OPENAI_API_KEY: "sk-test", VOICE: "scripted" })).toBe("scripted");
  expect(wanted({ OPENAI_API_KEY: "sk-test", VOICE: "scripted", TRANSCRIBER: "openai" })).toBe("openai");
  expect(wanted({ OPENAI_API_KEY: "sk-test", TRANSCRIBER: "none" })).toBe("none");
  expect(problemsOf({ TRANSCRIBER: "openai" })).toEqual(["OPENAI_API_KEY is missing: TRANSCRIBER=openai needs a key"]);
});

test("what is configured stays readable when the scripted parts are asked for", () => {
  const config = loadConfig({ ...ARI, OPENAI_API_KEY: "sk-test", CARRIER: "scripted", VOICE: "scripted" });
  expect(config).toMatchObject({ carrier: "scripted", voice: "scripted", callingWindow: { from: 0, to: 1440 } });
  expect(config.ari).not.toBeNull();
  expect(config.openai).not.toBeNull();
});

const VALUES: [Env, object][] = [
  [
    { PORT: "0", MEDIA_PORT: "3001" },
    { port: 0, mediaPort: 3001 },
  ],
  [{ RECORD_SUPERVISORS: "true" }, { recordSupervisors: true }],
  [{}, { noticeTone: "off" }],
  [{ NOTICE_TONE: "speak" }, { noticeTone: "speak" }],
  [{ PUBLIC_HOST: "calls.example.org" }, { publicUrl: "https://calls.example.org" }],
  [{ PUBLIC_HOST: "a.org", PUBLIC_URL: "http://b.org/deep/" }, { publicUrl: "http://b.org/deep" }],
  [{ LOG_LEVEL: "debug" }, { logLevel: "debug" }],
  [{ DATA_DIR: "/var/lib/opendeep" }, { dataDir: "/var/lib/opendeep" }],
  [
    { RTP_HOST: "10.0.0.5", RTP_PORTS: "30000-30001" },
    { rtpHost: "10.0.0.5", rtpPorts: { from: 30_000, to: 30_001 } },
  ],
  [{ CALLING_WINDOW: "22:30-06:00" }, { callingWindow: { from: 1350, to: 360 } }],
  [{ CALLING_WINDOW: "00:00-24:00" }, { callingWindow: { from: 0, to: 1440 } }],
  [
    { DIAL_RATE: "0.5", MAX_CONCURRENT_CALLS: "200" },
    { dialRate: 0.5, maxConcurrentCalls: 200 },
  ],
  [{ ...ARI, ARI_DIAL_ENDPOINT: "PJSIP/00{digits}@trunk" }, { ari: { dialEndpoint: "PJSIP/00{digits}@trunk" } }],
  [{ HOST: "localhost" }, { isLoopback: true, authToken: null }],
  [{ HOST: "127.9.9.9" }, { isLoopback: true }],
  [{ HOST: "::1" }, { isLoopback: true }],
  [
    { HOST: "0.0.0.0", AUTH_TOKEN: "correct-horse" },
    { isLoopback: false, authToken: "correct-horse", webrtc: { listenIp: "0.0.0.0", withLoopback: false } },
  ],
  [
    { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://127.0.0.1:11434/v1/" },
    { openai: { baseUrl: "http://127.0.0.1:11434/v1" } },
  ],
  [
    { GOOGLE_API_KEY: "g", ELEVENLABS_VOICE_ID: "v" },
    { keys: { google: "g", elevenLabsVoiceId: "v", deepgram: null, googleBaseUrl: null, placesBaseUrl: null } },
  ],
  [
    {
      GOOGLE_BASE_URL: "http://127.0.0.1:1/",
      PLACES_BASE_URL: "https://places.gateway",
      ANTHROPIC_BASE_URL: "http://[::1]:2",
    },
    {
      keys: {
        googleBaseUrl: "http://127.0.0.1:1",
        placesBaseUrl: "https://places.gateway",
        anthropicBaseUrl: "http://[::1]:2",
      },
    },
  ],
];
for (const [env, expected] of VALUES) {
  test(`${JSON.stringify(env)} is read`, () => {
    expect(loadConfig(env)).toMatchObject(expected);
  });
}

const PROBLEMS: [Env, string][] = [
  [{ PORT: "http" }, "PORT must be a whole number from 0 to 65535"],
  [{ PORT: "65536" }, "PORT must be a whole number from 0 to 65535"],
  [{ PORT: "1e3" }, "PORT must be a whole number"],
  [{ MEDIA_PORT: "-1" }, "MEDIA_PORT must be a whole number"],
  [{ HOST: "a b" }, "HOST must be a host name"],
  [{ HOST: "0.0.0.0" }, "AUTH_TOKEN is missing: HOST can be reached"],
  [{ HOST: "127.evil.org" }, "AUTH_TOKEN is missing: HOST can be reached"],
  [{ HOST: "0.0.0.0", AUTH_TOKEN: "short" }, "AUTH_TOKEN must have at least 8 characters"],
  [{ AUTH_TOKEN: "with spaces in it" }, "AUTH_TOKEN must be printable ASCII"],
  [{ PUBLIC_URL: "calls.example.org" }, "PUBLIC_URL must be an http:// or https:// address"],
  [{ PUBLIC_URL: "https://user:pass@example.org" }, "PUBLIC_URL must be an http:// or https:// address"],
  [{ PUBLIC_HOST: "https://a.org" }, "PUBLIC_HOST must be a host name"],
  [{ LOG_LEVEL: "loud" }, "LOG_LEVEL must be one of debug, info, warn, error, silent"],
  [{ CARRIER: "pigeon" }, "CARRIER must be one of scripted, asterisk, twilio"],
  [{ CARRIER: "twilio" }, "CARRIER asks for Twilio, which is not available yet"],
  [{ TWILIO_ACCOUNT_SID: "AC1" }, "TWILIO_ACCOUNT_SID asks for Twilio, which is not available yet"],
  [{ NOTICE_TONE: "loud" }, "NOTICE_TONE must be one of off, speak, listen"],
  [{ VOICE: "opera" }, "VOICE must be one of scripted, openai-realtime"],
  [{ VOICE: "openai-realtime" }, "OPENAI_API_KEY is missing: VOICE=openai-realtime needs a key"],
  [{ OPENAI_API_KEY: "k", OPENAI_BASE_URL: "ws://x" }, "OPENAI_BASE_URL must be an http:// or https:// address"],
  [{ GOOGLE_BASE_URL: "nope" }, "GOOGLE_BASE_URL must be an http:// or https:// address"],
  [{ PLACES_BASE_URL: "ws://x" }, "PLACES_BASE_URL must be an http:// or https:// address"],
  [{ ANTHROPIC_BASE_URL: "ftp://x" }, "ANTHROPIC_BASE_URL must be an http:// or https:// address"],
  [{ OPENAI_BASE_URL: "nope" }, "OPENAI_BASE_URL must be an http:// or https:// address"],
  [{ OPENAI_API_KEY: "k", OPENAI_REALTIME_MODEL: "two words" }, "OPENAI_REALTIME_MODEL must be one word"],
  [{ CARRIER: "asterisk", ARI_USERNAME: "u", ARI_PASSWORD: "p" }, "ARI_URL is missing: CARRIER=asterisk needs"],
  [{ ARI_URL: "http://pbx:8088", ARI_PASSWORD: "p" }, "ARI_USERNAME is missing"],
  [{ ARI_URL: "http://pbx:8088", ARI_USERNAME: "u" }, "ARI_PASSWORD is missing"],
  [{ ...ARI, ARI_APP: "my app" }, "ARI_APP must be letters"],
  [{ ARI_DIAL_ENDPOINT: "PJSIP/trunk" }, "ARI_DIAL_ENDPOINT must be an endpoint with {number}"],
  [{ ...ARI, ARI_DIAL_ENDPOINT: "PJSIP/trunk" }, "ARI_DIAL_ENDPOINT must be an endpoint with {number} in it"],
  [{ RTP_HOST: "pbx.local" }, "RTP_HOST must be an IP address"],
  [{ RTP_PORTS: "20000" }, "RTP_PORTS must be two ports"],
  [{ RTP_PORTS: "21000-20000" }, "RTP_PORTS must be two ports"],
  [{ RTP_PORTS: "60000-70000" }, "RTP_PORTS must be two ports"],
  [{ WEBRTC_PORTS: "20500-20600" }, "WEBRTC_PORTS must not share ports with RTP_PORTS"],
  [{ WEBRTC_LISTEN_IP: "eth0" }, "WEBRTC_LISTEN_IP must be an IP address"],
  [{ WEBRTC_ANNOUNCED_ADDRESS: "a/b" }, "WEBRTC_ANNOUNCED_ADDRESS must be a host name"],
  [{ MAX_CONCURRENT_CALLS: "0" }, "MAX_CONCURRENT_CALLS must be a whole number from 1 to 1024"],
  [
    { ...ARI, RTP_PORTS: "20000-20009", MAX_CONCURRENT_CALLS: "11" },
    "MAX_CONCURRENT_CALLS must not exceed the 10 ports",
  ],
  [{ DIAL_RATE: "0" }, "DIAL_RATE must be calls a second"],
  [{ DIAL_RATE: "fast" }, "DIAL_RATE must be calls a second"],
  [{ CALLING_WINDOW: "8-21" }, "CALLING_WINDOW must be two different times of day"],
  [{ CALLING_WINDOW: "09:00-09:00" }, "CALLING_WINDOW must be two different times of day"],
  [{ CALLING_WINDOW: "24:00-09:00" }, "CALLING_WINDOW must be two different times of day"],
  [{ CALLING_WINDOW: "08:60-09:00" }, "CALLING_WINDOW must be two different times of day"],
  [{ TWILIO_PHONE_NUMBER: "call me", CARRIER: "scripted" }, "TWILIO_PHONE_NUMBER must be a number"],
];
for (const [env, problem] of PROBLEMS) {
  test(`${JSON.stringify(env)} is answered with "${problem} …" and nothing else`, () => {
    const problems = problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith(problem);
  });
}

test("all problems come at once, one line each, and no line holds a value", () => {
  const env = {
    PORT: "port-value",
    HOST: "0.0.0.0",
    AUTH_TOKEN: "tök",
    ARI_URL: "ftp://secret:value@pbx",
    ARI_PASSWORD: "pässwörd",
    OPENAI_API_KEY: "sk with space",
    CALLING_WINDOW: "always",
  };
  const problems = problemsOf(env);
  const names = ["AUTH_TOKEN", "ARI_PASSWORD", "ARI_URL", "ARI_USERNAME", "CALLING_WINDOW", "OPENAI_API_KEY", "PORT"];
  expect(problems.map((problem) => problem.split(" ")[0]!).sort()).toEqual(names.sort());
  const told = problems.join("\n");
  for (const value of ["port-value", "tök", "secret", "pässwörd", "sk with space", "always"]) {
    expect(told).not.toContain(value);
  }
  expect(problems.every((problem) => !problem.includes("\n"))).toBe(true);
});

test("no model reads the mood of live calls unless it is asked for", () => {
  expect(loadConfig({}).liveMood).toBe(false);
  expect(loadConfig({ LIVE_MOOD: "true" }).liveMood).toBe(true);
  expect(problemsOf({ LIVE_MOOD: "yes" })).toEqual(["LIVE_MOOD must be true or false"]);
});
