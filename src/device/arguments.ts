import { ArgumentError } from "./errors.ts";

// Each check asks for what is wanted, `!(value >= least)`: a comparison with NaN is false, so NaN never passes.

/** Throws ArgumentError unless `value` is a whole number from `least` to `most`; `what` names function and option. */
export function checkWhole(what: string, value: number, least: number, most = Infinity): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw unfit(what, value, `a whole number from ${least} ${most === Infinity ? "on" : `to ${most}`}`);
}

/** Throws ArgumentError unless `value` is a finite number from `least` to `most`; any finite number unless given. */
export function checkNumber(what: string, value: number, least = -Infinity, most = Infinity): void {
  if (Number.isFinite(value) && value >= least && value <= most) return;
  const range = least === -Infinity ? "" : ` from ${least} ${most === Infinity ? "on" : `to ${most}`}`;
  throw unfit(what, value, `a finite number${range}`);
}

/** Throws ArgumentError unless `value` is a finite number above 0. */
export function checkPositive(what: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return;
  throw unfit(what, value, "a finite number above 0");
}

/** Throws ArgumentError unless `seed` is a whole number of 32 bits. */
export function checkSeed(what: string, seed: number): void {
  checkWhole(what, seed, 0, 2 ** 32 - 1);
}

/** Throws ArgumentError unless `options` is an object of options; `what` names the function. */
export function checkOptions(what: string, options: unknown): void {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw unfit(`${what}: options`, options, "an object with the options by name");
}

/** The options, to take them apart. Throws ArgumentError unless they are an object of options; `what` names the function. */
export function optionsOf<Options>(what: string, options: Options): Options {
  checkOptions(what, options);
  return options;
}

/** Options once their defaults are known. */
export type Complete<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

/** Those of the `options` that are given, to spread over defaults: one that is undefined is left out. */
export function definedOnly<Options extends object>(
  options: Options,
): { [Name in keyof Options]: Exclude<Options[Name], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Name in keyof Options]: Exclude<Options[Name], undefined> };
}

/** Throws ArgumentError unless `body` is a function. */
export function checkFunction(what: string, body: unknown): void {
  if (typeof body !== "function") throw unfit(what, body, "a function");
}

/** Throws ArgumentError unless `list` is an array. */
export function checkList(what: string, list: unknown): void {
  if (!Array.isArray(list)) throw unfit(what, list, "a list");
}

/** " (did you mean x?)" where one of `names` is `given` in other capitals, or but for two letters; else nothing. */
export function hint(given: unknown, names: Iterable<string>): string {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const wanted = plain(String(given));
  let [best, least] = ["", Math.min(3, wanted.length / 2)];
  for (const name of names) {
    const apart = distance(wanted, plain(name));
    if (apart < least) [best, least] = [name, apart];
  }
  return best && ` (did you mean ${best}?)`;
}

/** How many letters have to be added, taken away or changed to make `b` of `a` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  [...a].forEach((letter, i) => {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(row[j]! + (letter === b[j] ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
    row = next;
  });
  return row[b.length]!;
}

function unfit(what: string, value: unknown, wanted: string): ArgumentError {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new ArgumentError(`${what} is ${shown}; expected ${wanted}`);
}
