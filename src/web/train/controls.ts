import { byId, make } from "../shared/dom.ts";
import { dismiss, notice } from "../shared/notices.ts";
import { mendNumber, type Asked } from "./address.ts";
import { families, modelNames, models } from "./models.ts";
import type { ModelName, SetUp, Settings } from "./protocol.ts";

/** The form over the models: reads the visitor's choices, and tells what kind of change each is. */
export class Controls {
  readonly play = byId("play", HTMLButtonElement);
  /** Start at the top of the page, for who has yet to see the form. */
  readonly begin = byId("begin", HTMLButtonElement);
  readonly step = byId("step", HTMLButtonElement);
  readonly speed = byId("speed", HTMLSelectElement);
  readonly share = byId("share", HTMLButtonElement);
  readonly reset = byId("reset", HTMLButtonElement);
  readonly history = byId("history", HTMLButtonElement);
  readonly progress = byId("progress", HTMLElement);
  readonly data = byId("data", HTMLSelectElement);
  readonly load = byId("load", HTMLInputElement);
  readonly #first = byId("model-0", HTMLSelectElement);
  readonly #second = byId("model-1", HTMLSelectElement);
  readonly #rank = byId("rank", HTMLInputElement);
  readonly #latent = byId("latent-length", HTMLInputElement);
  readonly #beta = byId("beta", HTMLInputElement);
  readonly #seed = byId("seed", HTMLInputElement);
  /** What the visitor or the address asked for: data may allow a lower rank, and the slider of β has steps. */
  #askedRank: number;
  #askedBeta: number;
  /** The seed to go back to from what is none. */
  #lastSeed: number;
  /** What only the address can say: for tests, and for links to a particular run. */
  readonly #extra: Pick<Settings, "batch" | "steps" | "logEvery">;
  /** Side of the moving spot's pictures, if the address says it. */
  readonly size: number | undefined;

  /** Fills the form with what the page's address asks for. */
  constructor({ model, with: other, rank, latent, beta, seed, size, batch, steps, logEvery }: Asked) {
    for (const field of [this.#first, this.#second]) field.append(...offered());
    this.#second.append(make("option", { value: "" }, "nothing"));
    this.#first.value = model;
    this.#second.value = other;
    this.#rank.max = String(Math.max(rank, Number(this.#rank.max)));
    this.#rank.value = String(rank);
    this.#latent.value = String(latent);
    this.#askedRank = rank;
    this.#askedBeta = beta;
    this.#slide();
    this.#seed.value = String((this.#lastSeed = seed));
    this.size = size;
    this.#extra = { batch, steps, logEvery };
    this.#label();
    this.#fold();
  }

  /** On a phone the choices are folded up, so that the models are on the screen with Start. */
  #fold(): void {
    const settings = byId("settings", HTMLDetailsElement);
    const wide = matchMedia("(min-width: 641px)");
    settings.open = wide.matches;
    wide.onchange = () => (settings.open ||= wide.matches);
  }

  /** Calls back: `anew` for what starts a new run, `rank` and `beta` for what changes the one at hand. */
  onChange(callbacks: {
    anew: () => void;
    rank: (rank: number) => void;
    beta: (beta: number) => void;
  }): void {
    for (const field of [this.#first, this.#second, this.#latent])
      field.addEventListener("change", callbacks.anew);
    this.#latent.addEventListener("input", () => this.#label());
    this.#seed.addEventListener("change", () => {
      if (this.#mendSeed()) callbacks.anew();
    });
    for (const [slider, take] of [
      [this.#rank, () => callbacks.rank((this.#askedRank = Number(this.#rank.value)))],
      [this.#beta, () => callbacks.beta((this.#askedBeta = this.#sliderBeta))],
    ] as const)
      slider.addEventListener("input", () => {
        take();
        this.#label();
      });
  }

  /** The slider holds a logarithm, in steps; its lowest place is 0. */
  get #sliderBeta(): number {
    const exponent = Number(this.#beta.value);
    return exponent <= Number(this.#beta.min) ? 0 : Number((10 ** exponent).toPrecision(3));
  }

  get seed(): number {
    return mendNumber("seed", this.#seed.value).value ?? this.#lastSeed;
  }

  /** Writes the seed that is taken into its field, and says so where another was asked for; whether one was. */
  #mendSeed(): boolean {
    const { value, words } = mendNumber("seed", this.#seed.value);
    if (value === undefined)
      notice("seed", "A seed is a number", `The run keeps seed ${this.#lastSeed}: the field held no number.`);
    else if (words !== undefined) notice("seed", "Another seed is taken", `${words}.`);
    else dismiss("seed");
    this.#seed.value = String(this.seed);
    return value !== undefined;
  }

  settings(data: Settings["data"]): Settings {
    const chosen = [this.#first.value, this.#second.value].filter((name) => name !== "") as ModelName[];
    return {
      models: chosen,
      data,
      rank: this.#askedRank,
      latent: Number(this.#latent.value),
      beta: this.#askedBeta,
      seed: this.seed,
      ...this.#extra,
    };
  }

  /** Shows what the worker set up. */
  show({ settings, maxRank, counts }: SetUp): void {
    this.#rank.max = String(Math.max(maxRank, settings.rank)); // a model of a file has the rank that it has
    this.#rank.value = String(settings.rank);
    if (settings.rank !== Math.min(this.#askedRank, maxRank)) this.#askedRank = settings.rank; // a file's
    this.#first.value = settings.models[0] ?? "vrrae";
    this.#second.value = settings.models[1] ?? "";
    this.#seed.value = String((this.#lastSeed = settings.seed));
    this.#latent.max = String(Math.max(settings.latent, Number(this.#latent.max))); // and codes as long as they are
    this.#latent.value = String(settings.latent);
    this.#beta.disabled = !counts.beta;
    byId("rank-field", HTMLElement).hidden = !counts.rank;
    byId("latent-field", HTMLElement).hidden = !counts.latent;
    this.#label();
    for (const button of [this.play, this.begin, this.step, this.reset, this.share]) button.disabled = false;
  }

  /** Shows the β of a model that comes from a file. */
  showBeta(beta: number): void {
    this.#askedBeta = beta;
    this.#slide();
    this.#label();
  }

  /** Moves the slider of β to what is asked for. */
  #slide(): void {
    const beta = this.#askedBeta;
    this.#beta.value = beta === 0 ? this.#beta.min : String(Math.log10(beta));
  }

  showPlaying(playing: boolean): void {
    this.step.disabled = playing;
    this.play.textContent = playing ? "Pause" : "Start";
    this.begin.textContent = playing ? "See it train" : "Start training";
  }

  #label(): void {
    byId("rank-value", HTMLOutputElement).value = this.#rank.value;
    byId("latent-value", HTMLOutputElement).value = this.#latent.value;
    const beta = this.#askedBeta;
    const words =
      beta === 0 ? "0" : beta < 1e-3 ? beta.toExponential(1) : String(Number(beta.toPrecision(2)));
    byId("beta-value", HTMLOutputElement).value = this.#beta.ariaValueText = words;
  }
}

/** The models to choose from, kind by kind. */
function offered(): HTMLOptGroupElement[] {
  return Object.entries(families).map(([family, label]) => {
    const names = modelNames.filter((name) => models[name].family === family);
    return make(
      "optgroup",
      { label },
      ...names.map((value) => make("option", { value }, models[value].name)),
    );
  });
}
