import type { Pipeline } from "./pipelines.ts";

/** One kernel launch: everything that replaying it needs. */
export interface Dispatch {
  kind: "dispatch";
  /** Shader and entry point, for the profiler. */
  label: string;
  pipeline: Pipeline;
  bindGroup: GPUBindGroup;
  grid: readonly [number, number, number];
  /** Floating-point operations and bytes moved, where the launcher says them. */
  work: Work;
}

/** What a launch costs, for the profiler's GFLOP/s and GB/s columns. */
export interface Work {
  flops?: number | undefined;
  bytes?: number | undefined;
}

/** Bytes that go to the device, in order with the launches around them. */
export interface Write {
  kind: "write";
  buffer: GPUBuffer;
  offset: number;
  data: Uint8Array<ArrayBuffer>;
  /** Whether it was sent: what `data` holds is then no longer looked at. */
  sent?: boolean | undefined;
}

/** Bytes that go from one buffer to another. */
export interface Copy {
  kind: "copy";
  from: GPUBuffer;
  fromOffset: number;
  to: GPUBuffer;
  toOffset: number;
  bytes: number;
}

/** A buffer that is destroyed once the commands before it are sent. */
export interface Free {
  kind: "free";
  buffer: GPUBuffer;
}

export type Command = Dispatch | Write | Copy | Free;

/** The writes of a batch whose data lie on the device already, and how they come to their places from there. */
export interface Staged {
  has: (write: Write) => boolean;
  copy: (write: Write, encoder: GPUCommandEncoder) => void;
  /** Does so within a pass, and sets the pipeline for it; false where that cannot be. */
  launch: (write: Write, pass: GPUComputePassEncoder) => boolean;
}

/**
 * Encodes and submits `commands` in order: consecutive launches share a pass, and everything between two writes that
 * are not `staged` shares a command buffer. `mark` may give a launch a pass of its own.
 */
export function submit(
  device: GPUDevice,
  commands: readonly Command[],
  staged?: Staged,
  mark?: (dispatch: Dispatch) => GPUComputePassTimestampWrites | undefined,
): void {
  let encoder: GPUCommandEncoder | undefined;
  let pass: GPUComputePassEncoder | undefined;
  let pipeline: GPUComputePipeline | undefined;
  const freed: GPUBuffer[] = [];
  const endPass = () => {
    pass?.end();
    pass = pipeline = undefined;
  };
  const send = () => {
    endPass();
    if (encoder) device.queue.submit([encoder.finish()]);
    encoder = undefined;
  };
  for (const command of commands) {
    if (command.kind === "write" && !staged?.has(command)) {
      send();
      device.queue.writeBuffer(command.buffer, command.offset, command.data);
      command.sent = true;
      continue;
    }
    if (command.kind === "free") {
      freed.push(command.buffer);
      continue;
    }
    if (command.kind === "dispatch" && command.pipeline.failure) continue; // the queue tells of it
    encoder ??= device.createCommandEncoder();
    if (command.kind === "write") {
      if (pass && staged!.launch(command, pass)) pipeline = undefined;
      else {
        endPass();
        staged!.copy(command, encoder);
      }
      continue;
    }
    if (command.kind === "copy") {
      endPass();
      encoder.copyBufferToBuffer(
        command.from,
        command.fromOffset,
        command.to,
        command.toOffset,
        command.bytes,
      );
      continue;
    }
    const timestampWrites = mark?.(command);
    if (timestampWrites) endPass();
    pass ??= encoder.beginComputePass(timestampWrites ? { timestampWrites } : undefined);
    if (pipeline !== command.pipeline.ready) pass.setPipeline((pipeline = command.pipeline.ready));
    pass.setBindGroup(0, command.bindGroup);
    pass.dispatchWorkgroups(command.grid[0], command.grid[1], command.grid[2]);
    if (timestampWrites) endPass();
  }
  send();
  for (const buffer of freed) buffer.destroy();
}
