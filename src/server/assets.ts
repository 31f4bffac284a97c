import { join } from "node:path";
import { OutsideError } from "../core/errors.ts";

/** A file as browsers get it. */
export interface Asset {
  body: Uint8Array<ArrayBuffer>;
  /** The same, gzipped; null where that would not be smaller. */
  gzip: Uint8Array<ArrayBuffer> | null;
  type: string;
  /** Quoted hash of the body (RFC 9110 §8.8.3). */
  etag: string;
}

/** The paths pages may name. */
export type AssetPath =
  | "/assets/app.css"
  | "/assets/app.js"
  | "/assets/htmx.js"
  | "/assets/icons.svg"
  | "/assets/mediasoup.js";

/** Everything under `/assets/`, built once and kept in memory. */
export interface Assets {
  files: ReadonlyMap<string, Asset>;
  /** The path with the body's hash, so that browsers may keep it for ever. */
  url(path: AssetPath): string;
  /** Answers a GET of an asset; 404 for anything else. */
  respond(request: Request): Response;
}

const JAVASCRIPT = "text/javascript; charset=utf-8";

/** Builds all files of `public/`. With `dev`, scripts stay readable. Throws an `OutsideError` when a script does not bundle. */
export const buildAssets = async ({
  dev = false,
  dir = join(import.meta.dir, "../../public"),
}: {
  dev?: boolean;
  dir?: string;
}): Promise<Assets> => {
  const files = new Map<string, Asset>();
  const url = (path: AssetPath): string => `${path}?v=${files.get(path)?.etag.slice(1, -1) ?? "none"}`;
  const add = (path: AssetPath, type: string, body: Uint8Array<ArrayBuffer>): void => {
    const gzip = Bun.gzipSync(body);
    const etag = `"${Bun.hash(body).toString(36)}"`;
    files.set(path, { body, gzip: gzip.length < body.length ? gzip : null, type, etag });
  };
  const script = async (entry: string, define: Record<string, string> = {}): Promise<Uint8Array<ArrayBuffer>> => {
    try {
      const { outputs } = await Bun.build({
        entrypoints: [join(dir, entry)],
        target: "browser",
        format: "esm",
        minify: !dev,
        external: ["/assets/*"],
        define: { "process.env.NODE_ENV": '"production"', ...define },
      });
      return new Uint8Array(await outputs[0]!.arrayBuffer());
    } catch (cause) {
      throw new OutsideError(`public/${entry} could not be bundled`, { retryable: false, cause });
    }
  };
  const text = async (file: string): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await Bun.file(join(dir, file)).arrayBuffer());

  add("/assets/app.css", "text/css; charset=utf-8", await text("app.css"));
  add("/assets/icons.svg", "image/svg+xml", await text("icons.svg"));
  add("/assets/htmx.js", JAVASCRIPT, await script("htmx.ts"));
  add("/assets/mediasoup.js", JAVASCRIPT, await script("mediasoup.ts"));
  const mediasoupUrl = JSON.stringify(url("/assets/mediasoup.js"));
  add("/assets/app.js", JAVASCRIPT, await script("page.ts", { MEDIASOUP_URL: mediasoupUrl }));
  return { files, url, respond: (request) => respond(files, request) };
};

const respond = (files: ReadonlyMap<string, Asset>, request: Request): Response => {
  const { pathname, searchParams } = new URL(request.url);
  const asset = files.get(pathname);
  if (!asset) return new Response("There is no such file.", { status: 404 });
  const isPinned = searchParams.get("v") === asset.etag.slice(1, -1);
  const headers = new Headers({
    etag: asset.etag,
    "cache-control": isPinned ? "public, max-age=31536000, immutable" : "no-cache",
    vary: "accept-encoding",
  });
  if (request.headers.get("if-none-match") === asset.etag) return new Response(null, { status: 304, headers });
  headers.set("content-type", asset.type);
  const takesGzip = request.headers.get("accept-encoding")?.includes("gzip") ?? false;
  if (!asset.gzip || !takesGzip) return new Response(asset.body, { headers });
  headers.set("content-encoding", "gzip");
  return new Response(asset.gzip, { headers });
};
