import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import sharp from "sharp";
import type { Plugin } from "vite";

/** What pages import it as; the module's types are in `train/virtualEmoji.d.ts`. */
const module = "virtual:emoji";

/** Sides of a cell of the sheet in pixels, and of the picture in it. */
const [cell, drawn] = [32, 28];
const perGroup = 64;
const columns = 16;

/** The groups: what they are called, and which pictures of which of the package's categories are in them. */
const groups: readonly [name: string, category: string, among: RegExp][] = [
  ["faces", "Smileys & Emotion", /^(?!.*(?:cat|monkey|heart)).*face/],
  ["animals and plants", "Animals & Nature", /./],
  ["food and drink", "Food & Drink", /./],
  ["flags", "Flags", /^flag-/],
];

interface Icons {
  icons: Partial<Record<string, { body: string }>>;
}

/** Twemoji by Twitter, Inc. and other contributors (CC BY 4.0), from @iconify-json/twemoji, as one sheet of small pictures. */
export function emoji(): Plugin {
  let text: Promise<string> | undefined;
  return {
    name: "hestenes:emoji",
    resolveId: (id) => (id === module ? `\0${module}` : undefined),
    load: (id) => (id === `\0${module}` ? (text ??= moduleText()) : undefined),
  };
}

async function moduleText(): Promise<string> {
  const read = (file: string) =>
    JSON.parse(
      readFileSync(createRequire(import.meta.url).resolve(`@iconify-json/twemoji/${file}`), "utf8"),
    ) as unknown;
  const { icons } = read("icons.json") as Icons;
  const { categories } = read("metadata.json") as { categories: Record<string, string[]> };
  const chosen = groups.flatMap(([, category, among], label) =>
    categories[category]!.filter((name) => icons[name] && among.test(name))
      .slice(0, perGroup)
      .map((name) => ({ label, body: icons[name]!.body })),
  );
  const sheet = await sheetOf(chosen.map(({ body }) => body));
  const parts = {
    sheet: sheet.toString("base64"),
    side: cell,
    columns,
    labels: chosen.map(({ label }) => label),
    groups: groups.map(([name]) => name),
  };
  return Object.entries(parts)
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
    .join("\n");
}

/** The pictures in rows of `columns`, on white. */
async function sheetOf(bodies: readonly string[]): Promise<Buffer> {
  const margin = (cell - drawn) / 2;
  const cells = await Promise.all(
    bodies.map(async (body, i) => {
      const text = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 36 36" width="${drawn}" height="${drawn}">${body}</svg>`;
      const input = await sharp(Buffer.from(text)).png().toBuffer();
      return { input, left: (i % columns) * cell + margin, top: Math.floor(i / columns) * cell + margin };
    }),
  );
  const [width, height] = [columns * cell, Math.ceil(bodies.length / columns) * cell];
  const blank = sharp({ create: { width, height, channels: 3, background: "white" } });
  return blank.composite(cells).webp({ quality: 92 }).toBuffer();
}
