import { ArgumentError } from "./errors.ts";

/** Something that a scope frees: a tensor. */
export interface Disposable {
  dispose(): void;
}

/** The nested scopes of one device: each frees what was made in it, except what it returns. */
export class Scopes {
  readonly #open: Set<Disposable>[] = [];

  add(made: Disposable): void {
    this.#open.at(-1)?.add(made);
  }

  remove(freed: Disposable): void {
    for (const scope of this.#open) scope.delete(freed);
  }

  run<T>(body: () => T): T {
    const scope = new Set<Disposable>();
    this.#open.push(scope);
    let result: T | undefined;
    try {
      result = body();
      refusePromises("a scope or a recorded step", result);
      return result;
    } finally {
      this.#open.pop();
      const kept = new Set<Disposable>();
      collect(result, scope, kept, new Set());
      for (const made of scope) {
        if (kept.has(made)) this.add(made);
        else made.dispose();
      }
    }
  }
}

/**
 * Throws for a body that is asynchronous, or that returned a promise of anything: what it waits for comes too late for
 * `what`. The promises then fail for nobody, which would end the process, so their errors are let go.
 */
export function refusePromises(what: string, result: unknown): void {
  const promises = promisesIn(result, new Set());
  if (promises.length === 0) return;
  for (const promise of promises) promise.then(undefined, () => undefined);
  throw new ArgumentError(
    `${what} is asynchronous, or returns a promise: return tensors, and read them after it`,
  );
}

/** The promises in `value`: itself, or inside arrays and plain objects. */
function promisesIn(value: unknown, seen: Set<object>): PromiseLike<unknown>[] {
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  if (typeof (value as Partial<PromiseLike<unknown>>).then === "function")
    return [value as PromiseLike<unknown>];
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.values(value).flatMap((part) => promisesIn(part, seen)) : [];
}

/** Finds the members of `scope` in `value`: itself, or inside arrays and plain objects. */
function collect(
  value: unknown,
  scope: ReadonlySet<Disposable>,
  kept: Set<Disposable>,
  seen: Set<object>,
): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (scope.has(value as Disposable)) kept.add(value as Disposable);
  else if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype)
    for (const part of Object.values(value)) collect(part, scope, kept, seen);
}
