// A child of a pool whose runs kill their process: each time where the seed is 666, once in its third step where it is 13.
import { existsSync, writeFileSync } from "node:fs";
import { register } from "tsx/esm/api";

register();
const { serveTasks } = await import("../../src/sweep/child.ts");
const { makeRun } = await import("../../src/sweep/task.ts");

await serveTasks(async (task, hooks) => {
  const { seed } = task.config;
  const end = await makeRun(task, {
    ...hooks,
    onProgress: (progress) => {
      hooks.onProgress(progress);
      const first = `${task.folder}.killed`;
      const isOnce = seed === 13 && progress.line.step >= 6 && !existsSync(first);
      if (isOnce) writeFileSync(first, "");
      if (seed !== 666 && !isOnce) return;
      process.stderr.write("these were its last words\n");
      process.kill(process.pid, "SIGKILL");
    },
  });
  return { end };
});
