import { beforeEach, describe, expect, test } from "bun:test";
import type { CampaignPlan } from "../../../src/core/campaign-plan.ts";
import type { Campaign } from "../../../src/core/store/campaign-record.ts";
import type { Task } from "../../../src/core/store/task-record.ts";
import type { NewVerdict } from "../../../src/core/store/verdict-record.ts";
import { answerCall, endCall, openServer, type ServerRig, settle } from "../../support/server-rig.ts";

const NAMES = ["Downtown Dental", "Smile Studio", "<script>alert(1)</script>"];

let server: ServerRig;
let campaign: Campaign;
let tasks: Task[];

const scheduled = async (changes: { undoMs?: number; plan?: Partial<CampaignPlan> } = {}) => {
  const at = new Date(server.clock.now()).toISOString();
  const contacts = NAMES.map((name, i) => ({
    name,
    phone: `+1202555010${i}`,
    source: { kind: "user" as const, at },
    timezone: "America/New_York",
  }));
  const plan = {
    title: "Dental cleaning",
    question: "Where is the earliest cleaning?",
    master_agent_prompt: "Book a cleaning.",
    contacts,
    schedule: {},
    max_attempts: 2,
    ...changes.plan,
  };
  const made = { plan, userId: null, conversationId: null, idempotencyKey: null, undoMs: changes.undoMs ?? 0 };
  return server.store.campaigns.schedule(server.tenantId, made);
};

beforeEach(async () => {
  server = await openServer({ dialing: "waits" });
  ({ campaign, tasks } = await scheduled());
});

/** Dials the next contact, lets it talk and end, and judges it. */
const judge = async (verdict: Partial<NewVerdict>): Promise<string> => {
  const { store, tenantId, clock } = server;
  const [due] = await store.tasks.claimDue(tenantId, { now: clock.now(), leaseMs: 1000, limit: 1 });
  if (!due) throw new Error("nothing is due");
  const order = { taskId: due.id, leaseToken: due.leaseToken, carrier: "scripted", voice: "scripted", to: due.phone };
  const created = await store.calls.create(tenantId, { ...order, at: clock.now() });
  if (!created.ok) throw new Error(created.reason);
  const { id: callId } = created.call;
  await answerCall(server, callId);
  await endCall(server, callId);
  const [claimed] = await store.tasks.claimAnalysis(tenantId, { now: clock.now(), leaseMs: 1000, limit: 1 });
  if (!claimed) throw new Error("nothing is to be judged");
  const plain = {
    reason: "they talked",
    summary: "They talked.",
    facts: [],
    sentiment: null,
    judgedBy: "rules",
  } as const;
  const full = { ...plain, callId, to: "completed", taskCompleted: true, disposition: "answered", ...verdict };
  await store.tasks.applyVerdict(tenantId, claimed.id, claimed.leaseToken, full as NewVerdict);
  return callId;
};

const pageText = async (path: string): Promise<string> => {
  const response = await server.page(path);
  expect(response.status).toBe(200);
  return response.text();
};

describe("a campaign's page", () => {
  test("says how many requests its cost leaves out because they have no known price", async () => {
    expect(await pageText(`/campaigns/${campaign.id}`)).not.toContain("without a known price");
    const used = { purpose: "places", provider: "Google Places", model: "places", counters: {}, costUsd: null };
    await server.store.usage.add(server.tenantId, { ...used, at: server.clock.now(), subjectId: campaign.id });
    expect(await pageText(`/campaigns/${campaign.id}`)).toContain("$0.00 and 1 request without a known price");
  });

  test("shows its contacts in the order of the plan, each with its calls, reasons and next time in both zones", async () => {
    await judge({
      to: "pending",
      taskCompleted: false,
      reason: "asked for a later call",
      nextActionAt: Date.UTC(2026, 5, 11, 19),
    });
    const html = await pageText(`/campaigns/${campaign.id}`);
    const places = tasks.map(({ id }) => html.indexOf(`id="contact-${id}"`));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places.toSorted((a, b) => a - b)).toEqual(places);
    expect(html).toContain("Asked for a later call.");
    expect(html).toContain("Thu 11 Jun, 15:00 GMT-4");
    expect(html).toContain("Yours:");
    expect(html).toContain("To be tried again");
    expect(html).toContain("0 of 3 done, 0 reached");
  });

  test("links a quote to that second of the recording", async () => {
    const facts = [{ name: "slot", value: "Thursday", quote: "Thursday is free", atMs: 12_340 }];
    const callId = await judge({ facts });
    const html = await pageText(`/campaigns/${campaign.id}`);
    expect(html).toContain(`href="/calls/${callId}?t=12.3"`);
    const call = await pageText(`/calls/${callId}?t=12.3`);
    expect(call).not.toContain("#t=");
    await server.store.recordings.open(server.tenantId, callId, { path: "recordings/a.wav" });
    await server.store.recordings.close(server.tenantId, callId, { durationMs: 42_000, bytes: 10 });
    expect(await pageText(`/calls/${callId}?t=12.3`)).toContain(`recording.wav#t=12.3"`);
    expect(await pageText(`/calls/${callId}?t=never`)).not.toContain("#t=");
  });

  test("never runs what a contact is called", async () => {
    const html = await pageText(`/campaigns/${campaign.id}`);
    expect(html).not.toContain("<script>alert");
    expect(html).toContain("&lt;script&gt;alert");
  });

  test("offers Undo while nothing is dialed, then Pause and End, Resume when paused, and nothing when it is over", async () => {
    const { campaign: young } = await scheduled({ undoMs: 10_000 });
    const path = `/campaigns/${young.id}`;
    const verbs = async () =>
      [...(await pageText(path)).matchAll(new RegExp(`action="${path}/(\\w+)"`, "g"))].map((match) => match[1] ?? "");
    expect(await verbs()).toEqual(["undo"]);
    server.clock.advance(10_000);
    expect(await verbs()).toEqual(["pause", "end"]);
    await server.store.campaigns.pause(server.tenantId, young.id);
    expect(await verbs()).toEqual(["resume", "end"]);
    await server.store.campaigns.end(server.tenantId, young.id, "enough");
    expect(await verbs()).toEqual([]);
  });

  test("asks before it is ended, and says how many stay uncalled", async () => {
    const html = await pageText(`/campaigns/${campaign.id}`);
    const form = new RegExp(`<form[^>]*action="/campaigns/${campaign.id}/end"[^>]*>`).exec(html)?.[0] ?? "";
    expect(form).toContain("3 contacts stay uncalled");
  });

  test("counts outcomes in words and figures, so that nothing hangs on the colour of a bar", async () => {
    await judge({});
    await judge({ to: "failed_conclusive", taskCompleted: false, disposition: "busy" });
    const html = await pageText(`/campaigns/${campaign.id}`);
    const table = html.slice(html.indexOf('id="outcomes"'), html.indexOf("</table>", html.indexOf('id="outcomes"')));
    expect(table).toMatch(/Reached the goal.*33 %.*Busy.*33 %.*No result yet.*33 %/s);
  });

  test("that never was is not found, nor are its report and its stream", async () => {
    expect((await server.page("/campaigns/cmp_nothing")).status).toBe(404);
    expect((await server.page(`/campaigns/${"x".repeat(500)}`)).status).toBe(404);
    expect((await server.page("/reports/cmp_nothing")).status).toBe(404);
    expect((await server.page("/sse/campaigns/cmp_nothing")).status).toBe(404);
  });

  test("of many contacts is shown page by page", async () => {
    const at = new Date(server.clock.now()).toISOString();
    const contacts = Array.from({ length: 120 }, (_, i) => ({
      name: `Contact ${i}`,
      phone: `+1202555${1000 + i}`,
      source: { kind: "user" as const, at },
    }));
    const { campaign: long, tasks: all } = await scheduled({ plan: { contacts } });
    const seen = new Set<string>();
    let path: string | null = `/campaigns/${long.id}`;
    for (let pages = 0; path !== null && pages < 5; pages++) {
      const html: string = await pageText(path);
      for (const [, id] of html.matchAll(/id="contact-(tsk_\w+)"/g)) if (id) seen.add(id);
      path = /href="(\/campaigns\/\w+\?before=\w+)" rel="next"/.exec(html)?.[1] ?? null;
    }
    expect(seen.size).toBe(all.length);
  });
});

describe("steering a campaign", () => {
  const post = (verb: string, id = campaign.id) => server.form(`/campaigns/${id}/${verb}`, {});
  const status = async () => (await server.store.campaigns.get(server.tenantId, campaign.id))?.status;

  test("pauses, resumes and ends it, and leads back to its page", async () => {
    for (const [verb, then] of [
      ["pause", "paused"],
      ["resume", "active"],
      ["end", "ended"],
    ] as const) {
      const response = await post(verb);
      expect([response.status, response.headers.get("location")]).toEqual([303, `/campaigns/${campaign.id}`]);
      expect(await status()).toBe(then);
    }
    expect((await server.store.tasks.countByStatus(server.tenantId)).cancelled).toBe(3);
  });

  test("takes it back for as long as it can be undone, and says why not afterwards", async () => {
    const { campaign: young } = await scheduled({ undoMs: 10_000 });
    expect((await post("undo", young.id)).status).toBe(303);
    expect(await pageText(`/campaigns/${young.id}`)).toContain("Taken back");
    const late = await post("undo");
    expect(late.status).toBe(409);
    expect(await late.text()).toContain("End the campaign instead");
  });

  test("is refused once it is over, and where there is none", async () => {
    await post("end");
    expect((await post("pause")).status).toBe(409);
    expect((await post("end", "cmp_nothing")).status).toBe(404);
  });
});

describe("the stream of a campaign", () => {
  const follow = async (path: string) => {
    const aborted = new AbortController();
    const response = await server.app.request(path, { signal: aborted.signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader();
    const state = { text: "", over: false };
    const pumping = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        state.text += value;
      }
      state.over = true;
    })().catch(() => {});
    return {
      state,
      news: async () => {
        await settle();
        const seen = state.text;
        state.text = "";
        return seen;
      },
      leave: async () => {
        await reader.cancel();
        aborted.abort();
        await pumping;
      },
    };
  };

  test("begins with every region and then sends what changed", async () => {
    const stream = await follow(`/sse/campaigns/${campaign.id}`);
    const first = await stream.news();
    for (const region of ["#campaign-head", "#campaign-figures", "#outcomes", "#contacts"]) {
      expect(first).toContain(`hx-target="${region}"`);
    }
    server.timers.advance(250);
    await server.store.campaigns.pause(server.tenantId, campaign.id);
    const second = await stream.news();
    expect(second).toContain('hx-target="#campaign-head"');
    expect(second).toContain("Resume");
    expect(second).not.toContain('hx-target="#contacts"');
    await stream.leave();
  });

  test("ends when the report is written", async () => {
    const stream = await follow(`/sse/campaigns/${campaign.id}`);
    await stream.news();
    server.timers.advance(250);
    await server.store.reports.put(server.tenantId, {
      campaignId: campaign.id,
      headline: "h",
      summary: "s",
      rows: [],
      costUsd: 0,
      writtenBy: "rules",
    });
    const last = await stream.news();
    expect(last).toContain("Read the report");
    expect(last).toContain("event: over");
    expect(stream.state.over).toBe(true);
  });
});

describe("the list of campaigns", () => {
  test("names each with its progress, and invites to plan when there is none", async () => {
    await judge({});
    const html = await pageText("/campaigns");
    expect(html).toContain(`href="/campaigns/${campaign.id}"`);
    expect(html).toContain("1 of 3 done, 1 reached");
    server = await openServer();
    expect(await pageText("/campaigns")).toContain("No campaigns yet");
  });
});

describe("a report's page", () => {
  const written = () =>
    server.store.reports.put(server.tenantId, {
      campaignId: campaign.id,
      headline: "The earliest is Thursday.",
      summary: "One answered.",
      rows: [
        {
          taskId: "tsk_1",
          name: "=HYPERLINK(1)",
          phone: "+12025550100",
          status: "completed",
          answer: 'Thursday, "early"',
          quote: { text: "Thursday is free", callId: "call_1", atMs: 12_340 },
          reason: "",
          attempts: 1,
        },
        {
          taskId: "tsk_2",
          name: "Smile Studio",
          phone: "+12025550101",
          status: "failed_conclusive",
          answer: "",
          quote: null,
          reason: "do-not-call",
          attempts: 0,
        },
      ],
      costUsd: 0.25,
      writtenBy: "model",
    });

  test("begins with the answer to the question and says what each contact said, or why nothing", async () => {
    await written();
    const html = await pageText(`/reports/${campaign.id}`);
    expect(html).toMatch(/<h1[^>]*>The earliest is Thursday\.<\/h1>/);
    expect(html).toContain("Where is the earliest cleaning?");
    expect(html).toContain('href="/calls/call_1?t=12.3"');
    expect(html).toContain("0:12</a>");
    expect(html).toContain("The number is on the do-not-call list.");
    expect(html).toContain("1 of 2 contacts reached");
    expect(html).toContain("$0.25");
  });

  test("says how far the calls are while there is none", async () => {
    await judge({});
    const html = await pageText(`/reports/${campaign.id}`);
    expect(html).toContain("1 of 3 contacts are done");
    expect((await server.page(`/reports/${campaign.id}/table.csv`)).status).toBe(404);
  });

  test("is a file for a spreadsheet too, in which nothing runs as a formula", async () => {
    await written();
    const response = await server.page(`/reports/${campaign.id}/table.csv`);
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(new TextDecoder().decode(bytes).split("\r\n")).toEqual([
      "name,phone,status,answer,quote,quote_at_s,recording,reason,attempts",
      `'=HYPERLINK(1),+12025550100,completed,"Thursday, ""early""",Thursday is free,12.3,http://localhost/calls/call_1?t=12.3,,1`,
      "Smile Studio,+12025550101,failed_conclusive,,,,,do-not-call,0",
      "",
    ]);
  });
});
