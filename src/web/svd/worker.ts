import { openDevice, type Device } from "../../device/device.ts";
import { ArgumentError, DeviceLostError, NoAdapterError } from "../../device/errors.ts";
import { mul } from "../../ops/elementwise.ts";
import { matmul } from "../../ops/matmul.ts";
import { sum } from "../../ops/reduce.ts";
import { svd } from "../../ops/svd.ts";
import { backward } from "../../tensor/tape.ts";
import { tensor, type Tensor } from "../../tensor/tensor.ts";
import { serve, tell } from "../shared/rpc.ts";
import { Lock } from "../shared/lock.ts";
import { reasonOf } from "../shared/loss.ts";
import { decodeImage } from "../shared/pictures.ts";
import type { Decomposition, SvdApi, SvdEvent } from "./protocol.ts";
import { CpuMatrix } from "./onCpu.ts";
import { samplePicture } from "./sample.ts";

/** Decompositions that are timed, unless one takes long. */
const timedRuns = 5;
const patience = 1500;

interface Matrix {
  a: Tensor;
  factors: { U: Tensor; S: Tensor; Vt: Tensor };
  values: Float32Array;
}

const lock = new Lock();
const say = (event: SvdEvent) => tell(event);
let device: Device | undefined;
let matrix: Matrix | undefined;
/** Whether this processor decomposes, and what it decomposed. */
let isOnCpu = false;
let cpuMatrix: CpuMatrix | undefined;

async function open(): Promise<Device> {
  if (device) return device;
  const opened = (device = await openDevice());
  void opened.gpu.lost.then((info) => {
    device = matrix = undefined;
    say({ kind: "lost", reason: reasonOf(info) });
  });
  return opened;
}

/** Opens a device; where the browser offers none, this processor takes its place. */
async function openAny(): ReturnType<SvdApi["open"]> {
  try {
    return (await open()).info;
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error;
    isOnCpu = true;
    return { name: "this processor, without WebGPU", kind: "processor" };
  }
}

/** The picture as a matrix, the values of its factors, and how long they took. */
async function decompose(picture: File | undefined, side: number): Promise<Decomposition> {
  const on = isOnCpu ? undefined : await open();
  const { data, ...shape } = picture ? await decodeImage(picture, side) : samplePicture(side);
  say({ kind: "decoded", shape });
  const given = Float32Array.from(data, (byte) => byte / 255);
  if (!on) {
    cpuMatrix = new CpuMatrix(shape.height, shape.width * shape.channels);
    return { shape, matrix: given, ...cpuMatrix.decompose(given), runs: 1 };
  }
  forget();
  const a = tensor(on, given, [shape.height, shape.width * shape.channels]);
  const run = (): Matrix["factors"] => on.noGrad(() => on.scope(() => svd(a)));
  let factors = run();
  let singular = await factors.S.read(); // compiles
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < timedRuns && (times.length === 0 || performance.now() - begin < patience)) {
    for (const factor of Object.values(factors)) factor.dispose();
    const start = performance.now();
    factors = run();
    singular = await factors.S.read();
    times.push(performance.now() - start);
  }
  matrix = { a, factors, values: singular };
  times.sort((x, y) => x - y);
  return { shape, matrix: given, values: singular, ms: times[times.length >> 1]!, runs: times.length };
}

function forget(): void {
  if (!matrix) return;
  for (const owned of [matrix.a, ...Object.values(matrix.factors)]) owned.dispose();
  matrix = undefined;
}

function need(): Matrix {
  if (matrix) return matrix;
  if (!device) throw new DeviceLostError("the device of this picture was lost");
  throw new ArgumentError("no picture was decomposed yet: choose one");
}

/** U_k S_k V_kᵀ: the singular values after the k-th are put to zero. */
async function atRank(k: number): Promise<Float32Array> {
  if (cpuMatrix) return cpuMatrix.atRank(k);
  const { a, factors, values } = need();
  const on = a.device;
  const product = on.noGrad(() =>
    on.scope(() => {
      const kept = tensor(
        on,
        values.map((value, i) => (i < k ? value : 0)),
      );
      return matmul(mul(factors.U, kept), factors.Vt);
    }),
  );
  const out = await product.read();
  product.dispose();
  return out;
}

/** d s_i / d A by the backward pass of the SVD; it equals u_i v_iᵀ. */
async function gradient(i: number): Promise<Float32Array> {
  if (cpuMatrix) return cpuMatrix.gradient(i);
  const { a, values } = need();
  const on = a.device;
  on.scope(() => {
    a.requiresGrad = true;
    const { S } = svd(a);
    const one = tensor(
      on,
      values.map((_, j) => (j === i ? 1 : 0)),
    );
    backward(sum(mul(S, one)));
  });
  a.requiresGrad = false;
  return a.grad!.read();
}

serve<SvdApi>({
  open: openAny,
  decompose: (picture, side) => lock.run(() => decompose(picture, side)),
  atRank: (k) => lock.run(() => atRank(k)),
  gradient: (i) => lock.run(() => gradient(i)),
});
