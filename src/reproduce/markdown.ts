import { basename, dirname, extname, join } from "node:path";
import { makeFolder, writeFileAtomic } from "../runs/files.node.ts";
import { figuresOf, type Figures } from "./figures.ts";
import { figure, judgeWords, linesOf, orderLead, ordersOf, wordsOf, type Line } from "./table.ts";
import { commandOf, factsOf, settingsOf, verdict } from "./verdict.ts";
import type { Outcome } from "./experiment.ts";
import { titleOf, type Metric } from "./metrics.ts";

/** What a page of results says in Markdown. */
export interface MarkdownPage {
  title: string;
  verdict: string;
  facts: readonly string[];
  /** Rows of words; the first is the heading. */
  table: readonly string[][];
  /** Below the table: a paragraph, or a table of its own. */
  more?: readonly (string | string[][])[];
  notes: readonly string[];
  figures?: readonly Figures[];
  /** What makes the page again. */
  command: string;
  version: string;
}

/** The results of an experiment, with a few pictures of its runs. */
export function experimentMarkdown(outcome: Outcome, version: string): MarkdownPage {
  const { experiment } = outcome;
  const lines = linesOf(outcome);
  const orders = ordersOf(experiment, lines);
  const words = judgeWords(outcome);
  return {
    title: experiment.title,
    verdict: verdict(outcome),
    facts: factsOf(outcome),
    table: wordsOf(outcome),
    more: [
      `Ours: mean ± standard deviation over the seeds.${words === undefined ? "" : ` ${words}`}`,
      ...(orders.length > 0
        ? [
            orderLead,
            [["", "ours", "paper"], ...orders.map(({ title, ours, paper = "–" }) => [title, ours, paper])],
          ]
        : []),
      ...(lines.some(({ seeds }) => seeds.length > 1)
        ? ["Each seed, in their order.", seedsTable(experiment.metrics, lines)]
        : []),
    ],
    notes: [...experiment.notes, ...settingsOf(outcome).map((settings) => `Settings: ${settings}.`)],
    figures: figuresOf(outcome),
    command: commandOf(outcome),
    version,
  };
}

/** The values of each seed, by row and metric. */
function seedsTable(metrics: readonly Metric[], lines: readonly Line[]): string[][] {
  const rows = lines.map(({ label, cells }) => [
    label,
    ...cells.map(({ values }) => values.map(figure).join(", ") || "–"),
  ]);
  return [["", ...metrics.map((metric) => titleOf(metric))], ...rows];
}

/** Writes a page, and its pictures beside it, whose names begin with the page's. */
export function writeMarkdown(file: string, page: MarkdownPage): void {
  makeFolder(dirname(file));
  const stem = `${basename(file, extname(file))}-`;
  for (const { name, bytes } of (page.figures ?? []).flatMap((group) => group.figures))
    writeFileAtomic(join(dirname(file), stem + name), bytes);
  writeFileAtomic(file, textOf(page, stem));
}

function textOf(page: MarkdownPage, stem: string): string {
  const { title, verdict, facts, table, more = [], notes, figures = [], command, version } = page;
  const blocks = [
    `# ${escaped(title)}`,
    escaped(verdict),
    escaped(facts.join(" · ")),
    markdownTable(table),
    ...more.map((part) => (typeof part === "string" ? escaped(part) : markdownTable(part))),
    "## What to know",
    notes.map((note) => `- ${escaped(note)}`).join("\n"),
    ...figures.flatMap((group) => [`## ${escaped(group.title)}`, escaped(group.lead), pictures(group, stem)]),
    "## Made by",
    `    ${command}`,
    `hestenes ${version}.`,
  ];
  return blocks.join("\n\n") + "\n";
}

/** Pictures side by side, each below its name; one alone without it. */
function pictures({ figures }: Figures, stem: string): string {
  const links = figures.map(({ name, alt }) => `![${escaped(alt)}](${encodeURI(stem + name)})`);
  return figures.length === 1 ? links[0]! : markdownTable([figures.map(({ alt }) => alt), links], false);
}

/** Rows of words as a table; the first is its heading. */
function markdownTable([head, ...rows]: readonly (readonly string[])[], escape = true): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const words = (cells: readonly string[]) => line(escape ? cells.map(escaped) : cells);
  return [words(head!), line(head!.map(() => "---")), ...rows.map(words)].join("\n");
}

/** What Markdown would take for markup, as text. */
function escaped(text: string): string {
  return text.replace(/[\\|<>*_`[\]]/g, (mark) => `\\${mark}`);
}
