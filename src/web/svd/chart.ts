import * as Plot from "@observablehq/plot";
import { frame, laneColours, show } from "../shared/charts.ts";

/** So few values are dots as well: a line through one is nothing. */
const fewest = 6;
/** Half the width of a dot. */
const dot = 3.5;

/** The singular values, largest first, on a logarithmic axis; those within rank k stand out. */
export function valuesChart(host: HTMLElement, values: Float32Array, k: number): void {
  const least = Math.max(values[0] ?? 1, 1e-30) * 1e-6;
  const isFew = values.length <= fewest;
  const points = Array.from(values, (value, i) => ({ index: i + 1, value: Math.max(value, least) }));
  const plot = Plot.plot({
    ...frame,
    width: Math.max(260, host.clientWidth),
    height: 270,
    marginLeft: 48,
    x: {
      label: "number of the pattern",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: isFew ? points.map(({ index }) => index) : 6,
      tickFormat: (index: number) => `${index}`,
      domain: [0, values.length + 1],
    },
    marginBottom: 40,
    y: {
      type: "log",
      label: null,
      domain: [least, 1e6 * least],
      insetTop: dot,
      grid: true,
      ticks: 5,
      tickFormat: (value: number) => (value < 0.01 ? value.toExponential(0) : `${value}`),
    },
    marks: [
      Plot.areaY(
        points.filter(({ index }) => index <= k),
        { x: "index", y1: least, y2: "value", fill: laneColours[0], fillOpacity: 0.16 },
      ),
      Plot.lineY(points, { x: "index", y: "value", stroke: "#808a96", strokeWidth: 1.6 }),
      Plot.lineY(
        points.filter(({ index }) => index <= k),
        { x: "index", y: "value", stroke: laneColours[0], strokeWidth: 2.6 },
      ),
      Plot.dot(isFew ? points : [], {
        x: "index",
        y: "value",
        r: dot,
        fill: ({ index }: { index: number }) => (index <= k ? laneColours[0] : "#808a96"),
      }),
      Plot.ruleX([k + 0.5], { stroke: laneColours[1], strokeDasharray: "4 4" }),
    ],
  });
  show(
    host,
    plot,
    `${values.length} singular values from ${values[0]?.toPrecision(3)} down to ${values.at(-1)?.toPrecision(3)}; the first ${k} are kept`,
  );
}
