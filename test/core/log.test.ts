import { expect, test } from "bun:test";
import { createLog, inBackground, type LogLevel } from "../../src/core/log.ts";

const listening = (level: LogLevel = "debug") => {
  const lines: string[] = [];
  return { log: createLog({ level, destination: { write: (line) => void lines.push(line) } }), lines };
};
const said = (message: string, fields: object = {}): string => {
  const { log, lines } = listening();
  log.info({ ...fields }, message);
  return lines.join("");
};

test("a line is one JSON object with level, time, fields and message", () => {
  const line = said("call ended", { callId: "call_1hf7yat00nnfphwm0p5h", durationMs: 61_000 });
  expect(JSON.parse(line)).toMatchObject({
    level: 30,
    msg: "call ended",
    callId: "call_1hf7yat00nnfphwm0p5h",
    durationMs: 61_000,
  });
  expect(line.endsWith("\n")).toBe(true);
});

test("private fields are redacted at any depth, in arrays, and however they are spelt", () => {
  const secret = "Zebra";
  const fields = {
    phone: secret,
    to: secret,
    from: secret,
    number: secret,
    apiKey: secret,
    API_KEY: secret,
    "x-api-key": secret,
    authorization: secret,
    Authorization: secret,
    token: secret,
    authToken: secret,
    password: secret,
    dbPassword: secret,
    text: secret,
    transcript: [secret],
    instructions: secret,
    calleeName: secret,
    deep: { list: [{ phone_number: secret, inner: { to: { nested: secret } } }] },
  };
  const line = said("all of it", fields);
  expect(line).not.toContain(secret);
  expect(JSON.parse(line)).toMatchObject({ phone: "[redacted]", deep: { list: [{ inner: { to: "[redacted]" } }] } });
  // The same word under a public name does appear: the test could fail.
  expect(said("one", { carrier: secret })).toContain(secret);
});

test("a private field without content stays as it is, so that a log shows what was missing", () => {
  expect(JSON.parse(said("m", { phone: null, token: "" }))).toMatchObject({ phone: null, token: "" });
});

const NUMBERS = [
  "+12025550100",
  "+1 202 555 0100",
  "+1 (202) 555-0100",
  "(202) 555-0100",
  "202.555.0100",
  "0049 30 1234567",
  "+49 30/1234567",
  "tel:+442079460123",
  "PJSIP/+12025550100@trunk",
  "sip:12025550100@10.0.0.1",
  "number=12025550100,",
  "x12025550100y",
  "01 23 45 67 89",
  "+44 20 7946 0123",
];
for (const number of NUMBERS) {
  test(`a message with ${number} in it comes out without the number`, () => {
    const line = said(`dial of ${number} failed`, { detail: `was ${number}`, list: [number] });
    const digits = number.replace("@10.0.0.1", "").replaceAll(/\D/g, "");
    expect(JSON.parse(line).msg).toContain("[number]");
    expect(JSON.parse(line).msg.replaceAll(/\D/g, "")).not.toContain(digits.slice(-6));
    expect(JSON.parse(line).detail).toContain("[number]");
    expect(JSON.parse(line).list[0]).toContain("[number]");
  });
}

const KEYS = [
  "sk-proj-abcdefghijklmnop",
  "AIzaSyA1234567890abcdefghijklmnop",
  "Bearer abc.def",
  "Basic dXNlcjpwYXNz",
  "AC0123456789abcdef0123456789abcdef",
  "eyJhbGciOi.eyJzdWIi.c2ln",
];
for (const key of KEYS) {
  test(`a message with ${key.slice(0, 6)}… in it comes out without the key`, () => {
    const line = said(`refused: ${key}`, { detail: `with ${key}` });
    expect(line).not.toContain(key);
    expect(line).not.toContain(key.slice(7));
    expect(JSON.parse(line).msg).toBe("refused: [key]");
  });
}

test("credentials inside an address are taken out and the rest of it stays", () => {
  expect(JSON.parse(said("at http://me:hunter2@pbx:8088/ari?api_key=me:hunter2&app=x")).msg).toBe(
    "at http://[key]@pbx:8088/ari?api_key=[key]&app=x",
  );
});

const KEPT = [
  "call_1hf7yat00nnfphwm0p5h",
  "tsk_12345670123456701234",
  "192.168.100.200:20000",
  "2026-11-21T03:14:00Z",
  "01234567-0123-0123-0123-012345678901",
  "late by 123456 ms",
];
for (const text of KEPT) {
  test(`${text} is no number and stays`, () => {
    expect(JSON.parse(said(`about ${text}`)).msg).toBe(`about ${text}`);
  });
}

test("an error is told with type, message, stack and cause, all of them scrubbed", () => {
  const error = new TypeError("no route to +12025550100", { cause: new Error("sk-proj-abcdefghijklmnop") });
  const line = said("failed", { error });
  expect(line).not.toContain("2025550100");
  expect(line).not.toContain("sk-proj");
  expect(JSON.parse(line).error).toMatchObject({
    type: "TypeError",
    problem: "no route to [number]",
    cause: { problem: "[key]" },
  });
});

test("what is deep, wide, long or goes round in circles is cut", () => {
  const circle: Record<string, unknown> = {
    many: Array.from({ length: 1000 }, (_, i) => i),
    long: "a".repeat(100_000),
  };
  circle.self = circle;
  expect(said("m", circle).length).toBeLessThan(60_000);
});

test("a child adds its fields, redacted too, and levels below the chosen one say nothing", () => {
  const { log, lines } = listening("warn");
  const child = log.child({ part: "media", phone: "+12025550100" });
  child.debug({}, "no");
  child.info({}, "no");
  child.warn({ calls: 1 }, "yes");
  child.error({}, "yes");
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0]!)).toMatchObject({ part: "media", phone: "[redacted]", calls: 1 });
  const silent = listening("silent");
  silent.log.error({}, "no");
  expect(silent.lines).toHaveLength(0);
});

test("background work that fails is logged under its name, and ends nothing", async () => {
  const { log, lines } = listening();
  inBackground(log, "record upload", Promise.reject(new Error("disk full")));
  inBackground(log, "fine", Promise.resolve());
  await Promise.resolve();
  await Promise.resolve();
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 50, what: "record upload", problem: "disk full" });
});

test("without a destination lines go to standard output", async () => {
  const code = `import { createLog } from ${JSON.stringify(`${import.meta.dir}/../../src/core/log.ts`)};
    createLog({ level: "info" }).info({ port: 3000 }, "ready");`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe", stderr: "pipe" });
  expect(JSON.parse(await new Response(child.stdout).text())).toMatchObject({ port: 3000, msg: "ready" });
  expect(await child.exited).toBe(0);
});
