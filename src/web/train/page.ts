import { lossChart, type LossPoint } from "../shared/charts.ts";
import { acceptFiles, byId, download, make } from "../shared/dom.ts";
import { dismiss, notice, sayError } from "../shared/notices.ts";
import { Remote } from "../shared/rpc.ts";
import { LatentView } from "../latent/view.ts";
import { ModelCard } from "./card.ts";
import { Controls, type DataKind } from "./controls.ts";
import { models } from "./models.ts";
import type { LossEvent, LostEvent, SetUp, TrainApi, TrainEvent } from "./protocol.ts";
import { Sources } from "./sources.ts";

/** Milliseconds between drawings of the loss chart. */
const chartPause = 300;

/** The page on which models are trained: the worker does the work, this shows it. */
class TrainPage {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #controls = new Controls(new URLSearchParams(location.search));
  readonly #latent: LatentView;
  #sources: Sources | undefined;
  #setUp: SetUp | undefined;
  #cards: ModelCard[] = [];
  #losses: LossEvent[] = [];
  #playing = false;
  #chartDue = 0;

  constructor(worker: Worker) {
    this.#remote = new Remote<TrainApi, TrainEvent>(worker, (event) => this.#on(event));
    this.#latent = new LatentView(this.#remote);
  }

  async open(): Promise<void> {
    try {
      const { kind, name } = await this.#remote.call("open");
      byId("device", HTMLElement).textContent = name;
      byId("device", HTMLElement).title = name;
      if (kind === "software") this.#sayslow(name);
      const size = Number(
        new URLSearchParams(location.search).get("size") ?? (kind === "software" ? 16 : 32),
      );
      this.#listen(size);
      await this.#anew("bumps");
    } catch (error) {
      byId("device", HTMLElement).textContent = "no WebGPU";
      this.#controls.progress.textContent = "Training needs WebGPU; see above.";
      sayError(error);
    }
  }

  #sayslow(name: string): void {
    notice(
      "slow",
      "This browser computes WebGPU on the CPU",
      `${name} works, but is many times slower than a GPU, so the pictures here are small. ` +
        "Graphics acceleration can be turned on in most browsers' settings.",
    );
  }

  #listen(size: number): void {
    const { play, reset, data, history, load } = this.#controls;
    const anew = (kind: DataKind) => void this.#anew(kind).catch(sayError);
    this.#sources = new Sources(
      size,
      (kind) => {
        data.value = kind;
        anew(kind);
      },
      sayError,
    );
    data.onchange = () => anew(data.value as DataKind);
    reset.onclick = () => anew(data.value as DataKind);
    play.onclick = () => void this.#remote.call(this.#playing ? "pause" : "play").catch(sayError);
    history.onclick = () => download("history.jsonl", this.#historyText(), "application/jsonl");
    acceptFiles(document.body, load, (files) => {
      const file = files.find((file) => file.name.endsWith(".safetensors"));
      if (file) void this.#load(file).catch(sayError);
      else if (load.files?.length) sayError(new Error("A model is a file named like model.safetensors."));
    });
    this.#controls.onChange({
      anew: () => anew(data.value as DataKind),
      rank: (rank) =>
        void this.#remote
          .call("setRank", rank)
          .then((setUp) => this.#show(setUp, true))
          .catch(sayError),
      beta: (beta) => void this.#remote.call("setBeta", beta).catch(sayError),
    });
  }

  /** Sets up a new run with what the form says, if there is something to train on. */
  async #anew(kind: DataKind): Promise<void> {
    this.#sources?.reveal(kind);
    const choice = this.#sources?.choice(kind);
    if (!choice) return;
    const wasPlaying = this.#playing;
    this.#controls.progress.textContent = "Preparing …";
    const setUp = await this.#remote.call("setUp", this.#controls.settings(choice));
    dismiss("error");
    this.#show(setUp, false);
    if (wasPlaying) await this.#remote.call("play");
  }

  async #load(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    this.#show(await this.#remote.call("load", bytes, file.name), false);
    const [model] = this.#setUp!.settings.models;
    dismiss("error");
    notice(
      "loaded",
      "Model loaded",
      `${file.name} is a ${models[model!].name}. Its latent space is below; Start trains it further.`,
    );
  }

  async #save(lane: number): Promise<void> {
    const bytes = await this.#remote.call("save", lane);
    download("model.safetensors", bytes, "application/octet-stream");
  }

  /** Shows a run: a new one, or the one at hand at another rank. */
  #show(setUp: SetUp, goesOn: boolean): void {
    this.#setUp = setUp;
    this.#controls.show(setUp);
    if (!goesOn) this.#losses = [];
    const { settings, data, parameters } = setUp;
    this.#cards = settings.models.map(
      (model, i) => new ModelCard(i, model, parameters[i]!, data, () => void this.#save(i).catch(sayError)),
    );
    byId("lanes", HTMLElement).replaceChildren(...this.#cards.map((card) => card.element));
    this.#latent.show(
      data,
      settings.models.map((model) => models[model].name),
    );
    if (this.#lastLook) this.#on(this.#lastLook);
    if (!goesOn) this.#sayProgress();
    this.#drawLosses();
  }

  #lastLook: TrainEvent | undefined;

  #on(event: TrainEvent): void {
    switch (event.kind) {
      case "losses":
        return this.#onLosses(event);
      case "look":
        this.#lastLook = event;
        if (event.looks.length !== this.#cards.length) return;
        event.looks.forEach((look, i) => this.#cards[i]!.show(look));
        return this.#latent.update(event.looks);
      case "state":
        this.#playing = event.playing;
        this.#controls.showPlaying(event.playing);
        if (!event.playing) this.#drawLosses();
        return;
      case "lost":
        return this.#onLost(event);
      case "failure":
        return sayError(new Error(event.message));
    }
  }

  #onLosses(event: LossEvent): void {
    this.#losses.push(event);
    this.#controls.history.disabled = false;
    event.losses.forEach(({ loss }, i) => this.#cards[i]?.showLoss(loss!));
    this.#sayProgress(event);
    if (performance.now() < this.#chartDue) return;
    this.#chartDue = performance.now() + chartPause;
    requestAnimationFrame(() => this.#drawLosses());
  }

  #sayProgress(event?: LossEvent): void {
    const data = this.#setUp?.data;
    this.#controls.progress.replaceChildren(
      ...(event
        ? [
            make("b", {}, `step ${event.step.toLocaleString("en")}`),
            ` · ${event.stepsPerSecond.toPrecision(3)} steps/s`,
          ]
        : [
            make("b", {}, "Ready"),
            ` · ${data?.count.toLocaleString("en")} pictures of ${data?.shape.slice(0, 2).join(" × ")}`,
          ]),
    );
  }

  #drawLosses(): void {
    const names = this.#setUp?.settings.models.map((model) => models[model].name) ?? [];
    const lanes = names.map((_, lane) =>
      this.#losses.map(({ step, losses }): LossPoint => ({ step, lane, loss: losses[lane]?.loss ?? NaN })),
    );
    lossChart(byId("loss", HTMLElement), lanes, names);
  }

  /** The run as the lines that `hestenes train` logs, one for each model and reading. */
  #historyText(): string {
    const names = this.#setUp?.settings.models ?? [];
    const lines = this.#losses.flatMap(({ step, epoch, seconds, losses }) =>
      losses.map(({ loss, ...parts }, i) => ({ model: names[i], step, epoch, loss, parts, seconds })),
    );
    return lines.map((line) => JSON.stringify(line) + "\n").join("");
  }

  #onLost({ reason, step, recovered }: LostEvent): void {
    if (recovered) {
      this.#losses = this.#losses.filter((event) => event.step <= step);
      const text = `The browser took it away (${reason}). A new one was opened, and the run goes on from step ${step}.`;
      return notice("lost", "The GPU was lost, and found again", text);
    }
    const again = make(
      "button",
      { onclick: () => void this.#remote.call("reopen").catch(sayError) },
      "Try again",
    );
    notice("lost", "The GPU was lost", `${reason} The run is kept as it was at step ${step}.`, again);
  }
}

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
void new TrainPage(worker).open();
