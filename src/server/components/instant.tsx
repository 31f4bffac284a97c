import type { Call } from "../../core/store/call-record.ts";

const DAY_AND_TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});

/** A span of ms as `m:ss`, or `h:mm:ss` from one hour on; negative counts as none. */
export const clockOf = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
};

/** A point in time with its zone, for people; the machine reads it in UTC. `at` is epoch ms. */
export const Instant = ({ at }: { at: number }) => (
  <time class="nowrap num" datetime={new Date(at).toISOString()}>
    {DAY_AND_TIME.format(at)}
  </time>
);

/** Time since `since` (epoch ms), right as of `now`; the page's script keeps it running by `data-since`. */
export const Running = ({ since, now }: { since: number; now: number }) => (
  <time class="num" data-since={since} datetime={`PT${Math.max(0, Math.floor((now - since) / 1000))}S`}>
    {clockOf(now - since)}
  </time>
);

/** How long a call was talked on; a dash where nobody answered. */
export const TalkLength = ({ call }: { call: Pick<Call, "answeredAt" | "durationMs"> }) =>
  call.answeredAt === null ? <span class="muted">–</span> : <Span ms={call.durationMs ?? 0} />;

/** A finished span. */
export const Span = ({ ms }: { ms: number }) => (
  <time class="num" datetime={`PT${Math.floor(ms / 1000)}S`}>
    {clockOf(ms)}
  </time>
);
