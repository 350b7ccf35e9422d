import { inspect } from "node:util";
import type { Settle } from "./adapters.ts";

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
 * Resolves like `promise`, a promise of Dawn's (kernel compiled, work done, buffer mapped).
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

/**
 * Polls one instance of Dawn in place of the event loop, for code that launches without ever awaiting: what it launched
 * is then to be bounded too. Dawn in Node has no call for this. It gives its own polling function to `setImmediate`,
 * where it is taken from, the first time that it has something to wait for.
 */
export class Poller {
  #poll: (() => void) | undefined;
  #isAwaited = false;

  /** Runs `begin`, and keeps the function by which Dawn then polls. */
  watch<T>(begin: () => T): T {
    const { setImmediate } = globalThis;
    const keep = (poll: () => void) => {
      this.#poll = poll;
      return setImmediate(poll);
    };
    globalThis.setImmediate = Object.assign(keep, setImmediate);
    try {
      return begin();
    } finally {
      globalThis.setImmediate = setImmediate;
    }
  }

  /** Polls until the promise of `begin` is settled. */
  settle(begin: () => Promise<unknown>): ReturnType<Settle> {
    const poll = this.#poll;
    if (!poll) return "unknown";
    const { setImmediate } = globalThis;
    let asked = false; // whether Dawn wants to be polled again
    const note = () => void (asked = true);
    globalThis.setImmediate = note as unknown as typeof setImmediate;
    try {
      const promise = begin();
      const started = performance.now();
      for (;;) {
        const state = inspect(promise, { depth: 0, breakLength: Infinity });
        if (!state.startsWith("Promise { <pending>"))
          return state.startsWith("Promise { <rejected>") ? "rejected" : "fulfilled";
        asked = false;
        poll();
        const waited = performance.now() - started;
        if (waited > GRACE) Atomics.wait(sleeper, 0, 0, Math.min(LONGEST_NAP, waited * SHARE));
      }
    } finally {
      globalThis.setImmediate = setImmediate;
      if (asked && !this.#isAwaited) {
        this.#isAwaited = true;
        setImmediate(() => {
          this.#isAwaited = false;
          poll();
        });
      }
    }
  }
}
