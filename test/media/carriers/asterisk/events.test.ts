import { expect, test } from "bun:test";
import {
  parseAriEvent,
  parseBridgeIds,
  parseChannels,
  parseMediaAddress,
} from "../../../../src/media/carriers/asterisk/events.ts";

test("an event is cut down to what is read", () => {
  const raw = {
    type: "ChannelHangupRequest",
    cause: 17,
    tech_cause: 486,
    timestamp: "2026-11-21T01:20:18.902+0000",
    channel: { id: "a", name: "PJSIP/trunk-1", state: "Ringing", caller: { name: "", number: "1" } },
  };
  expect(parseAriEvent(raw)).toEqual({
    type: "ChannelHangupRequest",
    cause: 17,
    tech_cause: 486,
    soft: false,
    channel: { id: "a", state: "Ringing" },
  });
});

test("events of other types are nobody's business", () => {
  for (const raw of [null, 7, "x", {}, { type: "ChannelVarset" }, { type: 5 }]) expect(parseAriEvent(raw)).toBeNull();
});

test("a known event of another shape is refused", () => {
  expect(() => parseAriEvent({ type: "StasisStart" })).toThrow();
  expect(() => parseAriEvent({ type: "ChannelDestroyed", channel: { id: "a" } })).toThrow();
  expect(() => parseAriEvent({ type: "ChannelDtmfReceived", channel: { id: "a" }, digit: "x" })).toThrow();
  expect(() => parseAriEvent({ type: "StasisEnd", channel: { id: "a".repeat(600) } })).toThrow();
});

test("replies of another shape are refused", () => {
  expect(
    parseMediaAddress({ channelvars: { UNICASTRTP_LOCAL_ADDRESS: "127.0.0.1", UNICASTRTP_LOCAL_PORT: "10580" } }),
  ).toEqual({
    host: "127.0.0.1",
    port: 10_580,
  });
  expect(() => parseMediaAddress({ id: "a" })).toThrow();
  expect(() =>
    parseMediaAddress({ channelvars: { UNICASTRTP_LOCAL_ADDRESS: "a", UNICASTRTP_LOCAL_PORT: "0" } }),
  ).toThrow();
  expect(() => parseChannels({ message: "Channel not found" })).toThrow();
  expect(parseChannels([{ id: "a", state: "Up", name: "x" }])).toEqual([{ id: "a", state: "Up" }]);
  expect(() => parseBridgeIds("<html>")).toThrow();
});
