/** Files that a data set was made without. */
export interface LeftOut {
  count: number;
  /** How many of what, in words: "3 files that cannot be read". */
  what: string;
  /** The first of them, and why where there is more to say. */
  first: string;
}

/** `names`, all of one kind, as left out; nothing where there are none. */
export function leftOut(names: readonly string[], one: string, more: string): LeftOut[] {
  const count = names.length;
  return count === 0 ? [] : [{ count, what: `${count} ${count === 1 ? one : more}`, first: names[0]! }];
}

/** A sentence for each kind that data sets were made without; the same one is told once. */
export function leftOutInWords(sets: readonly { leftOut: readonly LeftOut[] }[]): string[] {
  const all = new Set(sets.flatMap((set) => set.leftOut));
  return [...all].map(
    ({ count, what, first }) => `Left out: ${what} (${count === 1 ? "" : "the first: "}${first}).`,
  );
}
