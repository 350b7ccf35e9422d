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
      if (result instanceof Promise)
        throw new ArgumentError(
          "scope: the body is asynchronous; read tensors after the scope that made them",
        );
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
