import type { Context } from "hono";
import { z } from "zod";
import { checked } from "../request-body.ts";

const KeyHeader = z.object({
  "Idempotency-Key": z
    .string()
    .min(1)
    .max(200, "At most 200 characters")
    .regex(/^[\x21-\x7e]+$/, "Printable ASCII characters without spaces")
    .optional(),
});

/** The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header). Throws a `Problem` on one of bad form. */
export const headerKey = (c: Context): string | undefined =>
  checked(KeyHeader, { "Idempotency-Key": c.req.header("idempotency-key") })["Idempotency-Key"];

/** The request with the header's key where its body has none. */
export const withKey = <R extends { idempotency_key?: string | undefined }>(c: Context, request: R): R => {
  const key = headerKey(c);
  return request.idempotency_key === undefined && key !== undefined ? { ...request, idempotency_key: key } : request;
};

/** A key made of what is asked, for requests that bring none: the same content is the same request. */
export const contentKey = (kind: string, content: unknown): string =>
  `${kind}:${new Bun.CryptoHasher("sha256").update(JSON.stringify(content)).digest("hex")}`;
