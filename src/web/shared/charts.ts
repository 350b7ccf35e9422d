import * as Plot from "@observablehq/plot";

/** The colours of the two models, as the theme at hand has them. */
export const laneColours = ["var(--lane-0)", "var(--lane-1)"] as const;

export interface LossPoint {
  step: number;
  loss: number;
  lane: number;
}

/** Puts `plot` into `host`, in place of what was there, with a sentence for those who do not see it. */
export function show(host: HTMLElement, plot: SVGElement | HTMLElement, label: string): void {
  for (const part of plot.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", label);
  host.replaceChildren(plot);
}

/** What all charts have in common. */
export const frame = { style: { background: "none", fontSize: "12px", overflow: "visible" } } as const;

/** At most about `most` of the points, evenly picked, the last one among them. */
function thinned<T>(points: readonly T[], most: number): readonly T[] {
  const stride = Math.ceil(points.length / most);
  return stride <= 1 ? points : points.filter((_, i) => (points.length - 1 - i) % stride === 0);
}

/** The losses of the models over the steps; logarithmic. */
export function lossChart(
  host: HTMLElement,
  lanes: readonly (readonly LossPoint[])[],
  names: string[],
): void {
  const points = lanes.flatMap((lane) => [...thinned(lane, 300)]).filter(({ loss }) => loss > 0);
  const last = lanes.map((lane) => lane.at(-1)).filter((point) => point !== undefined);
  const below = last.length > 1 && last[0]!.loss > last[1]!.loss ? 1 : 0; // its label goes under its line's end
  const plot = Plot.plot({
    ...frame,
    width: Math.max(280, host.clientWidth),
    height: 240,
    marginLeft: 44,
    marginRight: 92,
    x: { label: "step", nice: true, ticks: 5 },
    y: {
      type: "log",
      label: null,
      grid: true,
      ticks: 5,
      tickFormat: (value: number) => `${value}`,
    },
    marks: [
      ...lanes.map((_, lane) =>
        Plot.lineY(
          points.filter((point) => point.lane === lane),
          { x: "step", y: "loss", stroke: laneColours[lane]!, strokeWidth: 2 },
        ),
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

/** The strengths of latent directions as bars; those past the first `kept` are cut away by the model. */
export function spectrumChart(host: HTMLElement, spectrum: Float32Array, kept: number, colour: string): void {
  const bars = Array.from(spectrum, (value, i) => ({ direction: i + 1, value, kept: i < kept }));
  const plot = Plot.plot({
    ...frame,
    width: Math.max(160, host.clientWidth),
    height: 110,
    marginLeft: 34,
    marginTop: 12,
    marginBottom: 24,
    x: { label: null, type: "band", domain: bars.map(({ direction }) => direction), tickSize: 0 },
    y: { label: null, ticks: 3, grid: true, domain: [0, Math.max(0.1, ...spectrum) * 1.05] },
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
  const values = Array.from(spectrum.subarray(0, kept), (value) => value.toPrecision(2));
  show(host, plot, `Strength of the latent directions; kept: ${values.join(", ")}`);
}
