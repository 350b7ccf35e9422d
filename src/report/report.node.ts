import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../runs/files.node.ts";
import type { Drawn, ReportData } from "./report-data.ts";
import { reportPage } from "./report-page.ts";
import { drawPictures } from "./report-pictures.node.ts";

export type { ReportData } from "./report-data.ts";

/**
 * Writes `report.html`, a page that needs no other file and asks the network for nothing, and beside it the pictures
 * on their own: `reconstructions.png`, `samples.png`, `interpolation.png`, `latent.svg`, `singular-values.svg`,
 * `covariance.png` and `loss.svg`. What the data leave out, or hold in a shape that does not fit, is left out with a note in the page.
 * Makes the folder where it is missing; every file is replaced as a whole.
 */
export function writeReport(folder: string, data: ReportData): void {
  mkdirSync(folder, { recursive: true });
  const pictures = drawPictures(data);
  const save = <T>(name: string, drawn: Drawn<T>, content: (drawing: T) => string | Uint8Array) => {
    if ("drawing" in drawn) writeFileAtomic(join(folder, name), content(drawn.drawing));
  };
  save("reconstructions.png", pictures.reconstructions, (png) => png);
  save("samples.png", pictures.samples, ({ together }) => together);
  save("interpolation.png", pictures.interpolation, (png) => png);
  save("latent.svg", pictures.latent, (svg) => svg);
  save("covariance.png", pictures.covariance, (png) => png);
  save("singular-values.svg", pictures.singularValues, (svg) => svg);
  save("loss.svg", pictures.loss, (svg) => svg);
  writeFileAtomic(join(folder, "report.html"), reportPage(data, pictures));
}
