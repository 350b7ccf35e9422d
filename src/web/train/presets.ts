import { byId, make } from "../shared/dom.ts";
import type { ModelName, Settings } from "./protocol.ts";

/** A run that shows one thing. */
interface Preset {
  /** Of the paragraph that says what to look at: `watch-id`. */
  id: string;
  title: string;
  models: readonly [ModelName, ModelName];
  /** The moving spot unless it is another. */
  data?: "emoji";
  settings: Partial<Pick<Settings, "rank" | "latent" | "beta">>;
}

/** That of an address that says nothing. */
const usualSeed = 500;

const presets: readonly Preset[] = [
  { id: "stuck", title: "The VAE is stuck", models: ["vrrae", "vae"], settings: { rank: 2, beta: 1e-3 } },
  { id: "collapse", title: "Collapse at β = 1", models: ["vrrae", "vae"], settings: { rank: 2, beta: 1 } },
  { id: "small", title: "k too small", models: ["vrrae", "vae"], settings: { rank: 1, beta: 1e-3 } },
  { id: "mask", title: "A mask closes", models: ["mask-aae", "wae-mmd"], settings: { latent: 16 } },
  { id: "stages", title: "Two stages", models: ["two-stage", "likelihood-vae"], settings: { latent: 16 } },
  { id: "emoji", title: "Emoji", models: ["vrrae", "vae"], data: "emoji", settings: { rank: 8, beta: 1e-5 } },
];

/** The run that `settings` are, if it is one of those that the page tells of. */
export function presetOf({ models, data, rank, latent, beta, seed }: Settings): string | undefined {
  if (seed !== usualSeed) return undefined;
  const given = { rank, latent, beta };
  return presets.find(
    (preset) =>
      (preset.data ?? "bumps") === data.kind &&
      preset.models.join() === models.join() &&
      Object.entries(preset.settings).every(([name, value]) => given[name as keyof typeof given] === value),
  )?.id;
}

/** Offers the runs, and says of the one at hand, if it is one of them, what to look at. */
export function showPresets(settings: Settings): void {
  const current = presetOf(settings);
  const links = presets.map(({ id, title, models: [model, other], data, settings: own }) => {
    const query = new URLSearchParams({ ...(data && { data }), model, with: other, ...asText(own) });
    const link = make("a", { href: `?${query}` }, title);
    if (id === current) link.setAttribute("aria-current", "true");
    byId(`watch-${id}`, HTMLElement).hidden = id !== current;
    return link;
  });
  byId("presets", HTMLElement).replaceChildren(...links);
}

const asText = (values: object) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
