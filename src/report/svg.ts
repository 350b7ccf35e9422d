import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Colours that keep a contrast of 3:1 or more on white and on near-black. */
export const palette = {
  blue: "#3b82f6",
  orange: "#d97706",
  teal: "#0d9488",
  violet: "#8b5cf6",
  red: "#e5484d",
  grey: "#808a96",
} as const;

/** Options of a text that crosses lines: it stands out by an edge in the colour of the paper. */
export const halo = { className: "halo", fill: "currentColor", stroke: "#ffffff", strokeWidth: 4 } as const;

const WIDTH = 480;
const HEIGHT = 320;
const PADDING = 12;
const FONT_SIZE = 12.5;

/** Attributes that hold coordinates; two decimals of a pixel are enough for them. */
const COORDINATES = ["d", "cx", "cy", "x1", "x2", "y1", "y2", "transform"];

export interface ChartOptions extends Plot.PlotOptions {
  /** One sentence for readers who do not see the chart. */
  readonly ariaLabel: string;
  /** Names of the colours, drawn in rows above the frame. */
  readonly legend?: readonly LegendEntry[] | undefined;
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
}

/**
 * A chart as the text of an SVG file that stands alone: size, viewBox, namespace, system fonts. Its ink is
 * `currentColor` and its background one rectangle of class `paper`, so a page that embeds it can recolour both.
 */
export function chart({ legend = [], marks = [], ...options }: ChartOptions): string {
  const { document } = parseHTML("<html><body></body></html>");
  const { rows, marks: names } = placeLegend(legend);
  const { width = WIDTH, height = HEIGHT } = options;
  const svg = Plot.plot({
    document,
    width,
    height,
    marginLeft: 44,
    marginRight: 14,
    marginTop: 10 + 20 * rows + (options.y?.label ? 18 : 0),
    marginBottom: 38,
    style: { fontSize: `${FONT_SIZE}px` },
    className: "hestenes-chart",
    ...options,
    marks: [...marks, ...names],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  const size = [width + 2 * PADDING, height + 2 * PADDING] as const;
  svg.setAttribute("width", String(size[0]));
  svg.setAttribute("height", String(size[1]));
  svg.setAttribute("viewBox", `${-PADDING} ${-PADDING} ${size.join(" ")}`);
  svg.setAttribute("color", "#1f2328");
  svg.querySelector("style")?.insertAdjacentHTML("afterend", paperOf(size));
  roundCoordinates(svg);
  return svg.outerHTML.replace(NOT_XML, "\ufffd");
}

const paperOf = ([width, height]: readonly [number, number]) =>
  `<rect class="paper" x="${-PADDING}" y="${-PADDING}" width="${width}" ` +
  `height="${height}" rx="10" fill="#ffffff" />`;

/** Characters that no XML file may hold, not even escaped. */
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** A chart-sized card with one sentence, for data that cannot be drawn. */
export function messageCard(message: string): string {
  return chart({
    ariaLabel: message,
    axis: null,
    marks: [Plot.text([message], { frameAnchor: "middle", lineWidth: 28, fillOpacity: 0.75 })],
  });
}

/** A tick of a logarithmic axis: a plain number where that is short, else a power of ten. */
export function logTick(value: number): string {
  return value >= 0.01 && value < 1e4 ? String(value) : value.toExponential().replace("+", "");
}

/** Dots and names from left to right, as many to a row as fit. */
function placeLegend(entries: readonly LegendEntry[]): { rows: number; marks: Plot.Markish[] } {
  const placed: { entry: LegendEntry; row: number; x: number }[] = [];
  let row = 0;
  let x = 0;
  for (const { label, colour } of entries) {
    const entry = { colour, label: label.length > 48 ? `${label.slice(0, 47)}…` : label };
    const width = 26 + 0.56 * FONT_SIZE * entry.label.length;
    if (x > 0 && x + width > WIDTH - 58) {
      row += 1;
      x = 0;
    }
    placed.push({ entry, row, x });
    x += width;
  }
  const rows = entries.length === 0 ? 0 : row + 1;
  const marks = placed.flatMap(({ entry, row, x }) => {
    const at = { frameAnchor: "top-left", dy: -20 * (rows - row) - 8 } as const;
    return [
      Plot.dot([0], { ...at, dx: x + 5, dy: at.dy + 7, r: 4.5, fill: entry.colour }),
      Plot.text([entry.label], { ...at, dx: x + 15, text: (name: string) => name }),
    ];
  });
  return { rows, marks };
}

function roundCoordinates(svg: Element): void {
  for (const element of svg.querySelectorAll("*"))
    for (const name of COORDINATES) {
      const value = element.getAttribute(name);
      if (value !== null) element.setAttribute(name, value.replace(/(\.\d\d)\d+/g, "$1"));
    }
}
