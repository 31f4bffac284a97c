import { expect, test } from "bun:test";
import { businessInfo } from "../../../src/agents/tools/business-info.ts";
import { errorInfo, googleError } from "../../support/gemini-server/server.ts";
import { during, failureOf, NOW, quickDeps } from "../../support/model-rig.ts";
import { PLACES_KEY, PlacesServer, type PlacesStep, type ScriptedPlace } from "../../support/places-server/server.ts";
import type { Fault } from "../../support/scripted-http.ts";
import { until } from "../../support/until.ts";

const open = (steps: (PlacesStep | Fault)[], apiKey: string | null = PLACES_KEY) => {
  const server = during(new PlacesServer(steps));
  const deps = quickDeps();
  return { server, time: deps.time, deps: { ...deps, apiKey, baseUrl: server.origin, fetch, timeoutMs: 15_000 } };
};

const dentist: ScriptedPlace = {
  id: "ChIJ123",
  displayName: { text: "Downtown Dental", languageCode: "en" },
  formattedAddress: "12 Main St, Springfield, IL 62701, USA",
  nationalPhoneNumber: "(217) 523-4567",
  internationalPhoneNumber: "+1 217-523-4567",
  websiteUri: "https://dental.example/",
  googleMapsUri: "https://maps.google.com/?cid=1",
  businessStatus: "OPERATIONAL",
  utcOffsetMinutes: -360,
  timeZone: { id: "America/Chicago" },
  rating: 4.7,
  regularOpeningHours: { openNow: true, periods: [], weekdayDescriptions: ["Monday: 8:00 AM – 5:00 PM"] },
  currentOpeningHours: { openNow: false, periods: [], specialDays: [{ date: { year: 2026, month: 11, day: 6 } }] },
};

test("a business comes with its dialable number, its hours, its zone, its id and the time of the look-up", async () => {
  const { server, deps } = open([{ places: [dentist] }]);
  const asked = { query: "Downtown Dental, Springfield IL", region: "US", language: "en" };
  expect(await businessInfo(asked, deps)).toEqual({
    businesses: [
      {
        placeId: "ChIJ123",
        name: "Downtown Dental",
        phone: "+12175234567",
        phoneRefusal: null,
        address: "12 Main St, Springfield, IL 62701, USA",
        website: "https://dental.example/",
        mapsUrl: "https://maps.google.com/?cid=1",
        status: "open",
        openingHours: ["Monday: 8:00 AM – 5:00 PM"],
        isOpenNow: false,
        specialDays: ["2026-11-06"],
        timezone: "America/Chicago",
        utcOffsetMinutes: -360,
      },
    ],
    at: NOW,
  });
  const [request] = server.requests;
  expect(request?.body).toEqual({
    textQuery: "Downtown Dental, Springfield IL",
    languageCode: "en",
    regionCode: "US",
    pageSize: 5,
    includePureServiceAreaBusinesses: true,
  });
  // Fields that were not asked for, such as a rating, would make the look-up dearer.
  expect(request?.headers.get("x-goog-fieldmask")).not.toContain("rating");
});

test("a place about which little is known has nulls, and nothing is made up", async () => {
  const { deps } = open([{ places: [{ id: "p", displayName: { text: "Plumber" } }] }]);
  const { businesses } = await businessInfo({ query: "plumber" }, deps);
  expect(businesses[0]).toEqual({
    placeId: "p",
    name: "Plumber",
    phone: null,
    phoneRefusal: null,
    address: null,
    website: null,
    mapsUrl: null,
    status: "unknown",
    openingHours: [],
    isOpenNow: null,
    specialDays: [],
    timezone: null,
    utcOffsetMinutes: null,
  });
});

test("a number that cannot be dialed is left out with the reason", async () => {
  const numbers = ["+1 900-555-0100", "911", "call us!", "+1 217-523-45"];
  const { deps } = open([{ places: numbers.map((one) => ({ ...dentist, internationalPhoneNumber: one })) }]);
  const { businesses } = await businessInfo({ query: "dentist" }, deps);
  expect(businesses.map(({ phone, phoneRefusal }) => [phone, phoneRefusal])).toEqual([
    [null, "premium"],
    [null, "emergency"],
    [null, "not-a-number"],
    [null, "invalid"],
  ]);
});

test("facts that cannot be right are left out, the rest stays", async () => {
  const odd = {
    ...dentist,
    websiteUri: "javascript:alert(1)",
    timeZone: { id: "Mars/Olympus" },
    utcOffsetMinutes: 99_999,
    businessStatus: "HAUNTED",
    regularOpeningHours: "always",
    displayName: { text: "D".repeat(999) },
  };
  const { deps } = open([{ places: [odd] }]);
  const { businesses } = await businessInfo({ query: "dentist" }, deps);
  expect(businesses[0]).toMatchObject({
    name: "D".repeat(200),
    phone: "+12175234567",
    website: null,
    timezone: null,
    utcOffsetMinutes: null,
    status: "unknown",
    openingHours: [],
  });
});

test("a closed business says so", async () => {
  const { deps } = open([{ places: [{ ...dentist, businessStatus: "CLOSED_PERMANENTLY" }] }]);
  expect((await businessInfo({ query: "dentist" }, deps)).businesses[0]?.status).toBe("closed-permanently");
});

test("no match is an empty list, and a place that cannot be read does not spoil the others", async () => {
  const { deps } = open([{ places: [] }, { places: [{ id: 7 }, dentist] }]);
  expect((await businessInfo({ query: "nothing" }, deps)).businesses).toEqual([]);
  expect((await businessInfo({ query: "dentist" }, deps)).businesses).toHaveLength(1);
});

test("without a key the failure says which one to set", async () => {
  const { deps, server } = open([], null);
  const failed = await failureOf(businessInfo({ query: "dentist" }, deps));
  expect(failed).toMatchObject({ failure: "key-missing", retryable: false });
  expect(failed.message).toStartWith("Google Places has no key. Set GOOGLE_API_KEY");
  expect(server.requests).toHaveLength(0);
});

test.each([
  [googleError(400, "INVALID_ARGUMENT", [errorInfo("API_KEY_INVALID")]), "key-refused"],
  [googleError(403, "PERMISSION_DENIED", [errorInfo("SERVICE_DISABLED")]), "key-refused"],
  [googleError(403, "PERMISSION_DENIED", [errorInfo("API_KEY_SERVICE_BLOCKED")]), "key-refused"],
  [googleError(403, "PERMISSION_DENIED", [errorInfo("BILLING_DISABLED")]), "quota-used-up"],
  [googleError(400, "INVALID_ARGUMENT"), "request-refused"],
] as const)("%j is not tried again: %s", async (fault, failure) => {
  const { deps, server } = open([fault, { places: [dentist] }]);
  expect(await failureOf(businessInfo({ query: "dentist" }, deps))).toMatchObject({ failure, retryable: false });
  expect(server.requests).toHaveLength(1);
});

test.each([
  ["too many requests", googleError(429, "RESOURCE_EXHAUSTED")],
  ["an overload", googleError(503, "UNAVAILABLE")],
  ["a page of a proxy", { garbage: "<html>Bad gateway</html>" }],
  ["places that are no list", { garbage: '{"places":{}}' }],
  ["places without ids", { garbage: '{"places":[{"id":""}]}' }],
  ["an answer without end", { garbage: `{"places":[],"x":"${"x".repeat(600_000)}"}` }],
] as const)("after %s it is asked again, once", async (_, fault) => {
  const { deps, time } = open([fault, { places: [dentist] }, fault, fault]);
  expect((await businessInfo({ query: "dentist" }, deps)).businesses).toHaveLength(1);
  expect(time.pauses).toEqual([500]);
  expect(await failureOf(businessInfo({ query: "dentist" }, deps))).toMatchObject({ retryable: true });
});

test("in a live call nobody waits: one try, and as little time as is said", async () => {
  const { deps, time, server } = open([{ hang: true }, { places: [dentist] }]);
  const failing = failureOf(businessInfo({ query: "dentist" }, { ...deps, tries: 1 }));
  await until("it was asked", () => server.requests.length === 1);
  time.ring(15_000);
  expect(await failing).toMatchObject({ failure: "timed-out", retryable: true });
  await until("the request was dropped", () => server.requests[0]?.wasDropped);
});

test("a stop ends the look-up", async () => {
  const { deps, server } = open([{ hang: true }]);
  const stop = new AbortController();
  const failing = failureOf(businessInfo({ query: "dentist" }, deps, stop.signal));
  await until("it was asked", () => server.requests.length === 1);
  stop.abort();
  expect((await failing).failure).toBe("stopped");
});

test("a key never leaves for another address", async () => {
  let reached = 0;
  const other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json({ reached: ++reached }) });
  const moved = { status: 307, headers: { location: `http://127.0.0.1:${other.port}/` } };
  const { deps } = open([moved, moved]);
  const failed = await failureOf(businessInfo({ query: "dentist" }, deps));
  await other.stop(true);
  expect([failed.failure, reached]).toEqual(["unreachable", 0]);
});
