import { expect, test } from "bun:test";
import fc from "fast-check";
import { PartialItem, TurnItem, turnDomId } from "../../../src/server/components/transcript.tsx";

test("the id of a turn can stand in a selector, whatever its key is made of", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (key) => /^turn-[A-Za-z0-9_]*$/.test(turnDomId(key))));
});

test("different keys have different ids", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => a === b || turnDomId(a) !== turnDomId(b)),
    {
      examples: [
        ["a_3a_", "a:"],
        [":b", "\u03ab"],
      ],
    },
  );
});

const NAMES = { callee: "Front desk", agent: "APPU", language: "pt-BR" };
const turn = (changes: Partial<Parameters<typeof TurnItem>[0]["turn"]>): string =>
  String(
    TurnItem({
      turn: {
        key: "s1",
        speaker: "supervisor",
        text: "Offer ten per cent.",
        atMs: 0,
        endMs: 900,
        interrupted: false,
        whispered: false,
        ...changes,
      },
      names: NAMES,
      seekable: false,
    }),
  );

test("a whisper says in words that the caller did not hear it, finished and while it is spoken", () => {
  const spoken = { key: "s1", speaker: "supervisor", text: "Offer", atMs: 0, whispered: true } as const;
  for (const html of [turn({ whispered: true }), String(PartialItem({ turn: spoken, names: NAMES }))]) {
    expect(html).toContain("The caller did not hear this");
    expect(html).toContain("supervisor whispered");
  }
});

test("what a supervisor says on the line stands in a lane of its own and bears no such mark", () => {
  const html = turn({});
  expect(html).toContain('class="turn supervisor"');
  expect(html).not.toContain("did not hear");
});

test("words are read in the language of the call, but those of supervisors and of the page around them", () => {
  const said = turn({ speaker: "callee", text: "Bom dia." });
  expect(said).toContain('<p lang="pt-BR" dir="auto">Bom dia.</p>');
  expect(said.match(/lang=/g)).toHaveLength(1);
  const spoken = { key: "s1", speaker: "agent", text: "Olá", atMs: 0, whispered: false } as const;
  expect(String(PartialItem({ turn: spoken, names: NAMES }))).toContain('<p lang="pt-BR" dir="auto">Olá</p>');
  expect(turn({})).not.toContain("lang=");
});
