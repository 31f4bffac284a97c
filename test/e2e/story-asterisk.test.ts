import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUlaw, ulawDecode } from "../../src/media/audio/g711.ts";
import { hasAsterisk, TestAsterisk } from "../support/asterisk.ts";
import { CalleeMedia } from "../support/callee-media.ts";
import { GEMINI_KEY, GeminiServer } from "../support/gemini-server/server.ts";
import { toneSpan } from "../support/likeness.ts";
import { type Json, OpenDeep } from "../support/open-deep.ts";
import { OPENAI_KEY, OpenAiTextServer } from "../support/openai-text-server/server.ts";
import { PlacesServer } from "../support/places-server/server.ts";
import { STORY } from "../support/planner-rig.ts";
import type { ConnectionScript, Reply } from "../support/realtime-server/script.ts";
import { RealtimeServer } from "../support/realtime-server/server.ts";
import { hasSipCallee, type Manner, SipCallees } from "../support/sip-callee.ts";
import { PUTS_OFF, type StoryContact, storyModel } from "../support/story-model.ts";
import { CALLEE_SPEECH, samplesOf } from "../support/telephone.ts";
import { until } from "../support/until.ts";

/** More than any test needs, on a machine with much other work: only what hangs is stopped by it. */
setDefaultTimeout(180_000);

const missing = !hasAsterisk() || !hasSipCallee();

const DENTAL: StoryContact = {
  name: "Downtown Dental",
  phone: "+12025550121",
  placeId: "ChIJ-downtown",
  zone: "America/New_York",
  says: "We have Friday at 9:30 am free.",
  answer: "Friday at 9:30 am",
};
const STUDIO: StoryContact = {
  name: "Smile Studio",
  phone: "+12025550118",
  placeId: "ChIJ-smile",
  zone: "America/New_York",
  says: "Friday at 11 am is free.",
  answer: "Friday at 11 am",
};
const CLINIC: StoryContact = {
  name: "Clinic on 5th Street",
  phone: "+12135550119",
  placeId: "ChIJ-clinic",
  zone: "America/Los_Angeles",
  says: "Monday at 2 pm is free.",
  answer: "Monday at 2 pm",
};
const CONTACTS = [DENTAL, STUDIO, CLINIC] as const;

/** A Wednesday at noon in New York, 9 am in Los Angeles. */
const WEDNESDAY = Date.parse("2026-06-10T16:00:00Z");
/** The next day at 15:00 of the clinic's own clock. */
const TOMORROW_AT_3 = "2026-06-11T22:00:00.000Z";
const MINUTE_MS = 60_000;
/** How long a whole call may take here, with a machine that has other work. */
const CALL_MS = 30_000;

const OPENING_HZ = 700;
const OPENING_MS = 600;
const opening: Reply = { text: "Hello, this is an AI assistant.", seconds: OPENING_MS / 1000, toneHz: OPENING_HZ };
const goodbye = (name: string, args: Record<string, string>): Reply => ({
  text: "Thank you and goodbye.",
  seconds: 0.6,
  toneHz: 1300,
  tools: [{ name, arguments: args }],
});
/** A second of a callee's speech; the words are the transcription's. */
const SPEECH = Uint8Array.from(samplesOf(CALLEE_SPEECH).subarray(0, 8000), (sample) => encodeUlaw(sample));

/** What the voice does and hears in one call, by what it is told about it. */
const cast = (instructions: string): ConnectionScript | null => {
  const contact = CONTACTS.find(({ name }) => instructions.includes(`You are calling ${name}.`));
  if (contact === undefined) return null;
  const isFirst = !instructions.includes("You have called about this before");
  if (contact === CLINIC && isFirst) {
    const when = { reason: "with a patient", when: "tomorrow at 3" };
    return { replies: [opening, goodbye("reschedule_call_trigger_analysis", when)], hears: [PUTS_OFF] };
  }
  return { replies: [opening, goodbye("end_call", { reason: "goal_reached" })], hears: [contact.says] };
};

describe.skipIf(missing)("on a real Asterisk, with the real clients", () => {
  const dir = mkdtempSync(join(tmpdir(), "od-story-"));
  const clockFile = join(dir, "clock");
  const media = new Map<string, CalleeMedia>();
  let pbx: TestAsterisk;
  let callees: SipCallees;
  let text: OpenAiTextServer;
  let voice: RealtimeServer;
  let search: GeminiServer;
  let places: PlacesServer;
  let openDeep: OpenDeep;

  const endingOf = ({ phone }: StoryContact): string => phone.slice(-4);
  const answers = (contact: StoryContact): Manner => ({
    does: "answer",
    ringMs: 200,
    mediaPort: media.get(contact.name)!.port,
  });
  const people = (studio: Manner): Record<string, Manner> => ({
    [endingOf(DENTAL)]: answers(DENTAL),
    [endingOf(STUDIO)]: studio,
    [endingOf(CLINIC)]: answers(CLINIC),
  });

  beforeAll(async () => {
    for (const { name } of CONTACTS) media.set(name, await CalleeMedia.open());
    callees = await SipCallees.start(people({ does: "refuse", ringMs: 200, code: 486, reason: "Busy Here" }));
    pbx = await TestAsterisk.start({ trunkPort: callees.port });
    text = new OpenAiTextServer(storyModel(CONTACTS));
    voice = new RealtimeServer({
      cast,
      others: async (request) => {
        const { pathname, search: query } = new URL(request.url);
        const { method, headers } = request;
        return await fetch(text.origin + pathname + query, { method, headers, body: await request.text() });
      },
    });
    search = new GeminiServer(() => ({
      ground: "All three are practices in Springfield.",
      queries: ["dentists springfield"],
      sources: [{ uri: "https://example.com/dentists", title: "example.com" }],
      supports: [],
    }));
    places = new PlacesServer(({ body }) => ({
      places: CONTACTS.filter(({ name }) => String(body.textQuery).includes(name)).map(
        ({ name, phone, placeId, zone }) => ({
          id: placeId,
          displayName: { text: name },
          internationalPhoneNumber: phone,
          businessStatus: "OPERATIONAL",
          timeZone: { id: zone },
        }),
      ),
    }));
    writeFileSync(clockFile, String(WEDNESDAY));
    openDeep = await OpenDeep.start(
      {
        CLOCK_FILE: clockFile,
        CALLING_WINDOW: "08:00-21:00",
        CARRIER: "asterisk",
        ARI_URL: pbx.ari.url,
        ARI_USERNAME: pbx.ari.username,
        ARI_PASSWORD: pbx.ari.password,
        ARI_APP: pbx.app,
        VOICE: "openai-realtime",
        OPENAI_API_KEY: OPENAI_KEY,
        OPENAI_BASE_URL: voice.url,
        GOOGLE_API_KEY: GEMINI_KEY,
        GOOGLE_BASE_URL: search.origin,
        PLACES_BASE_URL: places.origin,
      },
      "test/support/steered-open-deep.ts",
    );
  });

  afterAll(async () => {
    await openDeep?.close();
    await Promise.all([pbx, callees].map((one) => one?.close()));
    await Promise.all([text, voice, search, places].map((one) => one?.stop()));
    for (const one of media.values()) one.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Turns OpenDeep's calendar to an instant. */
  const turnTo = (instant: number): void => {
    writeFileSync(clockFile, String(instant));
    process.kill(openDeep.pid, "SIGUSR2");
  };

  /** The callee lets the opening end and says a sentence. */
  const talks = async (contact: StoryContact): Promise<void> => {
    const { name } = contact;
    const ear = media.get(name)!;
    const heardMs = (): number =>
      toneSpan(
        Int16Array.from(ear.sound(), (byte) => ulawDecode[byte] ?? 0),
        OPENING_HZ,
      ).soundMs;
    await until(`${name} heard the opening`, () => heardMs() >= OPENING_MS - 100, CALL_MS);
    await ear.say(SPEECH, callees.soundPorts(endingOf(contact)).at(-1)!);
    ear.packets.length = 0;
  };

  const taskOf = async (tasks: readonly Json[], { phone }: StoryContact): Promise<Json> =>
    await openDeep.task(tasks.find((task) => task.phone_number === phone).id);
  const judged = (tasks: readonly Json[], contact: StoryContact, status: string, attempts: number): Promise<Json> =>
    until(
      `${contact.name} is ${status} after ${attempts} calls`,
      async () => {
        const task = await taskOf(tasks, contact);
        return task.status === status && task.attempts === attempts ? task : null;
      },
      CALL_MS,
    );
  const page = async (path: string): Promise<string> =>
    await (await fetch(openDeep.url + path, { headers: { accept: "text/html" } })).text();

  test("one sentence becomes a report: one answers, one is busy first, one wants to be called tomorrow at 3", async () => {
    const asked = await openDeep.post("/api/chat_interaction", { username: "Eva Kralova", message: STORY });
    expect([asked.status, asked.questions.length]).toEqual(["clarifying", 1]);
    const { conversation_id } = asked;
    const planned = await openDeep.post("/api/chat_interaction", {
      conversation_id,
      answers: { on_behalf_of: "Eva Kralova" },
    });
    expect(planned.status).toBe("plan_complete");
    expect(planned.campaign_plan.contacts.map((one: Json) => [one.name, one.phone, one.source.kind])).toEqual(
      CONTACTS.map(({ name, phone }) => [name, phone, "places"]),
    );
    const confirmed = await fetch(`${openDeep.url}/plan/${conversation_id}/confirm`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: openDeep.url, "content-type": "application/x-www-form-urlencoded" },
    });
    const campaignPath = confirmed.headers.get("location") ?? "";
    expect([confirmed.status, campaignPath]).toEqual([303, expect.stringMatching(/^\/campaigns\/cmp_/)]);
    const { tasks } = await openDeep.get("/api/v1/tasks");
    expect(tasks).toHaveLength(3);

    // What was confirmed can be taken back for a while; then all three are called.
    await Promise.all([talks(DENTAL), talks(CLINIC)]);
    await judged(tasks, DENTAL, "completed", 1);
    const busy = await judged(tasks, STUDIO, "pending", 1);
    const putOff = await judged(tasks, CLINIC, "pending", 1);
    expect(putOff.next_action_time).toBe(TOMORROW_AT_3);
    expect(busy.calls.map((call: Json) => call.disposition)).toEqual(["busy"]);
    const waits = Date.parse(busy.next_action_time) - Date.parse(busy.calls[0].ended_at);
    expect(Math.abs(waits - 5 * MINUTE_MS)).toBeLessThan(MINUTE_MS);

    // The busy one has hung up meanwhile.
    const { port } = callees;
    await callees.close();
    callees = await SipCallees.start(people(answers(STUDIO)), port);
    turnTo(Date.parse(busy.next_action_time));
    await talks(STUDIO);
    const reached = await judged(tasks, STUDIO, "completed", 2);
    expect(reached.calls.map((call: Json) => call.disposition).sort()).toEqual(["answered", "busy"]);
    expect((await taskOf(tasks, CLINIC)).attempts).toBe(1);

    turnTo(Date.parse(TOMORROW_AT_3));
    await talks(CLINIC);
    await judged(tasks, CLINIC, "completed", 2);
    const second = voice.connections.at(-1)!.eventsOf("session.update")[0]!;
    expect(JSON.stringify(second)).toContain("want to be called tomorrow at 3");

    const reportPath = await until(
      "the report is written",
      async () => /\/reports\/[a-z0-9_]+/.exec(await page(campaignPath))?.[0],
      CALL_MS,
    );
    const report = await page(reportPath);
    expect(report).toContain("The earliest is Friday at 9:30 am.");
    for (const { name, answer, says } of CONTACTS) {
      for (const words of [name, answer, says]) expect(report).toContain(words);
    }
    expect(places.requests).toHaveLength(3);
    expect(search.requests).toHaveLength(1);
    const db = new Database(join(openDeep.dataDir, "opendeep.sqlite"), { readonly: true });
    const rows = db.query<{ purpose: string }, []>("SELECT DISTINCT purpose FROM model_usage ORDER BY 1").all();
    db.close();
    expect(rows.map(({ purpose }) => purpose)).toEqual([
      "analyst",
      "orchestrator",
      "places",
      "planner",
      "search_internet",
      "summarizer",
    ]);
    await pbx.empty();
    expect(pbx.complaints()).toEqual([]);
    expect(await openDeep.metric("opendeep_unhandled_errors_total")).toBe(0);
  });
});
