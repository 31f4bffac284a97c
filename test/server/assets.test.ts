import { beforeAll, describe, expect, test } from "bun:test";
import { type Assets, buildAssets } from "../../src/server/assets.ts";

let assets: Assets;
beforeAll(async () => {
  assets = await buildAssets({});
});

const get = (path: string, headers: Record<string, string> = {}): Response =>
  assets.respond(new Request(`http://127.0.0.1${path}`, { headers }));

describe("assets", () => {
  test("an address with the body's hash may be kept for ever, one without must be asked about again", () => {
    expect(get(assets.url("/assets/app.css")).headers.get("cache-control")).toContain("immutable");
    expect(get("/assets/app.css").headers.get("cache-control")).toBe("no-cache");
    expect(get("/assets/app.css?v=old").headers.get("cache-control")).toBe("no-cache");
  });

  test("a browser that has the file is told so", () => {
    const etag = get("/assets/app.js").headers.get("etag") ?? "";
    expect(get("/assets/app.js", { "if-none-match": etag }).status).toBe(304);
  });

  test("what is gzipped unpacks to the same file", async () => {
    const packed = get("/assets/htmx.js", { "accept-encoding": "gzip, br" });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    const body = Bun.gunzipSync(new Uint8Array(await packed.arrayBuffer()));
    expect(new TextDecoder().decode(body)).toBe(await get("/assets/htmx.js").text());
  });

  test("the media client stays out of what every page loads", async () => {
    const page = await get("/assets/app.js").text();
    expect(page).toContain("/assets/mediasoup.js?v=");
    expect(page.length).toBeLessThan(80_000);
  });

  test("nothing outside the list is served", () => {
    for (const path of ["/assets/", "/assets/page.ts", "/assets/../package.json", "/assets/%2e%2e/package.json"])
      expect(get(path).status).toBe(404);
  });

  test("every icon that scripts and pages name is in the sprite", async () => {
    const sprite = await get("/assets/icons.svg").text();
    for (const name of ["logo", "headphones", "phone", "phone-off", "play", "pause", "x", "alert-triangle", "volume-2"])
      expect(sprite).toContain(`id="${name}"`);
  });
});
