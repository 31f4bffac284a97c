import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemSchedule } from "../../src/core/clock.ts";
import { ConfigError } from "../../src/core/config.ts";
import { readCertificate } from "../../src/server/certificate.ts";
import { listen } from "../../src/server/listen.ts";
import { type Certificate, makeCertificate } from "../bench/certificate.ts";
import { openServer } from "../support/server-rig.ts";

describe.skipIf(Bun.which("openssl") === null)("a certificate of one's own", () => {
  const dir = mkdtempSync(join(tmpdir(), "od-certificate-"));
  const put = async (name: string, text: string): Promise<string> => {
    const path = join(dir, name);
    await Bun.write(path, text);
    return path;
  };
  const problemsOf = (cert: string, key: string): readonly string[] => {
    try {
      readCertificate({ cert, key });
    } catch (thrown) {
      if (thrown instanceof ConfigError) return thrown.problems;
      throw thrown;
    }
    return [];
  };
  let made: Certificate;
  let key: string;

  beforeAll(async () => {
    made = (await makeCertificate(dir))!;
    key = await put("key.pem", made.key);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("is read with its key", () => {
    expect(readCertificate({ cert: made.path, key })).toEqual({ cert: made.cert, key: made.key });
  });

  test("that is no certificate, has no key or another's is refused by the name of the variable, all at once", async () => {
    const words = await put("words.pem", "these are only words");
    expect(problemsOf(words, words)).toEqual([
      "TLS_CERT_FILE must hold a certificate as PEM",
      "TLS_KEY_FILE must hold a private key as PEM, without a passphrase",
    ]);
    expect(problemsOf(join(dir, "nowhere.pem"), dir)).toEqual([
      "TLS_CERT_FILE cannot be read: it must name a file",
      "TLS_KEY_FILE cannot be read: it must name a file",
    ]);
    const other = await makeCertificate(mkdtempSync(join(dir, "other-")));
    expect(problemsOf(other!.path, key)).toEqual(["TLS_KEY_FILE is not the key of the certificate in TLS_CERT_FILE"]);
  });

  test("is shown over HTTP/2 and 1.1, and sessions begun behind it never leave in the clear", async () => {
    const server = await openServer({ schedule: systemSchedule, authToken: "the-token-of-this-test" });
    const web = listen(server.app, { host: "127.0.0.1", port: 0 }, { cert: made.cert, key: made.key });
    const plain = listen(server.app, { host: "127.0.0.1", port: 0 });
    const signIn = (origin: string, protocol?: "http2" | "http1.1"): Promise<Response> =>
      fetch(`${origin}/sign-in`, {
        method: "POST",
        redirect: "manual",
        headers: { "content-type": "application/x-www-form-urlencoded", origin },
        body: new URLSearchParams({ token: "the-token-of-this-test" }).toString(),
        tls: { ca: made.cert },
        ...(protocol ? { protocol } : {}),
      });
    try {
      for (const protocol of ["http2", "http1.1"] as const) {
        const answer = await signIn(`https://127.0.0.1:${web.port}`, protocol);
        expect([protocol, answer.status]).toEqual([protocol, 303]);
        expect(answer.headers.get("set-cookie")).toMatch(/; Secure(;|$)/);
      }
      const clear = await signIn(`http://127.0.0.1:${plain.port}`);
      expect([clear.status, clear.headers.get("set-cookie")?.includes("Secure")]).toEqual([303, false]);
    } finally {
      await Promise.all([web.stop(true), plain.stop(true)]);
    }
  });
});
