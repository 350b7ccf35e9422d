import sharp from "sharp";
import { expect, test } from "vitest";
import { emoji } from "../../src/web/build/emoji.ts";

interface Sheet {
  sheet: string;
  side: number;
  columns: number;
  labels: number[];
  groups: string[];
}

test("the sheet of emoji has 64 of each group, each a picture of its own, in colour and with a white margin", async () => {
  const { resolveId, load } = emoji() as unknown as Record<string, (id: string) => unknown>;
  const text = (await load!(resolveId!("virtual:emoji") as string)) as string;
  const made = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Sheet;
  const { sheet, side, columns, labels, groups } = made;
  expect(groups.map((_, group) => labels.filter((label) => label === group).length)).toEqual([
    64, 64, 64, 64,
  ]);

  const { data, info } = await sharp(Buffer.from(sheet, "base64"))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([columns * side, (256 / columns) * side, 3]);
  const pixel = (at: number, row: number, column: number) => {
    const [left, top] = [(at % columns) * side, Math.floor(at / columns) * side];
    const from = ((top + row) * info.width + left + column) * 3;
    return [...data.subarray(from, from + 3)];
  };
  const cells = labels.map((_, at) =>
    Array.from({ length: side * side }, (_, i) => pixel(at, Math.floor(i / side), i % side)),
  );
  expect(new Set(cells.map(String)).size).toBe(256);
  const isColoured = (cell: number[][]) => cell.some((of) => Math.max(...of) - Math.min(...of) > 60);
  expect(cells.filter(isColoured).length).toBeGreaterThan(200);
  const darkest = Math.min(...cells.flatMap((cell) => [cell[0]!, cell.at(-1)!].flat()));
  expect(darkest).toBeGreaterThan(230); // WebP leaves its traces
});
