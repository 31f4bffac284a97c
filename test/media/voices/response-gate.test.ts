import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AskKind, ResponseGate } from "../../../src/media/voices/response-gate.ts";

let sent: { id: string; kind: string; mark: string }[];
let gate: ResponseGate;

beforeEach(() => {
  sent = [];
  gate = new ResponseGate((id, { kind, metadata }) =>
    sent.push({ id, kind: String(kind), mark: (metadata as { ask: string }).ask }),
  );
});

const ask = (kind: AskKind): boolean => gate.ask({ kind, body: { kind } });
const kinds = (): string[] => sent.map(({ kind }) => kind);

describe("the response gate", () => {
  test("lets nothing out before a session is ready", () => {
    ask("opening");
    expect(sent).toEqual([]);
    gate.open();
    expect(kinds()).toEqual(["opening"]);
  });

  test("sends the next only after the one before is done", () => {
    gate.open();
    ask("say");
    ask("say");
    gate.created("r1", sent[0]?.mark);
    expect(kinds()).toHaveLength(1);
    gate.done("r1");
    expect(kinds()).toHaveLength(2);
  });

  test("sends again what lost against a response that the service started", () => {
    gate.open();
    ask("say");
    expect(gate.created("by-service", undefined)).toBeNull();
    expect(gate.failed(sent[0]?.id, "conversation_already_has_active_response")).toBe("queued");
    expect(kinds()).toHaveLength(1);
    gate.done("by-service");
    expect(kinds()).toEqual(["say", "say"]);
  });

  test("forgets all that was wanted so far when asked to, and sends what comes after", () => {
    gate.open();
    ask("turn");
    ask("say");
    gate.forget();
    ask("say");
    expect(gate.created("r1", sent[0]?.mark)).toMatchObject({ kind: "turn", stale: true });
    gate.done("r1");
    expect(kinds()).toEqual(["turn", "say"]);
    gate.created("r2", sent[1]?.mark);
    gate.done("r2");
    expect(kinds()).toHaveLength(2);
  });

  test("forgets a turn that the service's own response answered, and keeps what it did not", () => {
    gate.open();
    gate.created("busy", undefined);
    ask("turn");
    ask("tool");
    ask("say");
    gate.answered(false);
    gate.done("busy");
    gate.created("r", sent[0]?.mark);
    gate.done("r");
    expect(kinds()).toEqual(["tool", "say"]);
  });

  test("does not send again what was answered while it was on its way", () => {
    gate.open();
    ask("turn");
    gate.created("by-service", undefined);
    gate.answered(true);
    gate.failed(sent[0]?.id, "conversation_already_has_active_response");
    gate.done("by-service");
    expect(kinds()).toEqual(["turn"]);
  });

  test("drops what the service refuses for another reason, and goes on", () => {
    gate.open();
    ask("say");
    ask("opening");
    expect(gate.failed(sent[0]?.id, "invalid_value")).toBe("refused");
    expect(kinds()).toEqual(["say", "opening"]);
    expect(gate.failed("something-else", "invalid_value")).toBe("other");
  });

  test("keeps what was asked of a session that broke for the next one", () => {
    gate.open();
    ask("tool");
    ask("say");
    gate.shut();
    gate.open();
    expect(kinds()).toEqual(["tool", "tool"]);
  });

  test("refuses more than it can hold", () => {
    const taken = Array.from({ length: 30 }, () => ask("say"));
    expect(taken.filter(Boolean)).toHaveLength(20);
  });

  test("never has two on the way, whatever happens in whatever order", () => {
    const action = fc.oneof(
      fc.constantFrom<AskKind>("say", "turn", "tool").map((kind) => ({ do: "ask" as const, kind })),
      fc.constantFrom("created", "own", "done", "lost", "answered", "shut", "open").map((name) => ({ do: name })),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        let onTheWay = 0;
        let last = "";
        let active = "";
        let count = 0;
        const one = new ResponseGate((id) => {
          onTheWay++;
          last = id;
          expect(active).toBe("");
          expect(onTheWay).toBe(1);
        });
        for (const step of actions) {
          if ("kind" in step) one.ask({ kind: step.kind, body: {} });
          else if (step.do === "open") one.open();
          else if (step.do === "shut") {
            onTheWay = 0;
            active = "";
            one.shut();
          } else if (step.do === "created" && active === "") {
            active = `r${++count}`;
            one.created(active, undefined);
          } else if (step.do === "own" && active === "" && onTheWay === 1) {
            active = `r${++count}`;
            onTheWay = 0;
            one.created(active, last);
          } else if (step.do === "lost" && onTheWay === 1 && active !== "") {
            onTheWay = 0;
            one.failed(last, "conversation_already_has_active_response");
          } else if (step.do === "done" && active !== "") {
            const over = active;
            active = "";
            one.done(over);
          } else if (step.do === "answered") one.answered(true);
        }
      }),
    );
  });
});
