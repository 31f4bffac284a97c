import { expect, test } from "bun:test";
import { listenAddresses, type OwnAddresses } from "../../../src/media/supervision/listen-addresses.ts";

const v4 = (address: string, internal = false) => ({
  address,
  family: "IPv4" as const,
  internal,
  netmask: "255.255.255.0",
  mac: "02:00:00:00:00:01",
  cidr: `${address}/24`,
});
const v6 = (address: string, internal = false) => ({
  ...v4(address, internal),
  family: "IPv6" as const,
  cidr: `${address}/64`,
  scopeid: 0,
});

const OWN: OwnAddresses = {
  lo: [v4("127.0.0.1", true), v6("::1", true)],
  wifi: [v4("192.0.2.7"), v6("2001:db8::7"), v6("fe80::7")],
  bridge: [v4("198.51.100.1")],
  unplugged: [v4("169.254.3.4")],
};

test("an address that is named is the only one", () => {
  expect(listenAddresses("127.0.0.1", true, OWN)).toEqual(["127.0.0.1"]);
  expect(listenAddresses("203.0.113.9", true, OWN)).toEqual(["203.0.113.9"]);
});

test("browsers elsewhere are told addresses they can reach, not 0.0.0.0", () => {
  expect(listenAddresses("0.0.0.0", false, OWN)).toEqual(["192.0.2.7", "198.51.100.1"]);
  expect(listenAddresses("::", false, OWN)).toEqual(["192.0.2.7", "2001:db8::7", "198.51.100.1"]);
});

test("browsers on this machine are told the loopback address first, and the others for Firefox", () => {
  expect(listenAddresses("0.0.0.0", true, OWN)).toEqual(["127.0.0.1", "192.0.2.7", "198.51.100.1"]);
});

test("a machine without a network has the loopback address", () => {
  expect(listenAddresses("0.0.0.0", false, { lo: [v4("127.0.0.1", true)], gone: undefined })).toEqual(["127.0.0.1"]);
});
