import { createRequire } from "node:module";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { SharpOptions } from "sharp";
import { HestenesError } from "../device/errors.ts";

/** A picture's bytes, how sharp is to read them, and the calls of its chain in turn. */
export interface Job {
  bytes: Uint8Array;
  options: SharpOptions;
  calls: readonly (readonly [method: string, ...given: unknown[]])[];
}

/** What the last call of a chain gave, or what sharp said against it. */
export type Answer<T> = { value: T } | { problem: string };

/** Milliseconds that the worker may take to start, at most. */
const patience = 60_000;

let worker: Worker | undefined;

/**
 * Runs the jobs side by side in sharp (libvips), and waits for them all. sharp itself has promises only: it runs in a
 * worker thread, which is started, and sharp loaded, when the first picture is read.
 */
export function ask<T>(jobs: readonly Job[]): Answer<T>[] {
  worker ??= start();
  const { port1, port2 } = new MessageChannel();
  const done = flag();
  const own = jobs.map((job) => ({ ...job, bytes: job.bytes.slice() })); // not the whole buffer of a view
  worker.postMessage({ jobs: own, port: port2, done }, [port2]);
  Atomics.wait(done, 0, 0);
  const answers = receiveMessageOnPort(port1) as { message: Answer<T>[] } | undefined;
  port1.close();
  if (!answers) throw new HestenesError("pictures: sharp gave no answer; there may be too little memory");
  return answers.message;
}

function start(): Worker {
  try {
    // sharp asks for this on Linux: its libraries have to stay when the worker ends.
    createRequire(import.meta.url)("sharp");
  } catch (cause) {
    throw new HestenesError(
      `pictures are read with the package sharp, which cannot be loaded: ${(cause as Error).message}`,
      { cause },
    );
  }
  const ready = flag();
  const file = new URL("../../src/data/sharp-worker.mjs", import.meta.url);
  const started = new Worker(file, { workerData: { ready }, execArgv: [] });
  started.unref();
  if (Atomics.wait(ready, 0, 0, patience) === "timed-out")
    throw new HestenesError(
      `pictures: the thread that reads them did not start in ${patience / 1000} seconds`,
    );
  return started;
}

const flag = () => new Int32Array(new SharedArrayBuffer(4));
