import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openDevice, type Device } from "../src/device/device.ts";
import { HestenesError, LimitError } from "../src/device/errors.ts";
import * as ops from "../src/ops/index.ts";
import { tensor } from "../src/tensor/tensor.ts";

type Call = (...given: unknown[]) => unknown;

/** The parameters of the functions that the package exports as operations: their types, as they are written. */
function parametersOf(): Map<string, { type: string; optional: boolean }[]> {
  const folder = new URL("../src/ops/", import.meta.url);
  const found = new Map<string, { type: string; optional: boolean }[]>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
    const text = readFileSync(new URL(file, folder), "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    for (const statement of source.statements)
      if (ts.isFunctionDeclaration(statement) && statement.name && statement.modifiers?.[0])
        if (Object.hasOwn(ops, statement.name.text) && file !== "matmul.ts")
          found.set(
            statement.name.text,
            statement.parameters.map(({ type, initializer, questionToken, dotDotDotToken }) => ({
              type: dotDotDotToken ? "Tensor" : (type?.getText() ?? "setting"),
              optional: initializer !== undefined || questionToken !== undefined,
            })),
          );
  }
  return found;
}

const parameters = parametersOf();
let device: Device;
let other: Device;
const spies: { mockRestore(): void }[] = [];

/** Devices on which nothing is compiled and nothing runs: what is refused is refused before. */
beforeAll(async () => {
  [device, other] = [await openDevice(), await openDevice()];
  for (const each of [device, other])
    spies.push(
      vi.spyOn(each, "bind").mockReturnValue({} as GPUBindGroup),
      vi.spyOn(each, "launch").mockReturnValue(undefined),
    );
  spies.push(vi.spyOn(device.pipelines, "get").mockReturnValue({} as never)); // prettier-ignore
});
afterAll(() => {
  for (const spy of spies) spy.mockRestore();
  device?.close();
  other?.close();
});

/**
 * Shapes of all operands of a call, of which some fit each operation so far that the next operand is looked at. All of what
 * follows is tried with matrices, the first three of each with the others.
 */
const shapes = [[4], [2, 2], [1, 4, 4, 4], [1, 1, 1, 1, 1], []];
const strangers = [undefined, 5, {}, null, "a", [], true, () => 1, { shape: [2, 2], size: 4 }];
const settings = [
  ...[null, NaN, -1, undefined, 1.5, Infinity, 1e12, "a", {}, [], [null], [-1], [1e12], true, () => 1],
  ...["bias", "mask", "weights", "scale", "shift", "running", "warm", "towards", "activation", "axes"].map(
    (name) => ({ [name]: 5 }),
  ),
];

/** What a parameter of a type usually is. */
function usual(type: string, shape: number[], noise: ops.RandomState): unknown {
  const x = () => tensor(device, new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
  if (/Tensor\[\]/.test(type)) return [x(), x()];
  if (/^(Tensor|Value)\b/.test(type)) return x();
  if (type === "RandomState") return noise;
  if (type === "Device") return device;
  if (type === "RecurrentWeights") return { input: x(), recurrent: x() };
  if (type === "LstmState") return { h: x(), c: x() };
  if (/readonly \(/.test(type)) return shape.map(() => [0, 0]);
  if (/Shape|\[number, number\]/.test(type)) return [2, 2];
  if (/readonly number\[\]/.test(type)) return shape.map((_, i) => i);
  if (/string/.test(type)) return "ij,jk";
  if (/Options/.test(type)) return { window: 1 };
  return 1;
}

const isOperand = (type: string) => /^(readonly )?(Tensor|Value|RandomState|Device)\b/.test(type);

/** What goes wrong when each parameter of `name` in turn is something else. */
async function sweep(name: string): Promise<string[]> {
  const wrong: string[] = [];
  const promised: Promise<unknown>[] = [];
  const list = parameters.get(name)!;
  const call = ops[name as keyof typeof ops] as Call;
  const noise = new ops.RandomState(device, 1);
  const freed = tensor(device, [1, 1, 1, 1], [2, 2]);
  freed.dispose();
  const attempt = (what: string, given: unknown[], isRefused: boolean) => {
    const refused = (error: unknown) => {
      if (!(error instanceof HestenesError)) wrong.push(`${name}: ${what}: ${String(error)}`);
    };
    try {
      device.scope(() => {
        const made = call(...given);
        if (made instanceof Promise)
          promised.push(made.then(() => wrong.push(`${name}: ${what} is let through`), refused)); // prettier-ignore
        else if (isRefused) wrong.push(`${name}: ${what} is let through`);
      });
    } catch (error) {
      refused(error);
    }
  };
  for (const shape of shapes) {
    const most = shape.length === 2 ? Infinity : 3;
    const given = () => list.map(({ type, optional }) => (optional ? undefined : usual(type, shape, noise)));
    for (const [i, { type, optional }] of list.entries()) {
      const isList = type.includes("[]");
      const bad: [unknown, boolean][] = isOperand(type)
        ? strangers
            .slice(0, most)
            .filter((value) => !(value === undefined && optional) && !(value === 5 && type === "Value"))
            .flatMap((value): [unknown, boolean][] => (isList ? [[value, true], [[value], true]] : [[value, true]])) // prettier-ignore
        : settings.slice(0, most).map((value) => [value, false]);
      if (/^(Tensor|Value)/.test(type)) {
        bad.push([freed, true]);
        const isAlone = list.filter((each) => /^(Tensor|Value)/.test(each.type) && !each.optional).length < 2;
        if (!isAlone) bad.push([tensor(other, new Float32Array(4), [2, 2]), true]);
      }
      for (const [value, isRefused] of bad) {
        const shown = JSON.stringify(typeof value === "object" ? Object.keys(value ?? []) : value);
        attempt(
          `argument ${i} of ${shape.length} axes: ${typeof value} ${shown}`,
          given().with(i, value),
          isRefused,
        );
      }
    }
  }
  noise.dispose();
  await Promise.all(promised);
  return wrong;
}

test("every operation refuses in words what is no operand of it, and what means nothing", async () => {
  const functions = Object.entries(ops).filter(([, value]) => typeof value === "function");
  expect(functions.map(([name]) => name).filter((name) => name !== "RandomState" && !parameters.has(name))).toEqual([]); // prettier-ignore
  const wrong: string[] = [];
  for (const name of parameters.keys()) wrong.push(...(await sweep(name)));
  expect(wrong.slice(0, 20), `${wrong.length} in all`).toEqual([]);
}, 60_000);

test("what sorts and scatters refuses in words what a binding does not hold", async () => {
  const narrow = await openDevice({ binding: 4096 });
  const bind = vi.spyOn(narrow, "bind").mockReturnValue({} as GPUBindGroup);
  const launch = vi.spyOn(narrow, "launch").mockReturnValue(undefined);
  const x = tensor(narrow, new Float32Array(2048), [2048]);
  const at = tensor(narrow, new Float32Array(2048), [2048, 1]);
  const calls: Record<string, () => unknown> = {
    sort: () => ops.sort(x),
    argsort: () => ops.argsort(x),
    topk: () => ops.topk(x, 3),
    median: () => ops.median(x),
    searchsorted: () => ops.searchsorted(x, x),
    takeAlongAxis: () => ops.takeAlongAxis(x, x),
    gatherNd: () => ops.gatherNd(x, at),
    scatterAdd: () => ops.scatterAdd(x, x, x),
    scatterAlongAxis: () => ops.scatterAlongAxis(x, x, x),
    scatterNd: () => ops.scatterNd(at, x, [2048]),
    segmentSum: () => ops.segmentSum(x, x, 2048),
  };
  for (const [name, call] of Object.entries(calls))
    expect(() => narrow.scope(call), name).toThrow(LimitError);
  for (const spy of [bind, launch]) spy.mockRestore();
  narrow.close();
});
