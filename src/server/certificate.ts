import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfigError, type TlsFiles } from "../core/config.ts";

/** What a server proves its name with. */
export interface Certificate {
  /** PEM texts. */
  cert: string;
  key: string;
}

/**
 * Reads the files of the environment and checks that they belong together. Throws a `ConfigError` that names the variable
 * and never what the file holds.
 */
export const readCertificate = (files: TlsFiles): Certificate => {
  const problems: string[] = [];
  const attempt = <T>(problem: string, work: () => T): T | null => {
    try {
      return work();
    } catch {
      problems.push(problem);
      return null;
    }
  };
  const cert = attempt("TLS_CERT_FILE cannot be read: it must name a file", () => readFileSync(files.cert, "utf8"));
  const key = attempt("TLS_KEY_FILE cannot be read: it must name a file", () => readFileSync(files.key, "utf8"));
  const shown =
    cert === null ? null : attempt("TLS_CERT_FILE must hold a certificate as PEM", () => new X509Certificate(cert));
  const proof: KeyObject | null =
    key === null
      ? null
      : attempt("TLS_KEY_FILE must hold a private key as PEM, without a passphrase", () => createPrivateKey(key));
  if (shown !== null && proof !== null && !shown.checkPrivateKey(proof)) {
    problems.push("TLS_KEY_FILE is not the key of the certificate in TLS_CERT_FILE");
  }
  if (problems.length > 0 || cert === null || key === null) throw new ConfigError(problems);
  return { cert, key };
};
