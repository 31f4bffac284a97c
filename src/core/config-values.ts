import { isIP } from "node:net";
import { z } from "zod";

/** First and last UDP port of a range, both included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Times of day in minutes after midnight of the callee, 0 to 1440; `from` after `to` means over midnight. */
export interface DayWindow {
  readonly from: number;
  readonly to: number;
}

/** One of these words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

/** A whole number within these bounds, both included. */
export const whole = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${from} to ${to}`)
    .transform(Number)
    .refine((value) => value >= from && value <= to, `must be a whole number from ${from} to ${to}`);

/** `true` or `false`. */
export const yesOrNo = z
  .enum(["true", "false"], { error: "must be true or false" })
  .transform((text) => text === "true");

/** An address without credentials; without a slash at the end. */
export const httpUrl = z
  .string()
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.search + url.hash === "";
  }, "must be an http:// or https:// address without user name, query or fragment")
  .transform((text) => text.replace(/\/+$/, ""));

const PORT_RANGE = "must be two ports from 1024 to 65535, the lower first, such as 20000-20999";
/** `20000-20999`. */
export const portRange = z
  .string()
  .regex(/^\d{4,5}-\d{4,5}$/, PORT_RANGE)
  .transform((text): PortRange => {
    const [from = 0, to = 0] = text.split("-").map(Number);
    return { from, to };
  })
  .refine(({ from, to }) => from >= 1024 && from <= to && to <= 65_535, PORT_RANGE);

const DAY_WINDOW = "must be two different times of day, such as 08:00-21:00";
/** `08:00-21:00`, in minutes after midnight; the end may be `24:00`. */
export const dayWindow = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, DAY_WINDOW)
  .transform((text): DayWindow => {
    const [from = 0, to = 0] = text.split("-").map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
    return { from, to };
  })
  .refine(({ from, to }) => from !== to, DAY_WINDOW);

/** IPv4 or IPv6. */
export const ipAddress = z.string().refine((text) => isIP(text) !== 0, "must be an IP address");
/** A name or an address. */
export const hostName = z.string().regex(/^[\w.:-]{1,253}$/, "must be a host name or an IP address");
/** Something without spaces. */
export const word = z.string().regex(/^\S{1,200}$/, "must be one word without spaces");
/** A secret travels in headers and cookies: printable ASCII only. */
export const secret = z.string().regex(/^[\x21-\x7e]{1,500}$/, "must be printable ASCII without spaces");

/** Whether a host can only be reached from the same machine. */
export const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
