import type { AdapterDescription } from "#gpu";
import type { Settings } from "./protocol.ts";

/** Side of the moving spot's pictures in pixels, and samples per step; without these, as many as Node takes. */
export interface Spot {
  size: number;
  batch?: number;
}

/** What two minutes are enough for: on a CPU, small pictures, and few of them in a step. */
export function spotFor(kind: AdapterDescription["kind"]): Spot {
  return kind === "software" ? { size: 16, batch: 8 } : { size: 32 };
}

/** The same settings with the spot's batch, unless they have one or are for a visitor's own pictures. */
export function withBatch(settings: Settings, { batch }: Spot): Settings {
  return settings.data.kind === "bumps" || settings.data.kind === "emoji"
    ? { ...settings, batch: settings.batch ?? batch }
    : settings;
}
