import { expect, test } from "bun:test";
import { recordingPath } from "../../src/server/recording-path.ts";

test("a recording is found under the data folder", () => {
  expect(recordingPath("/data", "recordings/a.wav")).toBe("/data/recordings/a.wav");
  expect(recordingPath("/data", "..a/b.wav")).toBe("/data/..a/b.wav");
});

test("no stored path leads out of the data folder", () => {
  for (const stored of ["../a.wav", "recordings/../../a.wav", "/etc/hostname", "..", "", "."]) {
    expect([stored, recordingPath("/data", stored)]).toEqual([stored, null]);
  }
});
