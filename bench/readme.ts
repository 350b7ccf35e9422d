import { existsSync, readdirSync, readFileSync } from "node:fs";
import { byFamily, peersIn, titles } from "./families.ts";
import { comparisons, summary, type Results } from "./results.ts";
import { times } from "./table.ts";

const folder = new URL("results/", import.meta.url);
const [BEGIN, END] = ["<!-- made by npm run bench -- --readme -->", "<!-- end of what it made -->"];

/** The results that are kept beside the sources, `bench/results/<adapter>.json`. */
export function keptResults(): Results[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.sort().map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Results);
}

/** A table in Markdown for each adapter: how many times faster hestenes is than each peer, by family of cases. */
export function ratioTables(all: readonly Results[]): string {
  return all.map(ratioTable).join("\n\n");
}

function ratioTable(results: Results): string {
  const list = comparisons(results);
  const there = peersIn(list).filter((peer) => summary(list, peer) !== undefined);
  const rows = [
    ...byFamily(list).map(({ family, list }) => ({ title: family?.title ?? "Others", list })),
    { title: "All", list },
  ];
  const head = ["median (least)", "rows", ...there.map((peer) => titles[peer])];
  const lines = rows.map(({ title, list }) => [
    title,
    String(list.length),
    ...there.map((peer) => {
      const found = summary(list, peer);
      return found ? `${times(found.median)} (${times(found.least)})` : "–";
    }),
  ]);
  const { adapter, machine, commit, date } = results;
  const caption = `**${adapter}** on ${machine}; commit ${commit}, ${date.slice(0, 10)}:`;
  return `${caption}\n\n${markdown([head, ...lines])}`;
}

/** Columns as wide as they need to be, the first to the left and the others to the right. */
function markdown([head, ...lines]: readonly (readonly string[])[]): string {
  const widths = head!.map((_, column) =>
    Math.max(...[head!, ...lines].map((row) => row[column]!.length), 3),
  );
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [head!.map(pad), rule, ...lines.map((line) => line.map(pad))]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

/** `text` with `tables` between its two marks; undefined where it has no marks. */
export function withTables(text: string, tables: string): string | undefined {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) return undefined;
  return `${text.slice(0, from + BEGIN.length)}\n\n${tables}\n\n${text.slice(to)}`;
}
