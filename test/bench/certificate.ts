import { join } from "node:path";

/** Who the load's voice service is, for one run. */
export interface Certificate {
  /** PEM texts. */
  cert: string;
  key: string;
  /** File of `cert`, to be trusted by whoever connects. */
  path: string;
}

/** Makes a certificate for 127.0.0.1 in a folder with the program `openssl`; null where there is none or it fails. */
export const makeCertificate = async (directory: string): Promise<Certificate | null> => {
  const openssl = Bun.which("openssl");
  if (openssl === null) return null;
  const path = join(directory, "voice-cert.pem");
  const keyPath = join(directory, "voice-key.pem");
  const wanted = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=IP:127.0.0.1"];
  const made = Bun.spawn([openssl, ...wanted.split(" "), ...names, "-keyout", keyPath, "-out", path], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  if ((await made.exited) !== 0) return null;
  return { cert: await Bun.file(path).text(), key: await Bun.file(keyPath).text(), path };
};
