import { requirements } from "../../device/shader.ts";

/** Numbers, which may hold letters, and names. */
const words = /\b\d[\w.]*|\.\d\w*|[A-Za-z_]\w*/g;

/** Where variables, and where parameters and fields are declared. */
const variables = /\b(?:let|const|var)\s*(?:<[^>]*>)?\s*(\w+)/g;
const typed = /\b([A-Za-z_]\w*)\s*:(?!:)/g;
const ofModules = /\b(?:fn|struct|alias)\s+(\w+)/g;

/** A function: its name, its parameters and what follows, as far as the brace that ends it. */
const functions = /\bfn\s+(\w+)\s*\(/g;

/** Names by which launchers know a kernel: its entry points, bindings and constants. */
const known = [
  /@compute[^{};]*?\bfn\s+(\w+)/g,
  /@binding[^;]*?\bvar\s*(?:<[^>]*>)?\s*(\w+)/g,
  /\boverride\s+(\w+)/g,
];

/**
 * Short names for those that WGSL files declare outside of functions, the same in all of them, since the text of a kernel is
 * several files one after the other. Names that launchers use, and WGSL's own, stay. `files` has the texts by their names,
 * without comments.
 */
export function shortNames(files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const declared = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  const kept = new Set<string>();
  for (const [file, text] of files) {
    const outside = outsideOf(text);
    declared.set(file, new Set([variables, typed, ofModules].flatMap((pattern) => found(outside, pattern))));
    for (const pattern of known) for (const name of found(text, pattern)) kept.add(name);
    for (const type of found(text, /\bvar\s*<\s*uniform\s*>\s*\w+\s*:\s*(\w+)/g)) {
      const body = new RegExp(`\\bstruct\\s+${type}\\s*\\{([^}]*)\\}`).exec(text)?.[1] ?? "";
      for (const field of found(body, typed)) kept.add(field);
    }
    for (const [name] of text.matchAll(words)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const kernels = [...files].map(([file, text]) => [...requirements(text), file]);
  for (const [file, text] of files) {
    const beside = kernels.filter((kernel) => kernel.includes(file)).flat();
    const own = new Set(beside.flatMap((each) => [...declared.get(each)!]));
    for (const [name] of text.matchAll(words)) if (!own.has(name)) kept.add(name); // WGSL's, or a function's own
  }
  const names = [...new Set([...declared.values()].flatMap((each) => [...each]))]
    .filter((name) => !kept.has(name) && !isSwizzle(name))
    .sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  const fresh = candidates(new Set(counts.keys()));
  return new Map(names.map((name) => [name, fresh.next().value]));
}

/** `text` with short names, and without the lines and spaces that WGSL can do without. */
export function minifyWgsl(text: string, short: ReadonlyMap<string, string>): string {
  let renamed = "";
  let end = 0;
  for (const { from, to } of functionsOf(text)) {
    renamed += rename(text.slice(end, from), short);
    renamed += withShortLocals(text.slice(from, to), short);
    end = to;
  }
  renamed += rename(text.slice(end), short);
  return renamed
    .replaceAll(/\/\/.*/g, "")
    .trim()
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([,;:{}()[\]=<>%^|&!?]) ?/g, "$1")
    .replaceAll(/(?<![+-]) ?([+-]) ?(?![+-])/g, "$1")
    .replaceAll(/(?<!\/ ?) ?\* ?/g, "*")
    .replaceAll(/ ?\/ ?(?!\*)/g, "/")
    .replaceAll(/,(?=[)}])/g, "");
}

/** A function with short names for what it declares: in the order in which they come, as they then repeat from one to the next. */
function withShortLocals(text: string, short: ReadonlyMap<string, string>): string {
  const called = new Set(found(text, /(?<!\bfn\s+)\b([A-Za-z_]\w*)\s*\(/g));
  const head = text.slice(0, text.indexOf("{"));
  const own = new Set([...found(head, typed), ...found(text, variables)].filter((name) => !called.has(name)));
  const others = [...text.matchAll(words)].map(([name]) => name).filter((name) => !own.has(name));
  const fresh = candidates(new Set([...others, ...others.map((name) => short.get(name) ?? name)]));
  const locals = new Map([...own].map((name) => [name, fresh.next().value]));
  const after = text.indexOf("("); // its name is no name of its own
  return rename(text.slice(0, after), short) + rename(text.slice(after), short, locals);
}

function rename(
  text: string,
  short: ReadonlyMap<string, string>,
  locals: ReadonlyMap<string, string> = new Map(),
): string {
  return text.replaceAll(words, (name: string, at: number) => {
    const isMember = text[at - 1] === ".";
    return (isMember ? undefined : locals.get(name)) ?? short.get(name) ?? name;
  });
}

/** Where the functions of `text` begin and end. */
function functionsOf(text: string): { from: number; to: number }[] {
  return [...text.matchAll(functions)].map(({ index: from }) => {
    let at = text.indexOf("{", from);
    for (let depth = 1; depth > 0 && at < text.length;) {
      at++;
      if (text[at] === "{") depth++;
      if (text[at] === "}") depth--;
    }
    return { from, to: at + 1 };
  });
}

/** `text` without the parameters and bodies of its functions. */
function outsideOf(text: string): string {
  let outside = "";
  let end = 0;
  for (const { from, to } of functionsOf(text)) {
    outside += text.slice(end, text.indexOf("(", from));
    end = to;
  }
  return outside + text.slice(end);
}

const isSwizzle = (name: string) => /^(?:[xyzw]{1,4}|[rgba]{1,4})$/.test(name);

function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, name]) => name ?? []);
}

/** WGSL's words of two letters. */
const reserved = new Set(["as", "do", "fn", "if", "is", "of"]);

/** a, b … z, A … Z, aa, ab …, without those that are taken. */
function* candidates(taken: ReadonlySet<string>): Generator<string, never> {
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  for (let length = 1; ; length++)
    for (let i = 0; i < letters.length ** length; i++) {
      let name = "";
      for (let rest = i, n = 0; n < length; n++, rest = Math.floor(rest / letters.length))
        name = letters[rest % letters.length]! + name;
      if (!taken.has(name) && !reserved.has(name)) yield name;
    }
}
