import { describe, expect, test } from "bun:test";
import { STORY, STORY_ANSWERS } from "../../support/planner-rig.ts";
import { openServer, type ServerRig, settle } from "../../support/server-rig.ts";

const answers = Object.fromEntries(Object.entries(STORY_ANSWERS).map(([name, value]) => [`answer.${name}`, value]));

/** A plan that is ready, with its page's path. */
const planned = async (server: ServerRig): Promise<string> => {
  const begun = await server.form("/plan", { message: STORY });
  const path = begun.headers.get("location") ?? "";
  await server.form(`${path}/answers`, answers);
  return path;
};
const text = async (server: ServerRig, path: string): Promise<string> => (await server.page(path)).text();
const planOf = async (server: ServerRig, path: string) =>
  (await server.store.conversations.get(server.tenantId, path.split("/")[2] ?? ""))?.plan;

describe("a plan's pages", () => {
  test("lead from the text box of the start page to a form, a plan and its confirmation, without a script", async () => {
    const server = await openServer();
    expect(await text(server, "/")).toContain("What should I call about?");
    const begun = await server.form("/plan", { message: STORY, display_name: "Ada" });
    expect(begun.status).toBe(303);
    const path = begun.headers.get("location") ?? "";
    const asking = await text(server, path);
    expect(asking).toContain("For whom do I call?");
    expect(asking).toContain("<b>Ada</b>, fixed with the first message");
    expect(asking).not.toContain("/confirm");
    expect((await server.form(`${path}/answers`, answers)).headers.get("location")).toBe(path);
    const ready = await text(server, path);
    expect(ready).toContain("+12025550121");
    expect(ready).toContain("Demo data, belongs to nobody");
    expect(ready).toContain(`href="${path}/confirm"`);
    expect((await planOf(server, path))?.agent_name).toBe("Ada");
    expect(await text(server, "/plan")).toContain("Earliest cleaning after Thursday 3 pm");
  });

  test("confirm says who, when on both clocks, how many tries and what it costs, and schedules once", async () => {
    const server = await openServer();
    const path = await planned(server);
    const shown = await text(server, `${path}/confirm`);
    for (const part of [
      "Downtown Dental",
      "Theirs:",
      "America/New_York",
      "Yours:",
      "Europe/Prague",
      "9 calls in all",
      "Nothing: the calls",
    ]) {
      expect(shown).toContain(part);
    }
    const key = /name="key" value="([^"]+)"/.exec(shown)?.[1] ?? "";
    const first = await server.form(`${path}/confirm`, { key });
    const second = await server.form(`${path}/confirm`, { key });
    expect(first.headers.get("location")).toMatch(/^\/campaigns\/cmp_/);
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(await server.store.tasks.list(server.tenantId, { limit: 50 })).toHaveLength(3);
    expect(await server.store.campaigns.list(server.tenantId, { limit: 50 })).toHaveLength(1);
    expect((await server.form(`${path}/messages`, { message: "More" })).status).toBe(409);
  });

  test("two confirmations at the same moment make one campaign", async () => {
    const server = await openServer();
    const path = await planned(server);
    const both = await Promise.all([server.form(`${path}/confirm`, {}), server.form(`${path}/confirm`, {})]);
    expect(new Set(both.map((one) => one.headers.get("location"))).size).toBe(1);
    expect(await server.store.campaigns.list(server.tenantId, { limit: 50 })).toHaveLength(1);
  });

  test("what is confirmed is what was shown: a plan changed meanwhile is looked at again", async () => {
    const server = await openServer();
    const path = await planned(server);
    const key = /name="key" value="([^"]+)"/.exec(await text(server, `${path}/confirm`))?.[1] ?? "";
    await server.form(`${path}/facts`, { fact: "max_attempts", value: "1" });
    expect((await server.form(`${path}/confirm`, { key })).status).toBe(409);
    expect(await server.store.campaigns.list(server.tenantId, { limit: 50 })).toEqual([]);
  });

  test("a plan that is being corrected cannot be confirmed", async () => {
    const server = await openServer();
    const path = await planned(server);
    await server.form(`${path}/messages`, { message: "No, change the plan" });
    expect(await text(server, path)).toContain("Being changed");
    expect((await server.page(`${path}/confirm`)).status).toBe(409);
    expect((await server.form(`${path}/confirm`, {})).status).toBe(409);
  });

  test("somebody on the do-not-call list is named before anything is confirmed", async () => {
    const server = await openServer();
    const path = await planned(server);
    await server.store.dnd.add(server.tenantId, { phone: "+12025550121", reason: "asked", source: "user" });
    expect(await text(server, `${path}/confirm`)).toContain("On the do-not-call list: is not called");
  });

  test("each fact can be edited, and a bad number changes nothing and says why", async () => {
    const server = await openServer();
    const path = await planned(server);
    for (const [fact, value] of Object.entries({
      title: "Teeth",
      organization: "",
      window: "9:00 - 17:30",
      days: "Monday, tue",
      not_before: "2030-06-11T15:00",
      max_attempts: "2",
    })) {
      expect((await server.form(`${path}/facts`, { fact, value })).status).toBe(303);
    }
    const plan = await planOf(server, path);
    expect(plan).toMatchObject({
      title: "Teeth",
      max_attempts: 2,
      schedule: { window: { from: "09:00", to: "17:30" }, days: ["mon", "tue"], not_before: "2030-06-11T15:00" },
    });
    expect(plan).not.toHaveProperty("organization");
    const contact = { name: "New", phone: "911", timezone: "", context: "" };
    const refused = await server.form(`${path}/contacts/0`, contact);
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain("emergency");
    expect((await server.form(`${path}/facts`, { fact: "max_attempts", value: "many" })).status).toBe(422);
    expect((await server.form(`${path}/facts`, { fact: "constructor", value: "x" })).status).toBe(409);
    expect(await planOf(server, path)).toEqual(plan);
    await server.form(`${path}/contacts/0`, { ...contact, phone: "+12025550144" });
    await server.form(`${path}/contacts/1`, { remove: "yes" });
    const contacts = (await planOf(server, path))?.contacts;
    expect(contacts?.map(({ name, source }) => [name, source.kind])).toEqual([
      ["New", "user"],
      ["Clinic on 5th Street", "places"],
    ]);
  });

  test("an empty message comes back in its form, and too long a name too", async () => {
    const server = await openServer();
    const empty = await server.form("/plan", { message: " " });
    expect(empty.status).toBe(422);
    expect(await empty.text()).toContain("Say what to call about");
    expect((await server.form("/plan", { message: "Hi", display_name: "x".repeat(61) })).status).toBe(422);
    expect(
      await server.store.conversations.list(server.tenantId, { userId: server.parts.owner.userId, limit: 5 }),
    ).toEqual([]);
  });

  test("words of users, models and lists are only ever text", async () => {
    const server = await openServer();
    const evil = '<script>alert(1)</script><hx-partial hx-target="#page">x</hx-partial>"><img src=x onerror=alert(1)>';
    const begun = await server.form("/plan", { message: `Call ${evil} and book ${evil}`, display_name: "<b>Ada</b>" });
    const path = begun.headers.get("location") ?? "";
    await server.form(`${path}/answers`, { ...answers, "answer.details": evil });
    for (const page of [path, `${path}/confirm`, "/plan"]) {
      const shown = await text(server, page);
      expect(shown).not.toContain("<script>alert");
      expect(shown).not.toContain("<img src=x");
      expect(shown).not.toContain('<hx-partial hx-target="#page">');
      expect(shown).not.toContain("<b>Ada</b>");
    }
  });

  test("a conversation of somebody else does not exist", async () => {
    const server = await openServer();
    const other = await server.store.conversations
      .create(server.tenantId, { userId: "usr_other", displayName: "X" })
      .catch(() => null);
    for (const id of [other?.id ?? "cnv_none", "x".repeat(100)]) {
      expect((await server.page(`/plan/${id}`)).status).toBe(404);
      expect((await server.form(`/plan/${id}/messages`, { message: "x" })).status).toBe(404);
    }
  });
});

describe("the stream of a plan", () => {
  test("shows the words as they are written to whoever looks, then the form", async () => {
    let release = (): void => {};
    const server = await openServer();
    const { planner } = server.parts.planning;
    const { conversations } = server.store;
    const { tenantId } = server;
    const { id } = await conversations.create(tenantId, { userId: server.parts.owner.userId, displayName: "APPU" });
    void release;
    const response = await server.page(`/sse/plan/${id}`);
    const reader = response.body!.getReader();
    const next = async (): Promise<string> => {
      const { value } = await reader.read();
      return new TextDecoder().decode(value);
    };
    expect(await next()).toContain('hx-target="#plan-turns"');
    const begun = await planner.say(tenantId, id, { text: STORY });
    release = () => {};
    if (!begun.ok) throw new Error(begun.reason);
    await begun.running.over;
    await settle();
    server.timers.advance(1000);
    expect(await next()).toContain("Submit answers");
    await reader.cancel();
  });
});

describe("contacts from a list", () => {
  const LIST = "name;tel\nBlue;+12025550150\nBad;12345\nDown;+12025550121\nNever;+12025550151";

  test("come into a plan in four steps, and nothing is added before the last", async () => {
    const server = await openServer();
    const path = await planned(server);
    await server.store.dnd.add(server.tenantId, { phone: "+12025550151", reason: "asked", source: "user" });
    const body = new FormData();
    body.set("list", "");
    body.set("file", new File([LIST], "list.csv"));
    const uploaded = await server.app.request(`${path}/import`, {
      method: "POST",
      body,
      headers: { accept: "text/html", origin: "http://localhost", "sec-fetch-site": "same-origin" },
    });
    const draft = uploaded.headers.get("location") ?? "";
    expect(await text(server, draft)).toContain('<option value="phone" selected');
    const columns = { "column.0": "name", "column.1": "phone", country: "US" };
    expect((await server.form(draft, columns)).headers.get("location")).toBe(`${draft}/review`);
    const review = await text(server, `${draft}/review`);
    expect(review).toMatch(/New<\/dt><dd>1/);
    expect(review).toMatch(/On the plan already<\/dt><dd>1/);
    expect(review).toMatch(/do-not-call list<\/dt><dd>1/);
    const bad = await server.page(`${draft}/bad.csv`);
    expect(bad.headers.get("content-disposition")).toContain("attachment");
    expect(await bad.text()).toBe(
      "name,tel,reason\r\nBad,12345,No such number exists. Check the country code and the number of digits.",
    );
    expect((await planOf(server, path))?.contacts).toHaveLength(3);
    const done = await server.form(`${draft}/done`, {});
    expect(await text(server, done.headers.get("location") ?? "")).toContain("1 contact was added");
    expect((await planOf(server, path))?.contacts.at(-1)).toMatchObject({
      name: "Blue",
      source: { kind: "csv", ref: "row 1" },
    });
    expect((await server.form(`${draft}/done`, {})).status).toBe(404);
  });

  test("are refused when there is nothing to read", async () => {
    const server = await openServer();
    const path = await planned(server);
    expect((await server.form(`${path}/import`, { list: " " })).status).toBe(422);
    expect((await server.form(`${path}/import`, { list: "a\0b" })).status).toBe(422);
    expect((await server.page(`${path}/import/req_none`)).status).toBe(404);
  });
});
