import { expect, test } from "bun:test";
import { textCost } from "../../../src/agents/models/text-prices.ts";

const at = Date.parse("2026-11-21T00:00:00Z");
const MILLION = 1_000_000;
const none = { input: 0, cached: 0, cacheWritten: 0, output: 0 };

test("input, cached input and output have their own prices, and cached tokens are not paid twice", () => {
  expect(textCost("gpt-6.1-terra", { ...none, input: MILLION }, at)).toBeCloseTo(1);
  expect(textCost("gpt-6.1-terra", { ...none, input: MILLION, cached: MILLION }, at)).toBeCloseTo(0.05);
  expect(textCost("gpt-6.1-terra", { ...none, output: MILLION }, at)).toBeCloseTo(5);
});

test("what Claude puts into its cache costs a quarter more", () => {
  expect(textCost("claude-sonnet-5-5", { ...none, input: MILLION, cacheWritten: MILLION }, at)).toBeCloseTo(2.5);
});

test("a dated name has the price of its family, an unknown one none", () => {
  expect(textCost("gpt-6-luna-2026-08-01", { ...none, output: MILLION }, at)).toBeCloseTo(0.5);
  expect(textCost("llama4:8b", { ...none, output: MILLION }, at)).toBeNull();
});

test("a price that changes is the one of the day", () => {
  const tokens = { ...none, output: MILLION };
  expect(textCost("gemini-3.8-flash", tokens, Date.parse("2026-12-31T23:59:59Z"))).toBeCloseTo(3.75);
  expect(textCost("gemini-3.8-flash", tokens, Date.parse("2027-01-01T00:00:00Z"))).toBeCloseTo(7.5);
});
