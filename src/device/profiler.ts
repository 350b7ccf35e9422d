import { waitFor } from "#gpu";
import type { Buffers } from "./buffers.ts";
import { submit, type Command, type Dispatch } from "./commands.ts";
import type { MemoryLedger } from "./storage.ts";

/** What one kind of launch cost in all. */
export interface ProfileRow {
  label: string;
  calls: number;
  milliseconds: number;
  /** Part of the time of all launches, 0 to 1. */
  share: number;
  gflops: number | undefined;
  gigabytesPerSecond: number | undefined;
}

interface Sample {
  dispatch: Dispatch;
  start: number;
  milliseconds: number;
}

const capacity = 2048; // launches a batch; a query set holds at most 4096 timestamps

/**
 * Measures every launch on the device's own clock: each gets a compute pass with a timestamp
 * before and after. Needs the `timestamp-query` feature.
 */
export class Profiler {
  readonly #device: GPUDevice;
  readonly #buffers: Buffers;
  readonly #ledger: MemoryLedger;
  readonly #samples: Sample[] = [];
  readonly #batches: Promise<void>[] = [];

  constructor(device: GPUDevice, buffers: Buffers, ledger: MemoryLedger) {
    this.#device = device;
    this.#buffers = buffers;
    this.#ledger = ledger;
  }

  /** Submits `commands` with a timestamp around every launch. */
  submit(commands: readonly Command[]): void {
    for (let from = 0; from < commands.length; from += capacity)
      this.#submitBatch(commands.slice(from, from + capacity));
  }

  #submitBatch(commands: readonly Command[]): void {
    const launches = commands.filter((command) => command.kind === "dispatch");
    if (launches.length === 0) return submit(this.#device, commands);
    const bytes = 16 * launches.length;
    const querySet = this.#device.createQuerySet({ type: "timestamp", count: 2 * launches.length });
    const { buffer: resolved } = this.#buffers.make({ size: bytes, usage: 0x200 | 0x4 }); // QUERY_RESOLVE | COPY_SRC
    const { buffer: staging } = this.#buffers.make({ size: bytes, usage: 0x1 | 0x8 }); // MAP_READ | COPY_DST
    this.#ledger.add("staging", 2 * bytes, 0);
    let next = 0;
    submit(this.#device, commands, undefined, () => ({
      querySet,
      beginningOfPassWriteIndex: next++,
      endOfPassWriteIndex: next++,
    }));
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(querySet, 0, 2 * launches.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    this.#device.queue.submit([encoder.finish()]);
    this.#batches.push(
      waitFor(staging.mapAsync(0x1)).then(() => {
        const times = new BigUint64Array(staging.getMappedRange());
        launches.forEach((dispatch, i) => {
          const start = Number(times[2 * i]!) / 1e6;
          const milliseconds = Math.max(0, Number(times[2 * i + 1]! - times[2 * i]!)) / 1e6;
          this.#samples.push({ dispatch, start, milliseconds });
        });
        querySet.destroy();
        for (const buffer of [resolved, staging]) this.#buffers.free(buffer);
        this.#ledger.add("staging", -2 * bytes, 0);
      }),
    );
  }

  /** The costs so far by kernel and entry point, the most expensive first. */
  async table(): Promise<ProfileRow[]> {
    await Promise.all(this.#batches);
    const rows = new Map<string, { calls: number; milliseconds: number; flops: number; bytes: number }>();
    let all = 0;
    for (const { dispatch, milliseconds } of this.#samples) {
      const row = rows.get(dispatch.label) ?? { calls: 0, milliseconds: 0, flops: 0, bytes: 0 };
      row.calls++;
      row.milliseconds += milliseconds;
      row.flops += dispatch.work.flops ?? 0;
      row.bytes += dispatch.work.bytes ?? 0;
      rows.set(dispatch.label, row);
      all += milliseconds;
    }
    const rate = (amount: number, milliseconds: number) =>
      amount > 0 && milliseconds > 0 ? amount / milliseconds / 1e6 : undefined;
    return [...rows]
      .map(([label, { calls, milliseconds, flops, bytes }]) => ({
        label,
        calls,
        milliseconds,
        share: all > 0 ? milliseconds / all : 0,
        gflops: rate(flops, milliseconds),
        gigabytesPerSecond: rate(bytes, milliseconds),
      }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }

  /** The launches so far in Chrome's trace format (open it in a browser's tracing page or in Perfetto). */
  async chromeTrace(): Promise<string> {
    await Promise.all(this.#batches);
    const origin = Math.min(...this.#samples.map((sample) => sample.start));
    const traceEvents = this.#samples.map(({ dispatch, start, milliseconds }) => ({
      name: dispatch.label,
      ph: "X",
      ts: (start - origin) * 1e3,
      dur: milliseconds * 1e3,
      pid: 1,
      tid: 1,
      args: { grid: dispatch.grid.join(" × "), ...dispatch.work },
    }));
    return JSON.stringify({ traceEvents, displayTimeUnit: "ms" });
  }
}
