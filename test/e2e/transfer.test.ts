import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { encodeUlaw } from "../../src/media/audio/g711.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { CalleeMedia } from "../support/callee-media.ts";
import { type Json, OpenDeep } from "../support/open-deep.ts";
import { RealtimeProcess } from "../support/realtime-process.ts";
import { hasSipCallee, SipCallees } from "../support/sip-callee.ts";
import { until } from "../support/until.ts";

/** Whole processes start, ring and talk in real time. */
setDefaultTimeout(30_000);

const missing = !hasAsterisk() || !hasSipCallee();

let callee: CalleeMedia;
let colleague: CalleeMedia;
let people: SipCallees;
let pbx: TestAsterisk;
let model: RealtimeProcess;
let openDeep: OpenDeep;

const handsOver = (args: Record<string, unknown>) => ({
  replies: [
    { text: "Good morning.", seconds: 0.4, toneHz: 600 },
    { text: "I connect you.", seconds: 0.4, toneHz: 600, tools: [{ name: "transfer_call", arguments: args }] },
  ],
  otherwise: { text: "I am with you.", seconds: 0.4, toneHz: 600 },
});
const BRIEF = { reason: "Asks for a refund", brief: "Paid twice in May." };

beforeAll(async () => {
  if (missing) return;
  [callee, colleague] = await Promise.all([CalleeMedia.open(), CalleeMedia.open()]);
  people = await SipCallees.start({
    "0101": { does: "answer", ringMs: 50, mediaPort: callee.port },
    "0102": { does: "refuse", ringMs: 100, code: 486, reason: "Busy Here" },
    "0107": { does: "answer", ringMs: 100, mediaPort: colleague.port, byeAfterMs: 5000 },
  });
  [pbx, model] = await Promise.all([
    TestAsterisk.start({ trunkPort: people.port }),
    RealtimeProcess.start([
      handsOver({ to: "Billing", ...BRIEF }),
      handsOver({ to: "Reception", ...BRIEF }),
      handsOver({ to: "The boss", ...BRIEF }),
      handsOver(BRIEF),
      handsOver({ to: "Emergency", ...BRIEF }),
    ]),
  ]);
  openDeep = await OpenDeep.start({
    CARRIER: "asterisk",
    ARI_URL: pbx.ari.url,
    ARI_USERNAME: pbx.ari.username,
    ARI_PASSWORD: pbx.ari.password,
    ARI_APP: pbx.app,
    VOICE: "openai-realtime",
    OPENAI_API_KEY: "sk-only-for-tests",
    OPENAI_BASE_URL: model.url,
  });
  const html = await (await fetch(`${openDeep.url}/agents`)).text();
  const path = /href="(\/agents\/agt_[^"#]+)"/.exec(html)?.[1];
  const targets = "Billing: +12025550107\nReception: +12025550102\nRetired: +12025550155";
  const saved = await fetch(openDeep.url + path, {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      origin: openDeep.url,
      "sec-fetch-site": "same-origin",
    },
    body: new URLSearchParams({ name: "APPU", language: "en", transferTargets: targets }).toString(),
  });
  expect(saved.status).toBe(303);
}, 60_000);

afterAll(async () => {
  await openDeep?.close();
  await Promise.all([model?.close(), pbx?.close(), people?.close()]);
  callee?.close();
  colleague?.close();
}, 30_000);

let calls = 0;
/** A sentence of the callee, so that it is the agent's turn. */
const say = async (): Promise<void> => {
  const port = await until("the callee knows where to speak", () => people.soundPorts("0101")[calls - 1]);
  const sound = Uint8Array.from({ length: 8000 }, (_, i) =>
    encodeUlaw(Math.round(7000 * Math.sin(i / 3) * Math.sin(i / 400))),
  );
  await callee.say(sound, port);
  await callee.say(new Uint8Array(12_000).fill(0xff), port);
};
const place = async (): Promise<string> => {
  calls++;
  const { callId } = await openDeep.placeCall("+12025550101", { callee_name: "Eva" });
  await openDeep.answered(callId);
  await openDeep.callWhen(callId, "was greeted", (call) => call.transcript.length > 0);
  await say();
  return callId;
};
const told = async (callId: string, type: string): Promise<Json> =>
  until(
    `${type} of ${callId}`,
    async () => (await openDeep.events(callId)).find((event) => event.type === type)?.data,
    15_000,
  );
const outputs = async (connection: number): Promise<string> =>
  JSON.stringify(
    (await model.events(connection)).received.filter((event: Json) =>
      JSON.stringify(event).includes("function_call_output"),
    ),
  );
const members = async (): Promise<number> => ((await pbx.bridges())[0]?.channels ?? []).length;
const end = async (callId: string): Promise<void> => {
  await openDeep.post(`/api/v1/calls/${callId}/hangup`);
  await openDeep.over(callId);
  await pbx.empty();
};

test.skipIf(missing)(
  "the agent connects the callee, is silent while they speak, and goes on when they hang up",
  async () => {
    const callId = await place();
    expect(await told(callId, "transfer.asked")).toMatchObject({
      to: "Billing",
      brief: "Asks for a refund. Paid twice in May.",
    });
    await told(callId, "transfer.made");
    expect(await members()).toBe(3);
    const agentTurns = async () =>
      (await openDeep.call(callId)).transcript.filter((turn: Json) => turn.speaker === "agent").length;
    const before = await agentTurns();
    await say();
    expect(await agentTurns()).toBe(before);
    expect(await told(callId, "transfer.over")).toMatchObject({ to: "Billing" });
    await until("two are left", async () => (await members()) === 2);
    await openDeep.callWhen(callId, "went on", (call) => {
      const { speaker, text } = call.transcript.at(-1);
      return speaker === "agent" && text === "I am with you.";
    });
    expect(JSON.stringify((await model.events(1)).received)).not.toContain("+12025550107");
    await end(callId);
  },
  60_000,
);

test.skipIf(missing)(
  "whoever is busy leaves the callee with the agent, which is told why and goes on",
  async () => {
    const callId = await place();
    expect(await told(callId, "transfer.failed")).toMatchObject({ to: "Reception", why: "busy" });
    await until("the agent is told", async () => (await outputs(2)).includes("the line was busy"));
    await openDeep.callWhen(callId, "went on", (call) => call.transcript.at(-1)?.text === "I am with you.");
    await end(callId);
  },
  60_000,
);

test.skipIf(missing)(
  "a name nobody gave the agent connects nobody",
  async () => {
    const callId = await place();
    await until("the agent is told", async () => (await outputs(3)).includes("nobody of that name"));
    expect((await openDeep.events(callId)).some((event) => event.type === "transfer.asked")).toBe(false);
    await end(callId);
  },
  60_000,
);

test.skipIf(missing)(
  "without a name supervisors are asked to take the call, with the agent's brief",
  async () => {
    const callId = await place();
    expect(await told(callId, "transfer.asked")).toMatchObject({ to: null });
    expect(await told(callId, "help.raised")).toMatchObject({ reason: "transfer-asked" });
    await end(callId);
    expect(await told(callId, "transfer.failed")).toMatchObject({ why: "call-over" });
  },
  60_000,
);

test.skipIf(missing)(
  "a supervisor connects the callee with a number, but with none that is on the do-not-call list",
  async () => {
    const callId = await place();
    const connect = (phone_number: string) =>
      openDeep.post(`/api/v1/calls/${callId}/transfer`, { phone_number, name: "Desk" });
    await until("the agent was refused", async () => (await outputs(5)).includes("nobody of that name"));
    await fetch(`${openDeep.url}/dnd`, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        origin: openDeep.url,
        "sec-fetch-site": "same-origin",
      },
      body: new URLSearchParams({ phone: "+12025550155", reason: "asked for it" }).toString(),
    });
    await connect("+12025550155");
    expect(await told(callId, "transfer.failed")).toMatchObject({ to: "Desk", why: "refused" });
    await connect("+12025550107");
    await told(callId, "transfer.made");
    expect(await members()).toBe(3);
    await end(callId);
  },
  60_000,
);
