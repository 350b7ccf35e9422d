import { beforeAll, describe, expect, test } from "vitest";
import { openDevice } from "../../../../src/device/device.ts";
import { expectClose } from "../../../check.ts";

test("passes", () => {
  expect([1, 2]).toEqual([1, 2]);
});

test("differs", () => {
  expectClose([1, 2], [1, 3], 1e-5, "sum");
});

test("rejects late", async () => {
  await expect(openDevice()).rejects.toThrow("nothing");
});

describe("a group", () => {
  beforeAll(() => {
    throw new Error("no device today");
  });
  test("never runs", () => undefined);
});
