import { expect, test } from "bun:test";
import { METER } from "../../../src/media/engine/meters.ts";
import type { Present } from "../../../src/media/supervision/messages.ts";
import { answerCall, endCall, openServer, type ServerRig, settle } from "../../support/server-rig.ts";

/** Reads a stream of the server as a page does. */
const follow = async (server: ServerRig, path: string) => {
  const aborted = new AbortController();
  const response = await server.app.request(path, { signal: aborted.signal });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader();
  let text = "";
  let isOver = false;
  const pump = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
    }
    isOver = true;
  };
  const pumping = pump().catch(() => {});
  return {
    /** What came since the last time. */
    async news(): Promise<string> {
      await settle();
      const seen = text;
      text = "";
      return seen;
    },
    get isOver() {
      return isOver;
    },
    async leave(): Promise<void> {
      await reader.cancel();
      aborted.abort();
      await pumping;
      await settle();
    },
  };
};

test("a stream begins with the whole region, so that nothing missed matters", async () => {
  const server = await openServer();
  const call = await server.call({ calleeName: "Front desk" });
  const stream = await follow(server, "/sse/calls");
  const snapshot = await stream.news();
  expect(snapshot).toContain('hx-target="#live-rows"');
  expect(snapshot).toContain(`live-${call.id}`);
  expect(snapshot).toContain('hx-target="#recent-rows"');
  await stream.leave();
});

test("changes reach the board in one update for many, four times a second at most", async () => {
  const server = await openServer();
  const call = await server.call();
  const stream = await follow(server, "/sse/calls");
  await stream.news();
  await answerCall(server, call.id);
  expect(await stream.news()).toBe("");
  server.timers.advance(250);
  const update = await stream.news();
  expect(update.match(/^data: /gm)).toHaveLength(1);
  expect(update).toContain(`hx-target="#live-${call.id}"`);
  expect(update).toContain("Talking");
  expect(update).not.toContain("Ringing");
  await stream.leave();
});

test("calls that come and go appear on and leave the board", async () => {
  const server = await openServer();
  const stream = await follow(server, "/sse/calls");
  expect(await stream.news()).toContain("No calls right now");
  server.timers.advance(250);
  const call = await server.call();
  await settle();
  server.timers.advance(250);
  const arrival = await stream.news();
  expect(arrival).toContain(`<tr id="live-${call.id}"`);
  await answerCall(server, call.id);
  await endCall(server, call.id);
  server.timers.advance(250);
  const end = await stream.news();
  expect(end).toContain("No calls right now");
  expect(end).toContain(`<tr id="recent-${call.id}">`);
  await stream.leave();
});

test("the board names who listens to a call as soon as somebody does", async () => {
  const names: string[] = [];
  const server = await openServer({
    supervision: {
      attach: () => ({ message() {}, closed() {} }),
      present: () => names.map((name) => ({ seatId: name, name, mode: "whisper" })),
    },
  });
  const call = await server.call();
  const stream = await follow(server, "/sse/calls");
  expect(await stream.news()).not.toContain("Supervisors");
  names.push("Eva");
  await server.store.callEvents.add(server.tenantId, call.id, {
    at: server.clock.now(),
    kind: "supervision",
    detail: "Eva listens",
    event: { type: "supervisor.joined", callId: call.id, userId: "usr_1", mode: "listen" },
  });
  server.timers.advance(250);
  expect(await stream.news()).toContain("Eva whispers to the AI");
  await stream.leave();
});

/** A call in which somebody asks for a human. */
const inNeed = async (server: ServerRig, calleeName: string): Promise<string> => {
  const { id } = await server.call({ calleeName });
  await answerCall(server, id);
  const turn = { key: "c1", speaker: "callee" as const, text: "Get me a human.", atMs: 0, endMs: 1 };
  server.media({ type: "turn", callId: id, turn: { ...turn, interrupted: false, whispered: false } });
  return id;
};

const orderIn = (html: string): string | null => /data-order="([^"]*)"/.exec(html)?.[1] ?? null;

test("calls stand by need with the reason in words, and the first is offered to listen to", async () => {
  const server = await openServer();
  const quiet = await server.call({ calleeName: "Bakery" });
  await answerCall(server, quiet.id);
  const needy = await inNeed(server, "City <Energy>");
  for (const html of [await (await server.page("/calls")).text(), await (await follow(server, "/sse/calls")).news()]) {
    expect(orderIn(html)).toBe(`${needy} ${quiet.id}`);
    expect(html).toContain("The caller asked for a human");
    expect(html.indexOf(`live-${needy}`)).toBeLessThan(html.indexOf(`live-${quiet.id}`));
    expect(/id="listen-top"[^>]*data-call="([^"]+)"/.exec(html)?.[1]).toBe(needy);
  }
});

test("a need changes its row at once, and the order of the rows two seconds after the last order", async () => {
  const server = await openServer();
  const quiet = await server.call({ calleeName: "Bakery" });
  await answerCall(server, quiet.id);
  const stream = await follow(server, "/sse/calls");
  expect(orderIn(await stream.news())).toBe(quiet.id);
  const needy = await inNeed(server, "City Energy");
  server.timers.advance(250);
  const row = await stream.news();
  expect(row).toContain('<hx-upsert hx-target="#live-rows">');
  expect(row).toContain("The caller asked for a human");
  expect(orderIn(row)).toBeNull();
  expect(row).not.toContain('hx-target="#live-rows" hx-swap');
  server.clock.advance(2_000);
  server.timers.advance(250);
  await settle();
  server.timers.advance(2_000);
  expect(orderIn(await stream.news())).toBe(`${needy} ${quiet.id}`);
  await stream.leave();
});

test("a call that ends keeps its row, without buttons, until the next order leaves it out", async () => {
  const server = await openServer();
  const first = await server.call({ calleeName: "Bakery" });
  const second = await server.call({ calleeName: "City Energy" });
  for (const { id } of [first, second]) await answerCall(server, id);
  const stream = await follow(server, "/sse/calls");
  await stream.news();
  await endCall(server, first.id);
  server.timers.advance(250);
  const end = await stream.news();
  const row = /<tr id="live-[\s\S]*?<\/tr>/.exec(end)?.[0] ?? "";
  expect(row).toContain(`live-${first.id}`);
  expect(row).toContain('class="over"');
  expect(row).not.toContain("<button");
  expect(orderIn(end)).toBe(second.id);
  await stream.leave();
});

test("rows offer the modes that their reader may use, and no others", async () => {
  for (const [roles, modes] of [
    [["owner"], ["listen", "whisper", "barge", "takeover"]],
    [["coach"], ["listen", "whisper"]],
    [["listener"], ["listen"]],
    [["accountant"], []],
  ] as const) {
    const { parts } = await openServer();
    const server = await openServer({ owner: { ...parts.owner, roles } });
    const call = await server.call();
    await answerCall(server, call.id);
    for (const path of ["/calls", `/calls/${call.id}`]) {
      const html = await (await server.page(path)).text();
      const offered = [...html.matchAll(/data-sp="([a-z]+)"/g)].map(([, mode]) => mode ?? "");
      expect([roles, path, [...new Set(offered)].sort()]).toEqual([roles, path, [...modes].sort()]);
    }
    const stream = await (await follow(server, "/sse/calls")).news();
    expect([roles, stream.includes('data-sp="takeover"')]).toEqual([roles, modes.includes("takeover" as never)]);
  }
});

test("every page tells who may listen that a call wants help, until that person says not now", async () => {
  const server = await openServer();
  const pages = [];
  for (const path of ["/sse/questions", "/sse/calls", "/sse/tasks"]) pages.push(await follow(server, path));
  for (const page of pages) expect(await page.news()).toContain('<section id="help"');
  const needy = await inNeed(server, "City <Energy>");
  server.timers.advance(250);
  for (const page of pages) {
    const card = await page.news();
    expect(card).toContain(`data-help="${needy}"`);
    expect(card).toContain("City &lt;Energy&gt;");
  }
  const token = /X-CSRF-Token&quot;:&quot;([^&]+)/.exec(await (await server.page("/calls")).text())?.[1] ?? "";
  const answer = await server.app.request(`/x/calls/${needy}/help`, {
    method: "DELETE",
    headers: { "hx-request": "true", "x-csrf-token": token, "sec-fetch-site": "same-origin" },
  });
  expect(answer.status).toBe(204);
  server.timers.advance(250);
  for (const page of pages) {
    const gone = await page.news();
    expect(gone).toContain('hx-target="#help"');
    expect(gone).not.toContain("data-help=");
    await page.leave();
  }
});

test("who may not listen is not asked to help", async () => {
  const { parts } = await openServer();
  const server = await openServer({ owner: { ...parts.owner, roles: ["accountant"] } });
  await inNeed(server, "City Energy");
  const stream = await follow(server, "/sse/calls");
  const html = await stream.news();
  expect(html).toContain('<section id="help"');
  expect(html).not.toContain("data-help=");
  await stream.leave();
});

test("the page of a call follows who supervises it and what it needs", async () => {
  const present: Present[] = [];
  const server = await openServer({
    supervision: { attach: () => ({ message() {}, closed() {} }), present: () => present },
  });
  const call = await server.call({ calleeName: "Bakery" });
  await answerCall(server, call.id);
  const stream = await follow(server, `/sse/calls/${call.id}`);
  await stream.news();
  const turn = { key: "c1", speaker: "callee" as const, text: "You idiot!", atMs: 0, endMs: 1, interrupted: false };
  server.media({ type: "turn", callId: call.id, turn: { ...turn, whispered: false } });
  server.timers.advance(250);
  expect(await stream.news()).toContain("The caller sounds angry");
  present.push({ seatId: "s", name: "Max", mode: "takeover" });
  const detail = "Max took the call over; the AI is silent";
  const event = { type: "supervisor.mode", callId: call.id, userId: "u", from: "listen", to: "takeover" } as const;
  const line = { at: server.clock.now(), kind: "supervisor", detail, event: { ...event, why: "asked" as const } };
  await server.store.callEvents.add(server.tenantId, call.id, line);
  server.timers.advance(250);
  const taken = await stream.news();
  expect(taken).toContain("Max speaks for the AI");
  expect(taken).toContain(detail);
  await stream.leave();
});

test("the thousand-and-first stream is refused until another one ends", async () => {
  const server = await openServer();
  const open = await Promise.all(Array.from({ length: 1000 }, () => server.app.request("/sse/calls")));
  const refused = await server.app.request("/sse/calls");
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ type: "/docs#problem-too-many-streams" });
  await open[0]!.body!.cancel();
  await settle();
  const next = await server.app.request("/sse/calls");
  expect(next.status).toBe(200);
  for (const response of [...open.slice(1), next]) await response.body!.cancel();
});

test("a silent stream says something every 15 s", async () => {
  const server = await openServer();
  const stream = await follow(server, "/sse/calls");
  await stream.news();
  server.timers.advance(250);
  await settle();
  server.timers.advance(15_000);
  expect(await stream.news()).toBe(": beat\n\n");
  server.timers.advance(250);
  await settle();
  server.timers.advance(15_000);
  expect(await stream.news()).toBe(": beat\n\n");
  await stream.leave();
});

test("leaving a page ends its stream: nothing listens and no timer waits", async () => {
  const server = await openServer();
  const call = await server.call();
  let listening = 0;
  const subscribe = server.bus.subscribe;
  server.bus.subscribe = (listener) => {
    listening++;
    const stop = subscribe(listener);
    return () => {
      listening--;
      stop();
    };
  };
  for (const path of ["/sse/calls", `/sse/calls/${call.id}`]) {
    const stream = await follow(server, path);
    await stream.news();
    // The page's own news, and the questions to its user.
    expect(listening).toBe(2);
    await stream.leave();
    expect([path, listening, server.timers.waiting]).toEqual([path, 0, 0]);
  }
});

test("words are shown while they are spoken, then replaced by the stored turn in the same place", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  const stream = await follow(server, `/sse/calls/${call.id}`);
  await stream.news();
  const say = (text: string): void =>
    server.media({ type: "partial", callId: call.id, key: "c1", speaker: "callee", text, atMs: 1500 });
  say("Good");
  say("Good morning, <b>Bright</b> Smile");
  server.timers.advance(250);
  const partial = await stream.news();
  expect(partial).toContain('<hx-upsert hx-target="#turns" key="data-order">');
  expect(partial).toContain('<li id="turn-c1" class="turn callee partial" data-order="000001500"');
  expect(partial).toContain("&lt;b&gt;Bright&lt;/b&gt;");
  expect(partial.match(/<li /g)).toHaveLength(1);
  const turn = {
    key: "c1",
    speaker: "callee" as const,
    text: "Good morning, Bright Smile Dental.",
    atMs: 1500,
    endMs: 3000,
    interrupted: false,
    whispered: false,
  };
  server.media({ type: "turn", callId: call.id, turn });
  await server.store.transcripts.put(server.tenantId, call.id, turn);
  server.timers.advance(250);
  const stored = await stream.news();
  expect(stored).toContain('<li id="turn-c1" class="turn callee" data-order="000001500"');
  expect(stored).toContain("Good morning, Bright Smile Dental.");
  await stream.leave();
});

test("words that turned out to be no turn go away", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  server.media({ type: "partial", callId: call.id, key: "c1", speaker: "callee", text: "Hm", atMs: 0 });
  const stream = await follow(server, `/sse/calls/${call.id}`);
  expect(await stream.news()).toContain("turn-c1");
  server.media({
    type: "turn",
    callId: call.id,
    turn: { key: "c1", speaker: "callee", text: "", atMs: 0, endMs: 1, interrupted: false, whispered: false },
  });
  server.timers.advance(250);
  expect(await stream.news()).toContain('<hx-partial hx-target="#turn-c1" hx-swap="delete">');
  await stream.leave();
});

test("loudness of both parties is drawn while the call's media is open", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  server.media({ type: "opened", callId: call.id, port: 0, slot: 3 });
  server.parts.media.meters.set(3, METER.calleeLevelDbov, -30);
  server.parts.media.meters.set(3, METER.agentLevelDbov, -127);
  const stream = await follow(server, `/sse/calls/${call.id}`);
  expect(await stream.news()).toContain("M0 0H50V6H0Z");
  server.parts.media.meters.set(3, METER.calleeLevelDbov, -15);
  server.timers.advance(250);
  await settle();
  server.timers.advance(250);
  const update = await stream.news();
  expect(update).toContain('hx-target="#levels"');
  expect(update).toContain("M0 0H75V6H0Z");
  await stream.leave();
});

test("the end of a call brings the finished page, its recording when it is closed, and ends the stream", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  await server.store.recordings.open(server.tenantId, call.id, { path: `recordings/${call.id}.wav` });
  const stream = await follow(server, `/sse/calls/${call.id}`);
  await stream.news();
  await endCall(server, call.id);
  server.timers.advance(250);
  const end = await stream.news();
  expect(end).toContain('hx-target="#call-body"');
  expect(end).toContain("The recording is being made ready.");
  expect(stream.isOver).toBe(false);
  await server.store.recordings.close(server.tenantId, call.id, { durationMs: 42_000, bytes: 100 });
  server.timers.advance(250);
  const last = await stream.news();
  expect(last).toContain("data-player");
  expect(last).toContain("event: over");
  expect(stream.isOver).toBe(true);
  expect(server.timers.waiting).toBe(0);
});

test("a call that ended before the page connected is drawn once and done", async () => {
  const server = await openServer();
  const call = await server.call();
  await answerCall(server, call.id);
  await endCall(server, call.id);
  const stream = await follow(server, `/sse/calls/${call.id}`);
  expect(await stream.news()).toContain("event: over");
  expect(stream.isOver).toBe(true);
});

test("a reader that does not read is owed one message, however much happens", async () => {
  const server = await openServer();
  const response = await server.app.request("/sse/calls");
  const reader = response.body!.getReader();
  for (let i = 0; i < 40; i++) {
    await server.call();
    server.timers.advance(250);
    await settle();
  }
  let messages = 0;
  for (let i = 0; i < 10; i++) {
    const read = await Promise.race([reader.read(), settle().then(() => null)]);
    if (read === null || read.done) break;
    messages += new TextDecoder().decode(read.value).match(/^data: /gm)?.length ?? 0;
  }
  expect(messages).toBeLessThan(6);
  await reader.cancel();
});

test("asking for a stream's headers alone starts none", async () => {
  const server = await openServer();
  const response = await server.app.request("/sse/calls", { method: "HEAD" });
  expect(response.status).toBe(200);
  await settle();
  expect(server.timers.waiting).toBe(0);
});
