// Starts a thread that reads pictures: what it runs is TypeScript where the sources run themselves.

import { workerData } from "node:worker_threads";

if (workerData.module.endsWith(".ts")) {
  const { register } = await import("tsx/esm/api");
  register();
}
await import(workerData.module);
