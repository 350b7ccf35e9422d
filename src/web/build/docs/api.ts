import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import {
  Application,
  DeclarationReflection,
  ReflectionKind,
  TSConfigReader,
  type ProjectReflection,
} from "typedoc";
import type { Entry } from "./contents.ts";
import { root, work } from "./folders.ts";

/** A page of the API: a part of what the package exports. */
interface Part {
  name: string;
  text: string;
  /** What it exports, as statements of a file in the folder `src`. */
  statements: string[];
}

const source = join(root, "src");
const described: Readonly<Record<string, string>> = { core: "Devices, tensors, training", "#data": "data" };

/** The statements of an index, each on a line. */
function statementsOf(file: string): string[] {
  const text = readFileSync(join(source, file), "utf8").replaceAll(/^\/[/*].*$/gm, "");
  return text
    .split(";")
    .map((statement) => statement.trim().replaceAll(/\s+/g, " "))
    .filter((statement) => statement !== "");
}

const target = (statement: string) => /from "([^"]+)"$/.exec(statement)![1]!;

/**
 * What the package exports, by pages: one for each room, one for each file of operations, and one for all else. The two
 * indices say what is exported, so that nothing is forgotten and nothing else gets in.
 */
function parts(): Part[] {
  const core: Part = { name: "core", text: described.core!, statements: [] };
  const rooms: Part[] = [];
  const ops: Part[] = [];
  for (const statement of statementsOf("index.ts")) {
    const room = /^export \* as (\w+) from/.exec(statement)?.[1];
    if (room) {
      const from = target(statement) === "#data" ? "./data/index.node.ts" : target(statement);
      rooms.push({ name: room, text: room, statements: [`export * from "${from}"`] });
    } else if (target(statement) !== "./ops/index.ts") core.statements.push(statement);
  }
  for (const statement of statementsOf("ops/index.ts")) {
    const name = posix.basename(target(statement), ".ts");
    ops.push({
      name: `ops-${name.toLowerCase()}`,
      text: name,
      statements: [statement.replace('from "./', 'from "./ops/')],
    });
  }
  ops.sort((a, b) => (a.name < b.name ? -1 : 1));
  return [core, ...rooms, ...ops.map((part) => ({ ...part, text: `ops: ${part.text}` }))];
}

/** The pages of the API in the order of their links. */
export function apiEntries(): Entry[] {
  return parts().map(({ name, text }) => ({ text, link: `/api/${name}` }));
}

/** Writes a page for each part of the API, with every docstring, to the folder `api` of the pages. */
export async function writeApi(): Promise<void> {
  const entries = join(work, ".entries");
  mkdirSync(entries, { recursive: true });
  const all = parts();
  const files = all.map(({ name, statements }) => {
    const file = join(entries, `${name}.ts`);
    const up = relative(entries, source).replaceAll("\\", "/");
    writeFileSync(file, `${statements.join(";\n").replaceAll('from "./', `from "${up}/`)};\n`);
    return file;
  });
  const tsconfig = join(entries, "tsconfig.json");
  const extended = relative(entries, join(root, "tsconfig.json"));
  writeFileSync(tsconfig, JSON.stringify({ extends: extended, include: ["*.ts"] }));
  const options = {
    ...{ entryPoints: files, tsconfig, plugin: ["typedoc-plugin-markdown"], readme: "none" },
    ...{
      outputs: [{ name: "markdown", path: join(work, "api") }],
      name: "hestenes",
      logLevel: "Error",
      skipErrorChecking: true,
      gitRevision: "main",
    },
    ...{ excludePrivate: true, excludeProtected: true, excludeExternals: true, disableSources: true },
    ...{ sort: ["source-order"], groupOrder: ["Functions", "Classes", "*"], validation: false },
    ...{ router: "module", hideBreadcrumbs: true, hidePageHeader: true, entryFileName: "index" },
    ...{ useCodeBlocks: true, expandParameters: true, sanitizeComments: true, hideGroupHeadings: false },
    ...{ parametersFormat: "table", interfacePropertiesFormat: "table", enumMembersFormat: "table" },
    ...{ propertyMembersFormat: "table", typeDeclarationFormat: "table", classPropertiesFormat: "list" },
  };
  const app = await Application.bootstrapWithPlugins(options as object, [new TSConfigReader()]);
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc found nothing to write about");
  dropInherited(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors()) throw new Error("TypeDoc could not write the API's pages");
  for (const { name, text } of all) giveTitle(join(work, "api", `${name}.md`), text);
}

/** A page is called as the links to it are. */
function giveTitle(file: string, title: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replace(/^# .*$/m, `# ${title}`));
}

/** Members that a class has from another one stand with that one alone. */
function dropInherited(project: ProjectReflection): void {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
    if (reflection instanceof DeclarationReflection && reflection.inheritedFrom)
      project.removeReflection(reflection);
  }
}
