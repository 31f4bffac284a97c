import { expect, test } from "bun:test";
import fc from "fast-check";
import { newId } from "../../../../src/core/ids.ts";
import { isCallId, Names } from "../../../../src/media/carriers/asterisk/names.ts";

const app = fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}$/);
const callId = fc.stringMatching(/^call_[a-z0-9]{1,20}$/);

test("a channel's name gives back its call and role", () => {
  fc.assert(
    fc.property(app, callId, (appName, id) => {
      const names = new Names(appName);
      const { callee, media, party, bridge } = names.of(id);
      expect(names.channel(callee)).toEqual({ callId: id, role: "callee" });
      expect(names.channel(media)).toEqual({ callId: id, role: "media" });
      expect(names.channel(party)).toEqual({ callId: id, role: "party" });
      expect(names.channel(bridge)).toBeNull();
      expect(names.bridge(bridge)).toBe(id);
      expect(names.bridge(media)).toBeNull();
    }),
  );
});

test("an app never takes another app's channels for its own, even when one name starts with the other", () => {
  fc.assert(
    fc.property(app, app, callId, (ours, theirs, id) => {
      fc.pre(ours !== theirs);
      const { callee, bridge } = new Names(theirs).of(id);
      expect(new Names(ours).channel(callee)).toBeNull();
      expect(new Names(ours).bridge(bridge)).toBeNull();
    }),
  );
});

test("no name of a call is the start of another", () => {
  fc.assert(
    fc.property(callId, callId, (one, other) => {
      const names = new Names("opendeep");
      const all = [...new Set([one, other])].flatMap((id) => {
        const { callee, media, party } = names.of(id);
        return [callee, media, party];
      });
      for (const a of all) for (const b of all) expect(a !== b && a.startsWith(b)).toBe(false);
    }),
  );
});

test("channels of other software are left alone", () => {
  const names = new Names("opendeep");
  for (const id of [
    "1795224058.18",
    "od-opendeep-",
    "od-opendeep--callee",
    "od-other-call_1-callee",
    "call_1-callee",
  ]) {
    expect(names.channel(id)).toBeNull();
  }
});

test("an incoming call is known by the app the dialplan gave it to", () => {
  const names = new Names("opendeep");
  const channel = (app_name: string, app_data: string) => ({ dialplan: { app_name, app_data } });
  expect(names.isInOurApp(channel("Stasis", "opendeep,in,18005551212"))).toBe(true);
  expect(names.isInOurApp(channel("Stasis", "opendeep2,in"))).toBe(false);
  expect(names.isInOurApp(channel("Dial", "opendeep"))).toBe(false);
  expect(names.isInOurApp({})).toBe(false);
});

test("the ids of calls are fit to be names", () => {
  expect(isCallId(newId("call"))).toBe(true);
  expect(isCallId("call-1")).toBe(false);
});
