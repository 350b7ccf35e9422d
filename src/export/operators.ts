import { ArgumentError } from "../device/errors.ts";
import type { Geometry } from "../ops/lib/convolution.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { targetOf, type Emitter, type Stored } from "./emitter.ts";
import { asIs, filterForm, vectorForm, weightForm, type ImageOrder } from "./forms.ts";
import { functions } from "./functions.ts";
import type { ConstantValue, OperationValue, Value } from "./graph.ts";

/** Adds what an operation does to the graph. */
type Operator = (value: OperationValue, emitter: Emitter) => Stored;

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;

/** Adds an operation, whatever it is. Throws ArgumentError for one that has no counterpart in ONNX here. */
export function writeOperation(value: OperationValue, emitter: Emitter): Stored {
  const { name } = value;
  if (name !== undefined && Object.hasOwn(functions, name)) {
    const [x] = value.inputs as [Value];
    const stored = emitter.of(x);
    const { s, t } = value.options as { s: number; t: number };
    return { ...stored, name: functions[name]!(emitter, stored.name, s, t) };
  }
  const operator = name !== undefined && Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (operator) return operator(value, emitter);
  const what = name === undefined ? "an operation from outside of the package" : name.replace("reduce ", "");
  throw new ArgumentError(
    `${what}, which gives (${value.shape.join(", ")}), has no counterpart in ONNX that is known here`,
  );
}

/** A function of two values that are broadcast to each other, in the layout of the one that is as large as the result. */
function broadcast(value: OperationValue, e: Emitter, write: (operands: string[]) => string): Stored {
  const operands = value.inputs as readonly (Value | number)[];
  const layouts = operands.flatMap((operand) => {
    if (typeof operand === "number" || operand.kind === "constant") return [];
    return operand.shape.join() === value.shape.join() ? [e.of(operand)] : [];
  });
  const plain: Stored = { layout: "plain", name: "" };
  const candidates = [...layouts.filter(({ layout }) => layout !== "plain"), plain];
  for (const layout of candidates) {
    if (operands.some((operand) => !fits(operand, layout, e))) continue;
    const names = operands.map((operand) => e.alongside(operand, layout)!);
    return { ...layout, name: write(names) };
  }
  throw new ArgumentError(`${value.name}: its operands have no layout in common`);
}

/** Whether an operand can be had beside values of that layout without adding anything to the graph. */
function fits(operand: Value | number, layout: Stored, e: Emitter): boolean {
  if (layout.layout === "plain" || typeof operand === "number") return true;
  if (layout.layout === "image")
    return operand.kind === "constant" ? operand.shape.length <= 4 : operand.shape.length === 4;
  if (operand.kind !== "constant") {
    const stored = e.of(operand);
    return stored.layout === "flat" && stored.order.join() === layout.order.join();
  }
  const last = operand.shape.at(-1) ?? 1;
  return (
    operand.values.length === 1 || last === 1 || (operand.shape.length <= 2 && last === sizeOf(layout.order))
  );
}

const binary =
  (type: string): Operator =>
  (value, e) =>
    broadcast(value, e, (operands) => e.node(type, operands));

/** A test, whose truth values are numbers here. */
const test =
  (type: string, { ofTruth = false, not = false } = {}): Operator =>
  (value, e) =>
    broadcast(value, e, (operands) => {
      const given = ofTruth ? operands.map((operand) => e.node("Cast", [operand], { to: BOOL })) : operands;
      const held = e.node(type, given);
      return e.node("Cast", [not ? e.node("Not", [held]) : held], { to: FLOAT });
    });

/** What the kernels of layers apply at the end. */
function activated(e: Emitter, name: string, activation: unknown): string {
  if (activation === undefined || activation === "none") return name;
  const ownNumber = activation === "leakyRelu" ? 0.01 : 1;
  return functions[activation as string]!(e, name, ownNumber, 0);
}

function constantOf(value: Value | number | undefined, what: string): ConstantValue {
  if (typeof value === "object" && value.kind === "constant") return value;
  throw new ArgumentError(`${what} depends on the samples; ONNX and PyTorch take a constant one`);
}

const isConstant = (value: Value | number | undefined): value is ConstantValue =>
  typeof value === "object" && value.kind === "constant";

/** Whether a product is an affine map of vectors by constants: what `Gemm` computes. */
export function isAffine({ name, inputs, options, shape }: OperationValue): boolean {
  const [a, b, bias] = inputs as [Value, Value, Value | undefined];
  return (
    name === "matmul" &&
    shape.length === 2 &&
    !isConstant(a) &&
    !options.transposeA &&
    isConstant(b) &&
    b.shape.length === 2 &&
    (bias === undefined || isConstant(bias))
  );
}

const matmul: Operator = (value, e) => {
  const { inputs, options } = value;
  const [a, b, bias] = inputs as [Value, Value, Value | undefined];
  const { transposeA = false, transposeB = false, activation } = options as Record<string, unknown>;
  if (isAffine(value)) {
    const weight = b as ConstantValue;
    const given = e.of(a);
    const inOrder = given.layout === "flat" ? given.order : undefined;
    const outOrder = e.orders.get(value);
    const x = given.layout === "flat" ? given.name : e.plain(a);
    const key = `affine ${String(inOrder)} ${String(outOrder)}`;
    const shape = weight.shape as readonly [number, number];
    const form = () => weightForm(shape, Boolean(transposeB), inOrder, outOrder);
    const operands = [x, e.constant(weight, key, form)];
    if (isConstant(bias)) operands.push(e.constant(bias, key, () => vectorForm(bias.shape, outOrder)));
    const name = activated(e, e.node("Gemm", operands, { transB: 1 }), activation);
    return outOrder ? { layout: "flat", name, order: outOrder } : { layout: "plain", name };
  }
  const turned = (operand: Value, isTransposed: unknown) => {
    const name = e.plain(operand);
    if (!isTransposed) return name;
    return e.node("Transpose", [name], { perm: operand.shape.length === 3 ? [0, 2, 1] : [1, 0] });
  };
  const product = e.node("MatMul", [turned(a, transposeA), turned(b, transposeB)]);
  const sum = bias ? e.node("Add", [product, e.plain(bias)]) : product;
  return { layout: "plain", name: activated(e, sum, activation) };
};

const convolution =
  (type: "Conv" | "ConvTranspose"): Operator =>
  (value, e) => {
    const [x, given, bias] = value.inputs as [Value, Value, Value | undefined];
    const weight = constantOf(given, "a filter");
    const geometry = value.options as unknown as Geometry;
    const { P, Q, H, W, R, S, G, pad_h, pad_w, after_h, after_w } = geometry;
    const { stride_h, stride_w, dilation_h, dilation_w } = geometry;
    const operands = [e.image(x), e.constant(weight, "filter", () => filterForm(weight.shape))];
    if (bias) {
      const values = constantOf(bias, "a bias");
      operands.push(e.constant(values, "plain", () => asIs(values.shape)));
    }
    const rest = (P: number, stride: number, reach: number, pads: number, H: number) =>
      H - ((P - 1) * stride + reach - pads);
    const output_padding = [
      rest(P, stride_h, dilation_h * (R - 1) + 1, pad_h + after_h, H),
      rest(Q, stride_w, dilation_w * (S - 1) + 1, pad_w + after_w, W),
    ];
    const name = e.node(type, operands, {
      kernel_shape: [R, S],
      strides: [stride_h, stride_w],
      pads: [pad_h, pad_w, after_h, after_w],
      dilations: [dilation_h, dilation_w],
      group: G,
      ...(type === "ConvTranspose" && output_padding.some((n) => n !== 0) && { output_padding }),
    });
    return { layout: "image", name: activated(e, name, value.options.activation) };
  };

/** What PyTorch calls the numbers of a normalisation. */
const normNames = ["weight", "bias", "running_mean", "running_var"] as const;

/** Scale and shift as constants of one number for each channel; ones and zeros where there are none. */
function affineNames(
  e: Emitter,
  inputs: OperationValue["inputs"],
  count: number,
  key: string,
  order?: ImageOrder,
): [scale: string, shift: string] {
  return [1, 0].map((number, i) => {
    const given = inputs[1 + i];
    if (given === undefined)
      return e.floats(number === 1 ? "ones" : "zeros", new Float32Array(count).fill(number));
    const values = constantOf(given, "a scale or a shift");
    return e.constant(values, key, () => vectorForm(values.shape, order), normNames[i]);
  }) as [string, string];
}

const batchNormInference: Operator = (value, e) => {
  const { inputs, options, shape } = value;
  const [x, , , mean, variance] = inputs as [Value, unknown, unknown, Value, Value];
  const epsilon = { float: options.epsilon as number };
  if (shape.length === 3 || shape.length > 4)
    throw new ArgumentError(`batch norm of (${shape.join(", ")}): vectors and images can be exported`);
  const stored = e.of(x);
  const isImage = shape.length === 4;
  const order = !isImage && stored.layout === "flat" ? stored.order : undefined;
  const key = `norm ${String(order)}`;
  const [scale, shift] = affineNames(e, inputs, shape.at(-1) as number, key, order);
  const statistics = [mean, variance].map((given, i) => {
    const values = constantOf(given, "a running mean or variance");
    return e.constant(values, key, () => vectorForm(values.shape, order), normNames[2 + i]);
  });
  const operand = isImage ? e.image(x) : stored.name;
  const made = e.node("BatchNormalization", [operand, scale, shift, ...statistics], { epsilon });
  const name = activated(e, made, options.activation);
  return isImage ? { layout: "image", name } : { ...stored, name };
};

const layerNorm: Operator = (value, e) => {
  const { inputs, options } = value;
  const [x, scale, shift] = inputs as [Value, Value | undefined, Value | undefined];
  const shape = options.shape as Shape;
  const plain = (given: Value | undefined, number: number, last: string) => {
    if (given === undefined) return e.floats(last, new Float32Array(sizeOf(shape)).fill(number), shape);
    const values = constantOf(given, "a scale or a shift");
    return e.constant(values, "plain", () => asIs(values.shape), last);
  };
  const attributes = { axis: -shape.length, epsilon: { float: options.epsilon as number } };
  const operands = [e.plain(x), plain(scale, 1, "weight"), plain(shift, 0, "bias")];
  const name = e.node("LayerNormalization", operands, attributes);
  return { layout: "plain", name: activated(e, name, options.activation) };
};

/** Of groups of channels of images; of one channel each, instance norm. */
const groupNorm: Operator = (value, e) => {
  const { inputs, options, shape } = value;
  const [x] = inputs as [Value];
  if (shape.length !== 4)
    throw new ArgumentError(`group and instance norm of (${shape.join(", ")}): images can be exported`);
  const [, H, W, C] = shape as [string, number, number, number];
  const perGroup = options.D as number;
  const epsilon = { float: options.epsilon as number };
  const [scale, shift] = affineNames(e, inputs, C, "norm");
  if (perGroup === 1) {
    const made = e.node("InstanceNormalization", [e.image(x), scale, shift], { epsilon });
    return { layout: "image", name: activated(e, made, options.activation) };
  }
  const groups = C / perGroup;
  const ones = e.floats("ones", new Float32Array(groups).fill(1));
  const zeros = e.floats("zeros", new Float32Array(groups));
  const apart = e.node("Reshape", [e.image(x), e.integers([-1, groups, perGroup * H * W])]);
  const normal = e.node("InstanceNormalization", [apart, ones, zeros], { epsilon });
  const images = e.node("Reshape", [normal, e.integers([-1, C, H, W])]);
  const channels = (name: string) => e.node("Reshape", [name, e.integers([1, C, 1, 1])]);
  const made = e.node("Add", [e.node("Mul", [images, channels(scale)]), channels(shift)]);
  return { layout: "image", name: activated(e, made, options.activation) };
};

/** The image that a vector is, or becomes, by a reshape between (N, F) and (N, H, W, C). */
export function imageOrder(images: Value, vectors: Value): ImageOrder | undefined {
  const [shape, flat] = [images.shape, vectors.shape];
  if (shape.length !== 4 || flat.length !== 2 || shape[0] !== flat[0]) return undefined;
  const order = shape.slice(1);
  return order.every((extent) => typeof extent === "number") && sizeOf(order) === flat[1]
    ? (order as unknown as ImageOrder)
    : undefined;
}

const reshape: Operator = (value, e) => {
  const [x] = value.inputs as [Value];
  const stored = e.of(x);
  if (x.shape.join() === value.shape.join()) return stored;
  const flattened = imageOrder(x, value);
  if (flattened && stored.layout === "image")
    return { layout: "flat", name: e.node("Flatten", [stored.name], { axis: 1 }), order: flattened };
  const order = imageOrder(value, x);
  if (order && stored.layout === "flat" && stored.order.join() === order.join()) {
    const [H, W, C] = order;
    return { layout: "image", name: e.node("Reshape", [stored.name, e.integers([-1, C, H, W])]) };
  }
  return { layout: "plain", name: e.node("Reshape", [e.plain(x), e.integers(targetOf(value.shape))]) };
};

/** Of float16, which ONNX files have as float32 from here on. */
const float: Operator = (value, e) => e.of(value.inputs[0] as Value);

const permute: Operator = (value, e) => {
  const [x] = value.inputs as [Value];
  return {
    layout: "plain",
    name: e.node("Transpose", [e.plain(x)], { perm: value.options.axes as number[] }),
  };
};

/** Where axis `axis` of images is there. */
const imageAxis = (axis: number) => [0, 2, 3, 1][axis]!;

/** An operand, and where its axes are there: images stay images. */
function along(x: Value, e: Emitter): { stored: Stored; axisOf: (axis: number) => number } {
  const stored = e.of(x);
  if (stored.layout === "image") return { stored, axisOf: imageAxis };
  return { stored: { layout: "plain", name: e.plain(x) }, axisOf: (axis) => axis };
}

const slice: Operator = (value, e) => {
  const [x] = value.inputs as [Value];
  const { starts, sizes, steps } = value.options as Record<string, readonly number[] | undefined>;
  const { stored, axisOf } = along(x, e);
  const cut: { axis: number; start: number; end: number; step: number }[] = [];
  x.shape.forEach((extent, axis) => {
    const [start, step] = [starts![axis]!, steps?.[axis] ?? 1];
    const isWhole = start === 0 && step === 1 && value.shape[axis] === extent;
    if (isWhole) return;
    if (typeof extent !== "number")
      throw new ArgumentError("a part of the samples of a batch cannot be exported, only parts of samples");
    const end = start + sizes![axis]! * step;
    cut.push({ axis: axisOf(axis), start, end: step < 0 && end < 0 ? -(2 ** 31) : end, step });
  });
  const operands = (["start", "end", "axis", "step"] as const).map((name) =>
    e.integers(cut.map((each) => each[name])),
  );
  return { ...stored, name: cut.length === 0 ? stored.name : e.node("Slice", [stored.name, ...operands]) };
};

const pad: Operator = (value, e) => {
  const [x] = value.inputs as [Value];
  const { margins, value: number } = value.options as {
    margins: readonly (readonly [number, number])[];
    value: number;
  };
  const { stored, axisOf } = along(x, e);
  const pads = new Array<number>(2 * margins.length).fill(0);
  margins.forEach(([before, after], axis) => {
    pads[axisOf(axis)] = before;
    pads[margins.length + axisOf(axis)] = after;
  });
  return { ...stored, name: e.node("Pad", [stored.name, e.integers(pads), e.scalar(number)]) };
};

const broadcastTo: Operator = (value, e) => {
  const [x] = value.inputs as [Value];
  const target = value.shape.map((extent) => (typeof extent === "number" ? extent : 1)); // x has the samples itself
  return { layout: "plain", name: e.node("Expand", [e.plain(x), e.integers(target)]) };
};

const concat: Operator = (value, e) => {
  const list = value.inputs as readonly Value[];
  const axis = value.options.axis as number;
  const areImages = list.every((each) => each.kind !== "constant" && e.of(each).layout === "image");
  const names = list.map((each) => (areImages ? e.image(each) : e.plain(each)));
  const name = e.node("Concat", names, { axis: areImages ? imageAxis(axis) : axis });
  return { layout: areImages ? "image" : "plain", name };
};

const gatherRows: Operator = (value, e) => {
  const [x, indices] = value.inputs as [Value, Value];
  const whole = e.node("Cast", [e.plain(indices)], { to: INT64 });
  return { layout: "plain", name: e.node("Gather", [e.plain(x), whole], { axis: 0 }) };
};

const where: Operator = (value, e) =>
  broadcast(value, e, ([mask, a, b]) => e.node("Where", [e.node("Cast", [mask!], { to: BOOL }), a!, b!]));

const reduction =
  (type: string): Operator =>
  (value, e) => {
    const [x] = value.inputs as [Value];
    const { axes, keepDims } = value.options as { axes: readonly number[]; keepDims: boolean };
    const stored = e.of(x);
    // without its axes of pixels an image is a vector of channels, in whichever order its axes were
    const staysImage = stored.layout === "image" && (keepDims || [1, 2].every((axis) => axes.includes(axis)));
    const [name, over] = staysImage ? [stored.name, axes.map(imageAxis)] : [e.plain(x), axes];
    const made = e.node(type, [name, e.integers(over)], { keepdims: Number(keepDims) });
    return { layout: staysImage && keepDims ? "image" : "plain", name: made };
  };

interface Windows {
  H: number;
  W: number;
  P: number;
  Q: number;
  R: number;
  S: number;
  stride_h: number;
  stride_w: number;
  pad_h: number;
  pad_w: number;
  dilation_h: number;
  dilation_w: number;
  padded_h: number;
  padded_w: number;
}

/** Padding behind an axis that makes so many windows. */
const behind = (windows: number, stride: number, reach: number, extent: number, before: number) =>
  Math.max(0, (windows - 1) * stride + reach - extent - before);

const maxPool2d: Operator = (value, e) => {
  const w = value.options as unknown as Windows;
  const after_h = behind(w.P, w.stride_h, w.dilation_h * (w.R - 1) + 1, w.H, w.pad_h);
  const after_w = behind(w.Q, w.stride_w, w.dilation_w * (w.S - 1) + 1, w.W, w.pad_w);
  const name = e.node("MaxPool", [e.image(value.inputs[0] as Value)], {
    kernel_shape: [w.R, w.S],
    strides: [w.stride_h, w.stride_w],
    pads: [w.pad_h, w.pad_w, after_h, after_w],
    dilations: [w.dilation_h, w.dilation_w],
  });
  return { layout: "image", name };
};

const meanPool: Operator = (value, e) => {
  const w = value.options as unknown as Windows & { COUNT_PADDING?: number; SUM?: number };
  const most_h = Math.floor((w.padded_h - w.R) / w.stride_h) + 1;
  const most_w = Math.floor((w.padded_w - w.S) / w.stride_w) + 1;
  if (w.dilation_h * w.dilation_w !== 1 || w.P > most_h || w.Q > most_w)
    throw new ArgumentError("an average pool with dilation, or rounded up, cannot be exported");
  const pooled = e.node("AveragePool", [e.image(value.inputs[0] as Value)], {
    kernel_shape: [w.R, w.S],
    strides: [w.stride_h, w.stride_w],
    pads: [w.pad_h, w.pad_w, w.padded_h - w.H - w.pad_h, w.padded_w - w.W - w.pad_w],
    count_include_pad: w.SUM ? 1 : (w.COUNT_PADDING ?? 1),
  });
  return { layout: "image", name: w.SUM ? e.node("Mul", [pooled, e.scalar(w.R * w.S)]) : pooled };
};

const resize2d: Operator = (value, e) => {
  const { mode, alignCorners, halfPixels } = value.options as Record<string, unknown>;
  const [, P, Q] = value.shape as [string, number, number, number];
  const isNearest = mode === "nearest";
  const transformation = alignCorners ? "align_corners" : halfPixels ? "half_pixel" : "asymmetric";
  const name = e.node("Resize", [e.image(value.inputs[0] as Value), "", "", e.integers([P, Q])], {
    axes: [2, 3],
    mode: isNearest ? "nearest" : "linear",
    coordinate_transformation_mode: transformation,
    ...(isNearest && { nearest_mode: transformation === "asymmetric" ? "floor" : "round_prefer_ceil" }),
  });
  return { layout: "image", name };
};

const softmax =
  (type: string): Operator =>
  (value, e) => ({
    layout: "plain",
    name: e.node(type, [e.plain(value.inputs[0] as Value)], { axis: value.options.axis as number }),
  });

/** What ONNX has for each operation that tells its name, beside functions of one number. */
const operators: Readonly<Record<string, Operator>> = {
  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Mul"),
  div: binary("Div"),
  pow: binary("Pow"),
  min: binary("Min"),
  max: binary("Max"),
  equal: test("Equal"),
  notEqual: test("Equal", { not: true }),
  less: test("Less"),
  lessEqual: test("LessOrEqual"),
  logicalAnd: test("And", { ofTruth: true }),
  logicalOr: test("Or", { ofTruth: true }),
  logicalXor: test("Xor", { ofTruth: true }),
  where,
  matmul,
  conv2d: convolution("Conv"),
  convTranspose2d: convolution("ConvTranspose"),
  batchNormInference,
  layerNorm,
  groupNorm,
  instanceNorm: groupNorm,
  reshape,
  float,
  permute,
  slice,
  pad,
  broadcastTo,
  concat,
  gatherRows,
  "reduce sum": reduction("ReduceSum"),
  "reduce mean": reduction("ReduceMean"),
  "reduce max": reduction("ReduceMax"),
  "reduce min": reduction("ReduceMin"),
  "reduce norm": reduction("ReduceL2"),
  "reduce logsumexp": reduction("ReduceLogSumExp"),
  maxPool2d,
  averagePool2d: meanPool,
  sumPool2d: meanPool,
  resize2d,
  softmax: softmax("Softmax"),
  logSoftmax: softmax("LogSoftmax"),
};
