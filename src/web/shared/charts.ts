import * as Plot from "@observablehq/plot";

/** The colours of the two models, as the theme at hand has them. */
export const laneColours = ["var(--lane-0)", "var(--lane-1)"] as const;

export interface LossPoint {
  step: number;
  loss: number;
}

/** Puts `plot` into `host`, in place of what was there, with a sentence for those who do not see it. */
export function show(host: HTMLElement, plot: SVGElement | HTMLElement, label: string): void {
  for (const part of plot.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", label);
  host.replaceChildren(plot);
}

/** Calls `draw` when `host` gets another width: charts fill what there is. */
export function onWidth(host: HTMLElement, draw: () => void): void {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry!.contentRect.width);
    if (now === width) return;
    width = now;
    draw();
  }).observe(host);
}

/** What all charts have in common. */
export const frame = { style: { background: "none", fontSize: "12px", overflow: "visible" } } as const;

/** First digits of round numbers, the roundest first. */
const digits = [
  [1],
  [1, 2, 5],
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  Array.from({ length: 90 }, (_, i) => (10 + i) / 10),
];

/** Round numbers between the least and the largest of `values`: at least three where there are so many, at most `most`. */
export function logTicks(values: readonly number[], most = 6): number[] {
  const [low, high] = values.reduce(([l, h], v) => [Math.min(l, v), Math.max(h, v)], [Infinity, 0]);
  if (!(low > 0 && low <= high)) return [];
  const decades: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) decades.push(decade);
  const within = digits.map((first) =>
    decades
      .flatMap((decade) => first.map((digit) => Number(`${digit}e${decade}`)))
      .filter((tick) => tick >= low && tick <= high),
  );
  const ticks = within.find(({ length }) => length >= 3) ?? within.at(-1)!;
  const stride = Math.ceil(ticks.length / most);
  return ticks.filter((_, i) => i % stride === 0);
}

/** What makes each tick of a logarithmic axis have its label: of itself, such an axis leaves some without. */
export const labelled = { label: null, text: (tick: number) => `${tick}` } as const;

/** The losses of the models over the steps; logarithmic. */
export function lossChart(
  host: HTMLElement,
  lanes: readonly (readonly LossPoint[])[],
  names: string[],
): void {
  const positive = lanes.map((lane) => lane.filter(({ loss }) => loss > 0));
  const points = positive.flat();
  const ticks = logTicks(points.map(({ loss }) => loss));
  const last = lanes.flatMap((points, lane) => points.slice(-1).map((point) => ({ ...point, lane })));
  const below = last.length > 1 && last[0]!.loss > last[1]!.loss ? 1 : 0; // its label goes under its line's end
  const plot = Plot.plot({
    ...frame,
    width: Math.max(280, host.clientWidth),
    height: 240,
    marginLeft: 44,
    marginRight: 92,
    insetBottom: 14,
    x: { label: "step", nice: true, ticks: 5 },
    y: {
      type: "log",
      label: null,
      grid: true,
      ticks,
    },
    marks: [
      Plot.axisY(ticks, labelled),
      ...positive.map((points, lane) =>
        Plot.lineY(points, { x: "step", y: "loss", stroke: laneColours[lane]!, strokeWidth: 2 }),
      ),
      ...last.map((point) =>
        Plot.text([point], {
          x: "step",
          y: "loss",
          text: () => `${names[point.lane]} ${point.loss.toPrecision(3)}`,
          fill: laneColours[point.lane]!,
          textAnchor: "start",
          dx: 6,
          dy: last.length > 1 ? (point.lane === below ? 7 : -7) : 0,
          fontWeight: 600,
        }),
      ),
    ],
  });
  const words = last.map(({ lane, loss }) => `${names[lane]} ${loss.toPrecision(3)}`);
  show(host, plot, `Loss over the steps, now ${words.join(" and ") || "empty"}`);
}

/** A loss over the steps, small: logarithmic where it is positive and falls or grows much. */
export function lineChart(
  host: HTMLElement,
  points: readonly LossPoint[],
  title: string,
  lane: number,
): void {
  const values = points.map(({ loss }) => loss);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const isLog = low > 0 && high > 8 * low;
  const ticks = isLog ? logTicks(values, 4) : undefined;
  const plot = Plot.plot({
    ...frame,
    width: Math.max(160, host.clientWidth),
    height: 120,
    marginLeft: 44,
    marginTop: 8,
    marginRight: 16,
    x: { label: null, ticks: 4 },
    y: { type: isLog ? "log" : "linear", label: null, grid: true, ticks: ticks ?? 4, nice: !isLog },
    marks: [
      ticks ? Plot.axisY(ticks, labelled) : null,
      low < 0 && high > 0 ? Plot.ruleY([0], { strokeOpacity: 0.4 }) : null,
      Plot.lineY(points, { x: "step", y: "loss", stroke: laneColours[lane]!, strokeWidth: 1.8 }),
    ],
  });
  show(host, plot, `${title}: loss over the steps, now ${values.at(-1)?.toPrecision(3) ?? "none"}`);
}

/** A few bars are as wide as these many would be. */
const leastPlaces = 8;

/** More bars than these have no room for a label each. */
const mostLabels = 16;

export interface BarOptions {
  colour: string;
  /** What the bars show, for those who do not see them. */
  label: string;
  /** What the axis reaches to; the largest value unless given. */
  most?: number;
  /** Bars past these many are of what is cut away; all are kept unless given. */
  kept?: number;
}

/** Numbers in a row, as bars. */
export function barChart(
  host: HTMLElement,
  values: Float32Array,
  { colour, label, most = Math.max(...values), kept = values.length }: BarOptions,
): void {
  const bars = Array.from(values, (value, i) => ({ direction: i + 1, value, kept: i < kept }));
  const stride = Math.ceil(bars.length / mostLabels);
  const plot = Plot.plot({
    ...frame,
    width: Math.max(160, host.clientWidth),
    height: 110,
    marginLeft: 34,
    marginTop: 12,
    marginBottom: 24,
    x: {
      label: null,
      type: "band",
      domain: Array.from({ length: Math.max(leastPlaces, bars.length) }, (_, i) => i + 1),
      ticks: bars.map(({ direction }) => direction).filter((_, i) => i % stride === 0),
      tickSize: 0,
    },
    y: { label: null, ticks: 3, grid: true, domain: [0, Math.max(0.1, most) * 1.05] },
    marks: [
      Plot.barY(bars, {
        x: "direction",
        y: "value",
        fill: (bar: { kept: boolean }) => (bar.kept ? colour : "#94a3b8"),
        fillOpacity: (bar: { kept: boolean }) => (bar.kept ? 1 : 0.4),
        rx: 2,
      }),
      Plot.ruleY([0]),
    ],
  });
  const words = Array.from(values.subarray(0, kept), (value) => value.toPrecision(2));
  show(host, plot, `${label}: ${words.join(", ")}${kept < values.length ? "; the rest is dropped" : ""}`);
}
