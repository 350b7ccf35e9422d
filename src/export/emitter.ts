import { LimitError } from "../device/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { asIs, moved, permuted, vectorForm, type Form, type ImageOrder } from "./forms.ts";
import type { ConstantValue, Extent, Value } from "./graph.ts";

/**
 * A value in the graph that is written:
 *
 *     plain    as it is here
 *     image    (N, H, W, C) here, (N, C, H, W) there
 *     flat     (N, H · W · C) here, (N, C · H · W) there
 */
export type Stored =
  | { layout: "plain"; name: string }
  | { layout: "image"; name: string }
  | { layout: "flat"; name: string; order: ImageOrder };

/** A number with a fraction among the attributes of a node. */
export interface Float {
  float: number;
}
export type Attribute = number | Float | string | readonly number[];

/** One node of an ONNX graph. */
export interface Node {
  type: string;
  inputs: string[];
  output: string;
  attributes: Readonly<Record<string, Attribute>>;
}

/** Numbers in an ONNX graph. */
export interface Initializer {
  shape: Shape;
  data: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
  /** The constant that it is, and how its numbers were moved. */
  source?: { constant: ConstantValue; form: Form };
}

/** From NHWC to NCHW, and back. */
const [TO_IMAGE, FROM_IMAGE] = [
  [0, 3, 1, 2],
  [0, 2, 3, 1],
];

/** A list of extents to reshape to: -1 for what grows with the samples. */
export const targetOf = (shape: readonly Extent[]) =>
  shape.map((extent) => (typeof extent === "number" ? extent : -1));

/** Puts together an ONNX graph. Names of values are its business; how values lie is what `Stored` says. */
export class Emitter {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Initializer>();
  /** Vectors that are to lie as the image does that is made of them. */
  readonly orders = new Map<Value, ImageOrder>();
  readonly #stored = new Map<Value, Stored>();
  readonly #asPlain = new Map<Value, string>();
  readonly #asImages = new Map<Value, string>();
  readonly #constants = new Map<ConstantValue, Map<string, string>>();
  readonly #taken = new Set<string>();
  readonly #write: (value: Value, emitter: Emitter) => Stored;

  /** `write` adds a value that no constant is. */
  constructor(write: (value: Value, emitter: Emitter) => Stored) {
    this.#write = write;
  }

  /** The value, which is added where it is not there yet. */
  of(value: Value): Stored {
    let found = this.#stored.get(value);
    if (!found) this.#stored.set(value, (found = this.#write(value, this)));
    return found;
  }

  /** Adds a node, and gives the name of its output. */
  node(type: string, inputs: readonly string[], attributes: Node["attributes"] = {}): string {
    const output = this.unused(type.toLowerCase());
    this.nodes.push({ type, inputs: [...inputs], output, attributes });
    return output;
  }

  /** A name that nothing has. */
  unused(stem: string): string {
    let name = stem;
    for (let i = 2; this.#taken.has(name); i++) name = `${stem}_${i}`;
    this.#taken.add(name);
    return name;
  }

  /** One number. */
  scalar(value: number): string {
    return this.#shared(`number_${value}`, { shape: [], data: Float32Array.of(value) });
  }

  /** Whole numbers, for operations that take extents or places. */
  integers(values: readonly number[]): string {
    return this.#shared(`integers_${values.join("_")}`, {
      shape: [values.length],
      data: BigInt64Array.from(values, BigInt),
    });
  }

  /** Numbers that are no parameter's. */
  floats(stem: string, values: Float32Array<ArrayBuffer>, shape: Shape = [values.length]): string {
    const name = this.unused(stem);
    this.initializers.set(name, { shape, data: values });
    return name;
  }

  /**
   * A constant whose numbers are moved as `form` says; `last` is what PyTorch calls it, in place of the last part of its name.
   * `key` tells forms apart.
   */
  constant(value: ConstantValue, key: string, form: () => Form, last?: string): string {
    const known = this.#constants.get(value) ?? new Map<string, string>();
    this.#constants.set(value, known);
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = form();
    const own = value.name !== undefined && last !== undefined ? renamed(value.name, last) : value.name;
    const name = this.unused(own ?? "constant");
    const data = moved(value.values, made);
    this.initializers.set(name, { shape: made.shape, data, source: { constant: value, form: made } });
    known.set(key, name);
    return name;
  }

  /** A value as it is here. */
  plain(value: Value): string {
    if (value.kind === "constant") return this.constant(value, "plain", () => asIs(value.shape));
    const stored = this.of(value);
    if (stored.layout === "plain") return stored.name;
    return once(this.#asPlain, value, () => {
      if (stored.layout === "image") return this.node("Transpose", [stored.name], { perm: FROM_IMAGE });
      const [H, W, C] = stored.order;
      const image = this.node("Reshape", [stored.name, this.integers([-1, C, H, W])]);
      const rows = this.node("Transpose", [image], { perm: FROM_IMAGE });
      return this.node("Reshape", [rows, this.integers(targetOf(value.shape))]);
    });
  }

  /** Images (N, H, W, C) as (N, C, H, W). */
  image(value: Value): string {
    if (value.kind === "constant")
      return this.constant(value, "image", () => permuted(alignedTo4(value.shape), TO_IMAGE));
    const stored = this.of(value);
    if (stored.layout === "image") return stored.name;
    const turned = () => this.node("Transpose", [this.plain(value)], { perm: TO_IMAGE });
    return once(this.#asImages, value, turned);
  }

  /** What is broadcast to values that lie as `layout` says; undefined for what cannot. */
  alongside(value: Value | number, layout: Stored): string | undefined {
    if (typeof value === "number") return this.scalar(value);
    if (layout.layout === "plain") return this.plain(value);
    if (value.kind === "constant") {
      if (value.values.length === 1) return this.constant(value, "one", () => asIs([1]));
      if (layout.layout === "image") return value.shape.length <= 4 ? this.image(value) : undefined;
      const [H, W, C] = layout.order;
      if (value.shape.at(-1) === 1) return this.plain(value);
      if (value.shape.length > 2 || value.shape.at(-1) !== H * W * C) return undefined;
      return this.constant(value, "flat", () => vectorForm(value.shape, layout.order));
    }
    const stored = this.of(value);
    if (layout.layout === "image") return value.shape.length === 4 ? this.image(value) : undefined;
    return stored.layout === "flat" && stored.order.join() === layout.order.join() ? stored.name : undefined;
  }

  #shared(name: string, initializer: Initializer): string {
    if (!this.initializers.has(name)) {
      this.#taken.add(name);
      this.initializers.set(name, initializer);
    }
    return name;
  }
}

function once(known: Map<Value, string>, value: Value, make: () => string): string {
  let found = known.get(value);
  if (found === undefined) known.set(value, (found = make()));
  return found;
}

function renamed(name: string, last: string): string {
  return [...name.split(".").slice(0, -1), last].join(".");
}

/** A shape of up to four axes as one of four that broadcasts as it does. */
function alignedTo4(shape: Shape): Shape {
  return [...Array.from({ length: 4 - shape.length }, () => 1), ...shape];
}

/** A protocol buffer holds 2 GiB at most. */
const MOST_BYTES = 2 ** 31 - 2 ** 20;

/** Throws LimitError for numbers that do not fit one file. */
export function checkBytes(initializers: Iterable<Initializer>): void {
  let bytes = 0;
  for (const { data } of initializers) bytes += data.byteLength;
  if (bytes > MOST_BYTES)
    throw new LimitError(
      `the weights have ${bytes} bytes, and an ONNX file holds 2 GiB at most; export safetensors instead`,
    );
}
