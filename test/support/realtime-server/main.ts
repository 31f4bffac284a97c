import { parseArgs } from "node:util";
import type { ConnectionScript } from "./script.ts";
import { RealtimeServer } from "./server.ts";

// bun test/support/realtime-server/main.ts --port 0 [--script file.json] [--seconds 3] [--chunk 2000] [--speed 10]
//   [--think 0] [--keep]
// Prints its base URL, then serves until it is ended. The script file holds one ConnectionScript, or a list of them by
// connection whose last one serves all later ones.
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    script: { type: "string" },
    seconds: { type: "string", default: "3" },
    chunk: { type: "string", default: "2000" },
    speed: { type: "string", default: "10" },
    think: { type: "string", default: "0" },
    keep: { type: "boolean", default: false },
  },
});
const common: ConnectionScript = {
  otherwise: { seconds: Number(values.seconds) },
  chunkBytes: Number(values.chunk),
  speed: Number(values.speed),
  thinkMs: Number(values.think),
};
const read = values.script ? ((await Bun.file(values.script).json()) as ConnectionScript | ConnectionScript[]) : {};
const scripts = Array.isArray(read) ? read : [read];
const server = new RealtimeServer({
  port: Number(values.port),
  keep: values.keep,
  script: (number) => ({ ...common, ...scripts[Math.min(number, scripts.length) - 1] }),
});
console.log(server.url);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    void server.stop().then(() => process.exit(0));
  });
}
