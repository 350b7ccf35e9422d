import { ArgumentError } from "../device/errors.ts";
import type { networkNames } from "../models/settings.ts";
import type { Architecture } from "../nn/architecture.ts";
import { infoganNetworks } from "../nn/infoganNetworks.ts";
import { maskAaeNetworks } from "../nn/maskAaeNetworks.ts";
import { raeNetworks } from "../nn/raeNetworks.ts";
import { resnetNetworks } from "../nn/resnetNetworks.ts";
import { waeNetworks } from "../nn/waeNetworks.ts";

/** Whose networks a configuration asks for, and how large they are to be. */
export interface NetworkChoice {
  network?: (typeof networkNames)[number] | undefined;
  networkWidth?: number | undefined;
  networkScales?: number | undefined;
  networkUnits?: number | undefined;
  networkLayers?: number | undefined;
  networkMomentum?: number | undefined;
}

const architectures = {
  infogan: { build: infoganNetworks, takes: ["networkWidth", "networkUnits"] },
  wae: { build: waeNetworks, takes: ["networkWidth", "networkScales", "networkMomentum"] },
  resnet: {
    build: resnetNetworks,
    takes: ["networkWidth", "networkScales", "networkUnits", "networkMomentum"],
  },
  rae: { build: raeNetworks, takes: ["networkWidth", "networkMomentum"] },
  mlp: { build: maskAaeNetworks, takes: ["networkUnits", "networkLayers"] },
} as const;

/** The networks of a configuration, where they are not the house's. Throws ArgumentError for a size that they do not have. */
export function architectureFor({ network = "house", ...sizes }: NetworkChoice): Architecture | undefined {
  const takes: readonly string[] = network === "house" ? [] : architectures[network].takes;
  for (const name of [
    "networkWidth",
    "networkScales",
    "networkUnits",
    "networkLayers",
    "networkMomentum",
  ] as const)
    if (sizes[name] !== undefined && !takes.includes(name)) {
      const others = Object.entries(architectures).filter(([, { takes }]) =>
        (takes as readonly string[]).includes(name),
      );
      throw new ArgumentError(
        `${name} is for the networks of ${others.map(([other]) => other).join(", ")}, not for ${network}`,
      );
    }
  if (network === "house") return undefined;
  const { networkWidth: width, networkScales: scales, networkUnits: units, networkLayers: layers } = sizes;
  const all = { width, scales, units, layers, momentum: sizes.networkMomentum };
  const given = Object.entries(all).filter(([, size]) => size !== undefined);
  return architectures[network].build(Object.fromEntries(given));
}
