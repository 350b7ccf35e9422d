import { expect } from "vitest";

/** Checks that `svg` is well-formed, stands alone and holds no broken coordinate; returns its shown text. */
export function checkSvg(svg: string): string {
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(svg).toMatch(/^<svg [^>]*viewBox="-?\d+ -?\d+ \d+ \d+"/);
  expect(svg).toMatch(/^<svg [^>]*width="\d+"/);
  expect(svg).not.toMatch(/="[^"]*(NaN|Infinity|undefined)/);
  expect(unclosed(svg)).toEqual([]);
  return svg.replace(/<style>[^]*?<\/style>/g, "").replace(/<[^>]*>/g, "|");
}

/** Tags that are opened and not closed, or closed and not opened; text that is not escaped ends here too. */
function unclosed(xml: string): string[] {
  const open: string[] = [];
  const rest = xml.replace(/<(\/?)([A-Za-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g, (...match: unknown[]) => {
    const [, closing, name, , single] = match.map(String);
    if (closing === "/") {
      if (open.pop() !== name) open.push(`</${name}>`);
    } else if (single === "") open.push(String(name));
    return "";
  });
  const loose = rest.match(/<|&(?!(amp|lt|gt|quot|#39|#\d+);)/g) ?? [];
  return [...open, ...loose];
}
