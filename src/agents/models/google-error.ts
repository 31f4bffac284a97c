import { z } from "zod";
import { type Failed, failureOfStatus } from "./vendor-error.ts";

/** How Google's APIs tell errors over HTTP (google.rpc.Status as JSON). */
const errorShape = z.object({
  error: z.object({
    message: z.string().catch(""),
    details: z.array(z.looseObject({ "@type": z.string().catch("") })).catch([]),
  }),
});
const reasonShape = z.object({ reason: z.string() });
const retryShape = z.object({ retryDelay: z.string().regex(/^\d+(?:\.\d+)?s$/) });
const quotaShape = z.object({ violations: z.array(z.object({ quotaId: z.string() })) });

const KEY_REASONS = /^(?:API_KEY_|SERVICE_DISABLED|ACCESS_TOKEN_|CREDENTIALS_MISSING)/;

/** What an error answer of one of Google's APIs means, by its status and its body. */
export const explainGoogle = (status: number, body: string): Failed => {
  const parsed = errorShape.safeParse(jsonOf(body));
  const details = parsed.success ? parsed.data.error.details : [];
  const reasons = details.flatMap((one) => reasonShape.safeParse(one).data?.reason ?? []);
  if (reasons.includes("BILLING_DISABLED")) return { failure: "quota-used-up" };
  if (reasons.some((reason) => KEY_REASONS.test(reason))) return { failure: "key-refused" };
  // A day's quota does not come back while somebody waits.
  const quotas = details.flatMap((one) => quotaShape.safeParse(one).data?.violations ?? []);
  if (status === 429 && quotas.some(({ quotaId }) => quotaId.includes("PerDay"))) return { failure: "quota-used-up" };
  const delay = details.flatMap((one) => retryShape.safeParse(one).data?.retryDelay ?? [])[0];
  return {
    failure: failureOfStatus(status),
    ...(delay !== undefined && { retryAfterMs: Number.parseFloat(delay) * 1000 }),
  };
};

const jsonOf = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
};
