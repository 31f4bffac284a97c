import { expect, test } from "bun:test";
import { answerCall, endCall, openServer, type ServerRig } from "../../support/server-rig.ts";

const live = async (server: ServerRig): Promise<string> => {
  const { id } = await server.call();
  await answerCall(server, id);
  return id;
};

test("a program whispers to the agent of a live call, by default from its next sentence on", async () => {
  const server = await openServer();
  const id = await live(server);
  const told = await server.json(`/api/v1/calls/${id}/whisper`, { text: "  Offer Friday.  " });
  expect(told.status).toBe(202);
  expect(await told.json()).toEqual({ call_id: id });
  await server.json(`/api/v1/calls/${id}/whisper`, { text: "Say goodbye.", now: true });
  expect(server.state.whispers).toEqual([`${id}: Offer Friday.`, `${id}: Say goodbye. (now)`]);
});

test("what is no whisper, and a call that is not theirs, is refused with its problem", async () => {
  const server = await openServer();
  const id = await live(server);
  for (const body of [{}, { text: "   " }, { text: "x".repeat(2001) }, { text: "Now.", now: "yes" }]) {
    const refused = await server.json(`/api/v1/calls/${id}/whisper`, body);
    expect(refused.status).toBe(422);
    expect(refused.headers.get("content-type")).toContain("application/problem+json");
  }
  expect((await server.json("/api/v1/calls/call_of_nobody/whisper", { text: "Hello." })).status).toBe(404);
  expect((await server.app.request("/api/v1/calls/call_of_nobody/supervisors")).status).toBe(404);
  expect(server.state.whispers).toEqual([]);
});

test("refusals of supervision are told as the problems they are", async () => {
  const refusals = [
    ["not-allowed", 403, "right-missing"],
    ["not-now", 409, "call-not-answered"],
    ["call-over", 409, "call-over"],
    ["no-such-call", 404, "not-found"],
  ] as const;
  for (const [reason, status, name] of refusals) {
    const server = await openServer({ whisper: async () => ({ ok: false, reason, why: "For this reason." }) });
    const id = await live(server);
    const refused = await server.json(`/api/v1/calls/${id}/whisper`, { text: "Hello." });
    expect(refused.status).toBe(status);
    expect(await refused.json()).toMatchObject({ type: `/docs#problem-${name}`, detail: "For this reason." });
  }
});

test("who is on a call is told with the mode of each", async () => {
  const present = () => [
    { seatId: "seat_1", name: "Eva", mode: "takeover" as const },
    { seatId: "seat_2", name: "Tom", mode: "listen" as const },
  ];
  const server = await openServer({ supervision: { attach: () => ({ message() {}, closed() {} }), present } });
  const id = await live(server);
  const told = await server.app.request(`/api/v1/calls/${id}/supervisors`);
  expect(await told.json()).toEqual({
    supervisors: [
      { name: "Eva", mode: "takeover" },
      { name: "Tom", mode: "listen" },
    ],
  });
  const calm = await openServer();
  const over = await live(calm);
  await endCall(calm, over);
  expect(await (await calm.app.request(`/api/v1/calls/${over}/supervisors`)).json()).toEqual({ supervisors: [] });
});
