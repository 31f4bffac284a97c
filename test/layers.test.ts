import { expect, test } from "bun:test";
import { join, posix, resolve } from "node:path";

const repoDir = resolve(import.meta.dir, "..");

type Source = { path: string; text: string };

/** What another part of a folder may be imported, by pattern on its path from the root of the checkout. */
type Rule = { from: RegExp; may: RegExp[] };

const core = /^src\/core\//;
const coreWithoutStore = /^src\/core\/(?!store\/)/;
const audio = /^src\/media\/audio\//;
const mediaSeam = [
  /^src\/media\/engine\/(protocol|handle|meters)\.ts$/,
  /^src\/media\/carriers\/control\.ts$/,
  /^src\/media\/carriers\/[^/]+\/control\.ts$/,
];

/** The first rule whose `from` fits a file decides; a file that fits none belongs to no layer. */
const RULES: Rule[] = [
  { from: /^src\/core\/store\//, may: [core] },
  { from: core, may: [coreWithoutStore] },
  { from: audio, may: [audio] },
  { from: /^src\/media\//, may: [/^src\/media\//, coreWithoutStore] },
  { from: /^src\/agents\//, may: [/^src\/agents\//, core, ...mediaSeam] },
  { from: /^src\/scheduler\//, may: [/^src\/scheduler\//, core] },
  { from: /^src\/server\//, may: [/^src\//, /^public\//] },
  // The words of the softphone's socket, as types only (checked below): a page shares no code with the server.
  { from: /^public\//, may: [/^public\//, /^src\/media\/(supervision|carriers\/browser)\/messages\.ts$/] },
];

/** Packages and built-in modules that only some parts may know. One that is not listed is free to all but `media/audio`. */
const PACKAGES: Record<string, RegExp> = {
  "bun:sqlite": /^src\/core\/store\//,
  "libphonenumber-js": core,
  pino: core,
  "prom-client": core,
  "ari-client": /^src\/media\/carriers\/asterisk\//,
  mediasoup: /^src\/media\/(supervision|carriers\/browser)\//,
  openai: /^src\/(media\/voices|agents\/models)\//,
  "@google/genai": /^src\/agents\//,
  "@anthropic-ai/sdk": /^src\/agents\//,
  hono: /^src\/server\//,
  "mediasoup-client": /^public\//,
  "htmx.org": /^(public|src\/server)\//,
};

/** Everything a source names in an import, an export from elsewhere, a dynamic import or a type import. */
const importsOf = (text: string): string[] =>
  [
    /^\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']/gm,
    /^\s*import\s*["']([^"']+)["']/gm,
    /\b(?:import|require)\(\s*["']([^"']+)["']/g,
    /\bnew URL\(\s*["'](\.[^"']+)["']\s*,\s*import\.meta/g,
  ].flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ""));

const packageName = (specifier: string): string => {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
};

const violatesPackage = (from: string, specifier: string): boolean => {
  if (audio.test(from)) return true;
  const home = PACKAGES[packageName(specifier)];
  return home !== undefined && !home.test(from);
};

/** The forbidden imports among the sources, each as `from -> to`. */
const violations = (sources: Source[]): string[] =>
  sources.flatMap(({ path, text }) =>
    importsOf(text).flatMap((specifier) => {
      const rule = RULES.find((one) => one.from.test(path));
      if (!rule) return [`${path} belongs to no layer`];
      const inside = specifier.startsWith(".");
      const to = inside ? posix.join(posix.dirname(path), specifier) : specifier;
      const forbidden = inside ? !rule.may.some((one) => one.test(to)) : violatesPackage(path, specifier);
      return forbidden ? [`${path} -> ${to}`] : [];
    }),
  );

const sourcesOf = async (pattern: string): Promise<Source[]> =>
  Promise.all(
    [...new Bun.Glob(pattern).scanSync(repoDir)]
      .filter((path) => !path.endsWith(".d.ts"))
      .map(async (path) => ({ path, text: await Bun.file(join(repoDir, path)).text() })),
  );

test("imports point only the way the layers allow", async () => {
  const sources = [...(await sourcesOf("src/**/*.{ts,tsx}")), ...(await sourcesOf("public/**/*.ts"))];
  expect(sources.length).toBeGreaterThan(20);
  expect(violations(sources)).toEqual([]);
});

test("what runs in the browser takes only types from the server", async () => {
  const taken = (text: string): string[] =>
    [...text.matchAll(/^\s*(?:import|export)\s+(?!type\b)[^"';]*?["']([./]*\/src\/[^"']+)["']/gm)].map(
      (match) => match[1] ?? "",
    );
  expect(taken(`import { a } from "../src/core/call.ts";\nimport type { B } from "../../src/b.ts";`)).toEqual([
    "../src/core/call.ts",
  ]);
  for (const { path, text } of await sourcesOf("public/**/*.ts")) expect([path, ...taken(text)]).toEqual([path]);
});

test.each([
  ["src/core/call.ts", "src/core/store/open.ts", `import { openStore } from "./store/open.ts";`],
  ["src/core/bus.ts", "src/media/audio/frame.ts", `import type { Frame } from "../media/audio/frame.ts";`],
  ["src/core/config.ts", "bun:sqlite", `import { Database } from "bun:sqlite";`],
  ["src/media/audio/vad.ts", "src/core/clock.ts", `import { Clock } from "../../core/clock.ts";`],
  ["src/media/audio/wav.ts", "node:fs/promises", `import { open } from "node:fs/promises";`],
  ["src/media/engine/tick.ts", "src/core/store/calls.ts", `export { calls } from "../../core/store/calls.ts";`],
  ["src/media/engine/tick.ts", "src/agents/analyzer.ts", `const x = await import("../../agents/analyzer.ts");`],
  ["src/media/voices/a.ts", "src/server/app.tsx", `let x: import("../../server/app.tsx").App;`],
  [
    "src/agents/planner.ts",
    "src/media/engine/engine.ts",
    `import {\n  type Engine,\n} from "../media/engine/engine.ts";`,
  ],
  ["src/agents/planner.ts", "src/scheduler/scheduler.ts", `import { plan } from "../scheduler/scheduler.ts";`],
  [
    "src/scheduler/scheduler.ts",
    "src/media/engine/protocol.ts",
    `import type { M } from "../media/engine/protocol.ts";`,
  ],
  ["src/server/text-parts.ts", "@google/genai", `import type { GoogleGenAI } from "@google/genai";`],
  ["src/media/voices/a.ts", "@anthropic-ai/sdk/core", `import { x } from "@anthropic-ai/sdk/core";`],
  ["src/agents/planner.ts", "hono/tiny", `import { Hono } from "hono/tiny";`],
  ["src/server/app.tsx", "scripts/paths.ts", `import { help } from "../../scripts/paths.ts";`],
  ["public/softphone.ts", "src/core/call.ts", `import "../src/core/call.ts";`],
])("a forbidden import is found: %s -> %s", (path, to, text) => {
  expect(violations([{ path, text }])).toEqual([`${path} -> ${to}`]);
});

test("a file outside every layer is found as soon as it imports something", () => {
  expect(violations([{ path: "src/stray.ts", text: `import "node:fs";` }])).toEqual([
    "src/stray.ts belongs to no layer",
  ]);
});

test("what the layers allow is let through", () => {
  const allowed: Source[] = [
    {
      path: "src/core/store/open.ts",
      text: `import { Database } from "bun:sqlite";\nimport type { Call } from "../call.ts";`,
    },
    {
      path: "src/media/engine/tick.ts",
      text: `import { Frame } from "../audio/frame.ts";\nimport { x } from "../../core/call.ts";`,
    },
    { path: "src/agents/attempt-run.ts", text: `import type { Control } from "../media/carriers/control.ts";` },
    { path: "src/agents/attempt-run.ts", text: `import { startMedia } from "../media/engine/handle.ts";` },
    { path: "src/scheduler/lease.ts", text: `import type { Store } from "../core/store/open.ts";` },
    {
      path: "src/server/main.ts",
      text: `import { createWorker } from "../media/supervision/rooms.ts";\nimport { Hono } from "hono";`,
    },
  ];
  expect(violations(allowed)).toEqual([]);
});
