import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { encodeUlaw, ulawDecode } from "../../src/media/audio/g711.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { CalleeMedia } from "../support/callee-media.ts";
import { stereo, toneSpan } from "../support/likeness.ts";
import { type Json, OpenDeep } from "../support/open-deep.ts";
import { RealtimeProcess } from "../support/realtime-process.ts";
import { hasSipCallee, SipCallees } from "../support/sip-callee.ts";
import { together } from "../support/start-up.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = !hasAsterisk() || !hasSipCallee();

let callee: CalleeMedia;
let colleague: CalleeMedia;
let boss: CalleeMedia;
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
/** What whoever is briefed hears of the voice that briefs them. */
const CONSULT_HZ = 1100;
const CALLEE_HZ = 400;
const BOSS_HZ = 800;
const consult = (...decides: ("accept_call" | "decline_call")[]) => ({
  replies: [
    { text: "Eva is on the line. Do you take it?", seconds: 1.6, toneHz: CONSULT_HZ },
    ...decides.map((name) => ({
      text: "As you say.",
      seconds: name === "accept_call" ? 0.5 : 0,
      toneHz: CONSULT_HZ,
      tools: [{ name, arguments: {} }],
    })),
  ],
  otherwise: { text: "Goodbye.", seconds: 0.6, toneHz: CONSULT_HZ },
});
const BRIEF = { reason: "Asks for a refund", brief: "Paid twice in May." };

beforeAll(async () => {
  if (missing) return;
  [callee, colleague, boss] = await Promise.all([CalleeMedia.open(), CalleeMedia.open(), CalleeMedia.open()]);
  people = await SipCallees.start({
    "0101": { does: "answer", ringMs: 50, mediaPort: callee.port },
    "0105": { does: "answer", ringMs: 50, mediaPort: callee.port, byeAfterMs: 7000 },
    "0103": { does: "answer", ringMs: 50, mediaPort: callee.port },
    "0102": { does: "refuse", ringMs: 100, code: 486, reason: "Busy Here" },
    "0107": { does: "answer", ringMs: 100, mediaPort: colleague.port, byeAfterMs: 5000 },
    "0108": { does: "answer", ringMs: 100, mediaPort: boss.port },
  });
  [pbx, model] = await together(
    TestAsterisk.start({ trunkPort: people.port }),
    RealtimeProcess.start([
      handsOver({ to: "Billing", ...BRIEF }),
      handsOver({ to: "Reception", ...BRIEF }),
      handsOver({ to: "The boss", ...BRIEF }),
      handsOver(BRIEF),
      handsOver({ to: "Emergency", ...BRIEF }),
      handsOver({ to: "Boss", ...BRIEF, warm: true }),
      consult("accept_call"),
      handsOver({ to: "Boss", ...BRIEF, warm: true }),
      consult("decline_call"),
      handsOver({ to: "Boss", ...BRIEF, warm: true }),
      consult(),
    ]),
  );
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
  const targets = "Billing: +12025550107\nReception: +12025550102\nRetired: +12025550155\nBoss: +12025550108";
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
});

afterAll(async () => {
  await openDeep?.close();
  await Promise.all([model?.close(), pbx?.close(), people?.close()]);
  callee?.close();
  colleague?.close();
  boss?.close();
});

const calls = { "0101": 0, "0103": 0, "0105": 0 };
/** A sentence of the callee, so that it is the agent's turn. */
const say = async (ending: keyof typeof calls = "0101"): Promise<void> => {
  const port = await until("the callee knows where to speak", () => people.soundPorts(ending)[calls[ending] - 1]);
  const sound = Uint8Array.from({ length: 8000 }, (_, i) =>
    encodeUlaw(Math.round(7000 * Math.sin(i / 3) * Math.sin(i / 400))),
  );
  await callee.say(sound, port);
  await callee.say(new Uint8Array(12_000).fill(0xff), port);
};
const place = async (ending: keyof typeof calls = "0101"): Promise<string> => {
  calls[ending]++;
  const { callId } = await openDeep.placeCall(`+1202555${ending}`, { callee_name: "Eva" });
  await openDeep.answered(callId);
  await openDeep.callWhen(callId, "was greeted", (call) => call.transcript.length > 0);
  await say(ending);
  return callId;
};
const told = async (callId: string, type: string): Promise<Json> =>
  until(
    `${type} of ${callId}`,
    async () => (await openDeep.events(callId)).find((event) => event.type === type)?.data,
    120_000,
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
  180_000,
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
  180_000,
);

test.skipIf(missing)(
  "a name nobody gave the agent connects nobody",
  async () => {
    const callId = await place();
    await until("the agent is told", async () => (await outputs(3)).includes("nobody of that name"));
    expect((await openDeep.events(callId)).some((event) => event.type === "transfer.asked")).toBe(false);
    await end(callId);
  },
  180_000,
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
  180_000,
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
  180_000,
);

const tone = (hz: number, seconds: number): Uint8Array =>
  Uint8Array.from({ length: 8000 * seconds }, (_, i) =>
    encodeUlaw(Math.round(7000 * Math.sin((2 * Math.PI * hz * i) / 8000))),
  );
const decoded = (sound: Uint8Array): Int16Array => Int16Array.from(sound, (code) => ulawDecode[code]!);
const heardMs = (sound: Int16Array, hz: number): number => toneSpan(sound, hz).soundMs;
/** Sound of the boss, to where Asterisk takes it. */
const bossSays = async (sound: Uint8Array): Promise<void> => boss.say(sound, people.soundPorts("0108").at(-1) ?? 0);
const calleeSays = async (sound: Uint8Array): Promise<void> => callee.say(sound, people.soundPorts("0103").at(-1) ?? 0);
const briefed = (callId: string) =>
  until("the boss is briefed", () => (heardMs(decoded(boss.sound()), CONSULT_HZ) > 1000 ? callId : undefined));
/** Neither the media thread nor the model has a line that is still open. */
const nothingIsLeft = async (): Promise<void> => {
  await until("the media thread carries no call", async () =>
    /^opendeep_media_calls(\{.*\})? 0$/m.test(await (await fetch(`${openDeep.url}/metrics`)).text()),
  );
  expect((await model.connections()).filter((one) => one.isOpen)).toEqual([]);
};
const placeWarm = async (ending: keyof typeof calls = "0103"): Promise<string> => {
  for (const at of [callee, boss]) at.packets.length = 0;
  return briefed(await place(ending));
};

test.skipIf(missing)(
  "whom the agent speaks with first hears what it is about in private, and the callee once they take the call",
  async () => {
    const callId = await placeWarm();
    // Two private lines: each of two people with an AI.
    expect((await pbx.bridges()).map(({ channels = [] }) => channels.length)).toEqual([2, 2]);
    await Promise.all([calleeSays(tone(CALLEE_HZ, 1)), Bun.sleep(900)]);
    expect((await openDeep.events(callId)).some((event) => event.type === "transfer.made")).toBe(false);
    const whileBriefed = decoded(boss.sound());
    await bossSays(tone(BOSS_HZ, 1));
    await bossSays(new Uint8Array(8000).fill(0xff));
    await told(callId, "transfer.made");
    await until("three are together", async () => {
      const bridges = await pbx.bridges();
      return bridges.length === 1 && bridges[0]?.channels?.length === 3;
    });
    const before = decoded(callee.sound());
    await bossSays(tone(BOSS_HZ, 1));
    await calleeSays(tone(CALLEE_HZ, 1));
    await Bun.sleep(200);
    const calleeHeard = decoded(callee.sound());
    const bossHeard = decoded(boss.sound());
    const [agentHeard, consultHeard] = await Promise.all([6, 7].map(async (n) => decoded(await model.heard(n))));
    const table = {
      bossWasBriefed: heardMs(whileBriefed, CONSULT_HZ) > 1400,
      bossHeardCalleeBefore: heardMs(whileBriefed, CALLEE_HZ),
      calleeHeardBossBefore: heardMs(before, BOSS_HZ),
      calleeHeardBrief: heardMs(calleeHeard, CONSULT_HZ),
      agentHeardBrief: heardMs(agentHeard!, CONSULT_HZ),
      consultHeardCallee: heardMs(consultHeard!, CALLEE_HZ),
      consultHeardBoss: heardMs(consultHeard!, BOSS_HZ) > 800,
      calleeHeardBoss: heardMs(calleeHeard, BOSS_HZ) > 800,
      bossHeardCallee: heardMs(bossHeard, CALLEE_HZ) > 800,
    };
    expect(table).toEqual({
      bossWasBriefed: true,
      bossHeardCalleeBefore: 0,
      calleeHeardBossBefore: 0,
      calleeHeardBrief: 0,
      agentHeardBrief: 0,
      consultHeardCallee: 0,
      consultHeardBoss: true,
      calleeHeardBoss: true,
      bossHeardCallee: true,
    });
    const session = JSON.stringify((await model.events(7)).received);
    expect(session).toContain("Asks for a refund. Paid twice in May.");
    expect(session).not.toContain("+1202555");
    expect((await model.connections()).map((one) => one.isOpen).slice(5)).toEqual([true, false]);
    await end(callId);
    await nothingIsLeft();
    const call = await openDeep.call(callId);
    expect(call.transcript.some(({ text }: Json) => text.includes("Do you take it?"))).toBe(false);
    const { left, right } = stereo(await openDeep.recording(callId));
    expect([heardMs(left, CONSULT_HZ), heardMs(right, CONSULT_HZ)]).toEqual([0, 0]);
    expect(heardMs(left, BOSS_HZ)).toBeGreaterThan(800);
  },
  180_000,
);

test.skipIf(missing)(
  "who does not take the call is thanked and let go, and the agent goes on with the callee, knowing why",
  async () => {
    const callId = await placeWarm();
    await bossSays(tone(BOSS_HZ, 1));
    await bossSays(new Uint8Array(8000).fill(0xff));
    expect(await told(callId, "transfer.failed")).toMatchObject({ to: "Boss", why: "declined" });
    await until("the agent is told", async () => (await outputs(8)).includes("they could not take the call"));
    await openDeep.callWhen(callId, "went on", (call) => call.transcript.at(-1)?.text === "I am with you.");
    await until("the boss is gone", async () => (await pbx.bridges()).length === 1);
    expect(await members()).toBe(2);
    expect(heardMs(decoded(callee.sound()), CONSULT_HZ)).toBe(0);
    await end(callId);
    await nothingIsLeft();
  },
  180_000,
);

test.skipIf(missing)(
  "a callee who hangs up while somebody is briefed ends that too, with a word to them",
  async () => {
    const callId = await placeWarm("0105");
    expect((await openDeep.over(callId)).hangup_cause).toBe("callee-hung-up");
    expect(await told(callId, "transfer.failed")).toMatchObject({ to: "Boss", why: "call-over" });
    // The brief itself lasts 1.6 s, the word after it 0.6 s.
    await until("the boss is told", () => heardMs(decoded(boss.sound()), CONSULT_HZ) > 2000);
    expect(JSON.stringify((await model.events(11)).received)).toContain("not on the line any more");
    await pbx.empty();
    await nothingIsLeft();
  },
  180_000,
);
