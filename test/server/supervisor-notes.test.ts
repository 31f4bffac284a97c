import { expect, test } from "bun:test";
import type { SupervisorEvent } from "../../src/media/supervision/signalling.ts";
import { createSupervisorNotes, supervisorLine } from "../../src/server/supervisor-notes.ts";
import { openServer, settle } from "../support/server-rig.ts";

const about = { callId: "call_1", userId: "usr_1" };
const mode = (
  from: Extract<SupervisorEvent, { type: "supervisor.mode" }>["from"],
  to: Extract<SupervisorEvent, { type: "supervisor.mode" }>["to"],
  why: Extract<SupervisorEvent, { type: "supervisor.mode" }>["why"] = "asked",
): SupervisorEvent => ({ type: "supervisor.mode", ...about, from, to, why });

test("the timeline says in words who did what, from where, to where and why", () => {
  const lines: [SupervisorEvent, string][] = [
    [{ type: "supervisor.joined", ...about, mode: "listen" }, "Eva joined, listening"],
    [mode("listen", "takeover"), "Eva took the call over; the AI is silent (was listening)"],
    [mode("takeover", "barge"), "Eva speaks with the caller and the AI (was speaking in place of the AI)"],
    [mode("takeover", "listen"), "Eva gave the call back to the AI (was speaking in place of the AI)"],
    [
      mode("takeover", "listen", "left"),
      "Eva gave the call back to the AI on leaving (was speaking in place of the AI)",
    ],
    [
      mode("takeover", "listen", "link-lost"),
      "Eva was set back to listening because the connection was lost (was speaking in place of the AI)",
    ],
    [mode("whisper", "listen"), "Eva listens again (was whispering to the AI)"],
    [{ type: "supervisor.whispered", ...about, by: "voice" }, "Eva whispered to the AI by voice"],
    [{ type: "supervisor.hung-up", ...about, politely: false }, "Eva ended the call"],
    [{ type: "supervisor.hung-up", ...about, politely: true }, "Eva had the AI say goodbye and end the call"],
    [{ type: "supervisor.left", ...about }, "Eva left"],
  ];
  for (const [event, line] of lines) expect(supervisorLine("Eva", event)).toBe(line);
});

test("what supervisors do is kept as a line and as an event, in its order", async () => {
  const server = await openServer();
  const { store, tenantId, clock, parts } = server;
  const { id: callId } = await server.call();
  const { userId } = parts.owner;
  const note = createSupervisorNotes({ store, clock, log: parts.log });
  const by = { tenantId, userId, name: "Eva" };
  note(by, { type: "supervisor.joined", callId, userId, mode: "listen" });
  note(by, { type: "supervisor.mode", callId, userId, from: "listen", to: "barge", why: "asked" });
  note(by, { type: "supervisor.left", callId, userId });
  await settle();
  const kept = (await store.events.ofCall(tenantId, callId, 0, 50)).filter(({ type }) => type.startsWith("supervisor"));
  expect(kept).toMatchObject([
    { type: "supervisor.joined", userId, mode: "listen" },
    { type: "supervisor.mode", userId, from: "listen", to: "barge", why: "asked" },
    { type: "supervisor.left", userId },
  ]);
  const lines = (await store.callEvents.of(tenantId, callId)).filter(({ kind }) => kind === "supervisor");
  expect(lines.map(({ detail }) => detail)).toEqual([
    "Eva joined, listening",
    "Eva speaks with the caller and the AI (was listening)",
    "Eva left",
  ]);
});
