import { expect, test } from "vitest";
import { ShapeError } from "../../src/device/errors.ts";
import { scale } from "../../src/nn/scale.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { checkOp } from "../check.ts";

checkOp(
  "scale",
  (x, weight) => scale(3).apply(x, () => weight),
  ([x, weight]) => x!.map((value, i) => value * weight![i % 3]!),
  [
    [[4, 3], [3]],
    [[2, 5, 4, 3], [3]],
  ],
);
checkOp(
  "the gradient with respect to the input of scale",
  (dy, weight) => scale(3).inputGradient!(dy, dy, [4, 3], () => weight),
  ([dy, weight]) => dy!.map((value, i) => value * weight![i % 3]!),
  [[[2, 4, 3], [3]]],
);

test("scale keeps shapes, starts from 1 and names what does not fit", () => {
  const { outputShape, parameters } = sequential([5, 4, 3], { scale: scale(3) }, { stream: "net" });
  expect(outputShape).toEqual([5, 4, 3]);
  expect(parameters.map(({ name, values }) => [name, ...values])).toEqual([["scale.weight", 1, 1, 1]]);
  const build = () => sequential([4], { scale: scale(3) }, { stream: "net" });
  expect(build).toThrow(ShapeError);
  expect(build).toThrow("net.scale (scale) after (4): scale: takes samples of 3 channels, not (4)");
});
