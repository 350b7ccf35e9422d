import { appendFileSync } from "node:fs";
import { dirname } from "node:path";
import { tfRecord } from "../export/records.ts";
import { guardOf, makeFolder, writeFileAtomic } from "./files.node.ts";
import type { HistoryLine, RunFolder } from "./run-folder.node.ts";

/** Other forms in which a run's history may be kept beside `history.jsonl`. */
export const logKinds = ["tensorboard", "csv"] as const;
export type LogKind = (typeof logKinds)[number];

/** A form of the history: what a file begins with, and what each line adds; undefined where the file has to be written anew. */
interface Form {
  file: string;
  begin(lines: readonly HistoryLine[]): Uint8Array | string;
  add(line: HistoryLine): Uint8Array | string | undefined;
}

/**
 * Keeps a run's history in other forms too. `history.jsonl` is what counts: when a run begins, or goes on from its last
 * checkpoint, the other files are written anew from it.
 */
export class HistoryLogs {
  readonly #folder: RunFolder;
  readonly #forms: readonly Form[];

  private constructor(folder: RunFolder, forms: readonly Form[]) {
    this.#folder = folder;
    this.#forms = forms;
  }

  /** `tensorboard` is a folder `tensorboard` with an event file, `csv` a file `history.csv`. */
  static async open(folder: RunFolder, kinds: readonly LogKind[]): Promise<HistoryLogs> {
    const forms: Form[] = [];
    for (const kind of new Set(kinds)) forms.push(kind === "csv" ? table() : await events());
    return new HistoryLogs(folder, forms);
  }

  /** Writes the files from what the history has by now. */
  begin(): void {
    for (const form of this.#forms) this.#write(form);
  }

  /** Adds a line that the history has by now. */
  add(line: HistoryLine): void {
    for (const form of this.#forms) {
      const more = form.add(line);
      if (more === undefined) this.#write(form);
      else {
        guardOf(this.#folder.path)?.check();
        appendFileSync(this.#folder.file(form.file), more);
      }
    }
  }

  #write(form: Form): void {
    const path = this.#folder.file(form.file);
    makeFolder(dirname(path));
    writeFileAtomic(path, form.begin(this.#folder.history()));
  }
}

/** The numbers of a line by name. */
function numbersOf({ loss, parts, testError }: HistoryLine): [name: string, value: number][] {
  return [
    ["loss", loss],
    ...Object.entries(parts),
    ...(testError === undefined ? [] : [["testError", testError] as [string, number]]),
  ];
}

/** Comma-separated values, RFC 4180; a part of the loss that shows later is a column more, and the file is written anew. */
function table(): Form {
  const first = ["step", "epoch", "seconds", "stage"];
  let columns: string[] = [];
  const rowOf = (line: HistoryLine) => {
    const values = new Map<string, string | number>([
      ...first.map((name) => [name, line[name as keyof HistoryLine] as string | number] as const),
      ...numbersOf(line),
    ]);
    return columns.map((name) => quoted(values.get(name) ?? "")).join(",") + "\r\n";
  };
  return {
    file: "history.csv",
    begin(lines) {
      const named = new Set(lines.flatMap((line) => numbersOf(line).map(([name]) => name)));
      named.delete("testError");
      named.delete("loss");
      columns = [...first, "loss", ...named, "testError"];
      return columns.map(quoted).join(",") + "\r\n" + lines.map(rowOf).join("");
    },
    add: (line) => (numbersOf(line).every(([name]) => columns.includes(name)) ? rowOf(line) : undefined),
  };
}

function quoted(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** TensorBoard's event file, with a scalar for each number. */
async function events(): Promise<Form> {
  const { encodeEvent } = await import("../export/protobuf.ts");
  let start = Date.now() / 1000;
  const record = (line: HistoryLine) => {
    const value = numbersOf(line).map(([tag, simpleValue]) => ({ tag, simpleValue }));
    return tfRecord(encodeEvent({ wallTime: start + line.seconds, step: line.step, summary: { value } }));
  };
  return {
    file: "tensorboard/events.out.tfevents.hestenes",
    begin(lines) {
      start = Date.now() / 1000 - (lines.at(-1)?.seconds ?? 0);
      const head = tfRecord(encodeEvent({ wallTime: start, fileVersion: "brain.Event:2" }));
      return Buffer.concat([head, ...lines.map(record)]);
    },
    add: record,
  };
}
