/** How long, in ms, polls follow each other at once: short kernels and read-backs end within it. */
const GRACE = 0.25;

/** The nap between two polls is this share of the time waited so far, so a wait is at most so much longer … */
const SHARE = 0.08;

/** … and never longer than this, in ms, so that other work on the event loop gets its turn. */
const LONGEST_NAP = 1;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0;
let since = 0;
let pumping = false;

/**
 * Resolves like `promise`, a promise of Dawn's (work done, buffer mapped).
 *
 * While one is pending, Dawn polls with `setImmediate` and keeps a core busy; on a software adapter that core is
 * part of the "GPU". Here the thread naps between the polls. All waits share one pump.
 */
export async function waitFor<T>(promise: Promise<T>): Promise<T> {
  waiting += 1;
  since = performance.now();
  if (!pumping) {
    pumping = true;
    setImmediate(pump);
  }
  try {
    return await promise;
  } finally {
    waiting -= 1;
  }
}

function pump(): void {
  if (waiting === 0) {
    pumping = false;
    return;
  }
  const waited = performance.now() - since;
  if (waited > GRACE) Atomics.wait(sleeper, 0, 0, Math.min(LONGEST_NAP, waited * SHARE));
  setImmediate(pump);
}
