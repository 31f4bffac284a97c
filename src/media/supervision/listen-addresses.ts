import type { NetworkInterfaceInfo } from "node:os";

/** The addresses of a machine by network interface, as `os.networkInterfaces()` gives them. */
export type OwnAddresses = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Addresses that mean something only together with an interface. */
const isLinkLocal = (address: string): boolean => /^(169\.254\.|fe[89ab])/i.test(address);

/**
 * Where to listen for browsers: `listenIp` itself, or in place of `0.0.0.0` and `::`, which no browser can be told, the
 * addresses of this machine (of IPv4 alone for `0.0.0.0`). The loopback one comes first for browsers that run on this
 * machine, and stands alone on a machine without a network. It is never enough for Firefox, which pairs its own network
 * addresses with no loopback address.
 *
 * @param withLoopback whether the pages are served on the loopback address
 */
export const listenAddresses = (listenIp: string, withLoopback: boolean, own: OwnAddresses): string[] => {
  if (listenIp !== "0.0.0.0" && listenIp !== "::") return [listenIp];
  const reachable = Object.values(own)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => !internal && (family === "IPv4" || listenIp === "::"))
    .map(({ address }) => address)
    .filter((address) => !isLinkLocal(address));
  return withLoopback || reachable.length === 0 ? ["127.0.0.1", ...reachable] : reachable;
};
