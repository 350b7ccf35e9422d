// Runs sharp for a thread that waits for it. A message holds jobs, each the bytes of a picture and the calls of a chain;
// the answers go to the port that came along, and `done` wakes the waiting thread.

import { parentPort, workerData } from "node:worker_threads";
import sharp from "sharp";

async function answerTo({ bytes, options, calls }) {
  try {
    let value = sharp(bytes, options);
    for (const [method, ...given] of calls) value = value[method](...given);
    return { value: await value };
  } catch (error) {
    return { problem: String(error?.message ?? error) };
  }
}

function wake(flag) {
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
}

parentPort.on("message", async ({ jobs, port, done }) => {
  try {
    port.postMessage(await Promise.all(jobs.map(answerTo)));
  } finally {
    wake(done);
  }
});
wake(workerData.ready);
