import { lossChart } from "../shared/charts.ts";
import { byId, download, make } from "../shared/dom.ts";
import { dismiss, notice, sayError } from "../shared/notices.ts";
import { Remote } from "../shared/rpc.ts";
import { LatentView } from "../latent/view.ts";
import { ModelCard } from "./card.ts";
import { Controls } from "./controls.ts";
import type { DataChoice } from "./datasets.ts";
import { Latest } from "./latest.ts";
import { models } from "./models.ts";
import type { LossEvent, LostEvent, SetUp, TrainApi, TrainEvent } from "./protocol.ts";
import { RunLog } from "./runLog.ts";
import { Sources, type DataKind } from "./sources.ts";

/** Milliseconds between drawings of the loss chart. */
const chartPause = 300;

/** The page on which models are trained: the worker does the work, this shows it. */
class TrainPage {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #controls = new Controls(new URLSearchParams(location.search));
  readonly #latent: LatentView;
  readonly #log = new RunLog();
  /** New runs, one after the other; of those asked for meanwhile, the last. */
  readonly #runs = new Latest<() => Promise<void>>((run) => run().catch(sayError));
  #sources: Sources | undefined;
  #setUp: SetUp | undefined;
  #cards: ModelCard[] = [];
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
      if (kind === "software") this.#saySlow(name);
      this.#listen(kind === "software" ? 16 : 32);
    } catch (error) {
      byId("device", HTMLElement).textContent = "no WebGPU";
      this.#controls.progress.textContent = "Training needs WebGPU; see above.";
      sayError(error);
    }
  }

  #saySlow(name: string): void {
    notice(
      "slow",
      "This browser computes WebGPU on the CPU",
      `${name} works, but is many times slower than a GPU, so the pictures here are small. ` +
        "Graphics acceleration can be turned on in most browsers' settings.",
    );
  }

  /** Connects the form, and sets up the first run. */
  #listen(size: number): void {
    const { play, reset, data, history, load } = this.#controls;
    const anew = (choice: DataChoice) => this.#runs.give(() => this.#anew(choice));
    const loadModel = (file: File) => this.#runs.give(() => this.#load(file));
    const sources = (this.#sources = new Sources(this.#controls.size ?? size, anew, loadModel));
    const again = () => {
      const choice = sources.choice(data.value as DataKind) ?? this.#setUp?.settings.data;
      if (choice) anew(choice);
    };
    data.onchange = () => {
      const kind = data.value as DataKind;
      sources.reveal(kind);
      const choice = sources.choice(kind);
      if (choice) anew(choice);
    };
    reset.onclick = again;
    play.onclick = () => void this.#remote.call(this.#playing ? "pause" : "play").catch(sayError);
    history.onclick = () =>
      download("history.jsonl", this.#log.text(this.#setUp?.settings.models ?? []), "application/jsonl");
    load.onchange = () => {
      const file = load.files?.[0];
      load.value = "";
      if (file) loadModel(file);
    };
    const rank = new Latest<number>((rank, isLast) => this.#setRank(rank, isLast).catch(sayError));
    const beta = new Latest<number>((beta) => this.#remote.call("setBeta", beta).catch(sayError));
    this.#controls.onChange({
      anew: again,
      rank: (value) => rank.give(value),
      beta: (value) => beta.give(value),
    });
    this.#followWidth();
    anew(sources.choice("bumps")!);
  }

  /** Draws the charts anew when they get another width: they fill what there is. */
  #followWidth(): void {
    let width = 0;
    new ResizeObserver(([entry]) => {
      const now = Math.round(entry!.contentRect.width);
      if (now === width || !this.#setUp) return;
      width = now;
      this.#drawLosses();
      if (this.#lastLook) this.#on(this.#lastLook);
    }).observe(byId("loss", HTMLElement));
  }

  /** Sets up a new run with what the form says; where that fails, the one at hand stays. */
  async #anew(choice: DataChoice): Promise<void> {
    const { progress, data } = this.#controls;
    const wasPlaying = this.#playing;
    data.value = choice.kind;
    this.#sources?.reveal(choice.kind);
    progress.textContent = "Preparing …";
    try {
      const setUp = await this.#remote.call("setUp", this.#controls.settings(choice));
      this.#sources?.keep(choice);
      for (const key of ["error", "loaded", "lost"]) dismiss(key);
      this.#show(setUp, false);
      if (wasPlaying) await this.#remote.call("play");
    } catch (error) {
      if (this.#setUp) this.#controls.show(this.#setUp);
      data.value = choice.kind; // to try again with other files
      this.#sayProgress();
      throw error;
    }
  }

  async #load(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const setUp = await this.#remote.call("load", bytes, file.name);
    dismiss("error");
    this.#show(setUp, false);
    this.#sources?.reveal(setUp.settings.data.kind);
    notice(
      "loaded",
      "Model loaded",
      `${file.name} is a ${models[setUp.settings.models[0]!].name}. Its latent space is below; Start trains it further.`,
    );
  }

  async #save(lane: number): Promise<void> {
    const bytes = await this.#remote.call("save", lane);
    download("model.safetensors", bytes, "application/octet-stream");
  }

  async #setRank(rank: number, isLast: () => boolean): Promise<void> {
    const setUp = await this.#remote.call("setRank", rank);
    if (isLast()) this.#show(setUp, true);
  }

  /** Shows a run: a new one, or the one at hand at another rank. */
  #show(setUp: SetUp, goesOn: boolean): void {
    this.#setUp = setUp;
    this.#controls.show(setUp);
    if (!goesOn) {
      this.#log.clear();
      this.#lastLosses = undefined;
    }
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
    this.#sayProgress();
    this.#drawLosses();
  }

  #lastLook: TrainEvent | undefined;
  #lastLosses: LossEvent | undefined;

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
    this.#log.add(event);
    this.#lastLosses = event;
    this.#controls.history.disabled = false;
    event.losses.forEach(({ loss }, i) => this.#cards[i]?.showLoss(loss!));
    this.#sayProgress();
    if (performance.now() < this.#chartDue) return;
    this.#chartDue = performance.now() + chartPause;
    requestAnimationFrame(() => this.#drawLosses());
  }

  #sayProgress(): void {
    const event = this.#lastLosses;
    const data = this.#setUp?.data;
    const words = event
      ? [`step ${event.step.toLocaleString("en")}`, `${event.stepsPerSecond.toPrecision(3)} steps/s`]
      : data && [
          "Ready",
          `${data.count.toLocaleString("en")} ${data.count === 1 ? "picture" : "pictures"} of ${data.shape.slice(0, 2).join(" × ")}`,
        ];
    if (words) this.#controls.progress.replaceChildren(make("b", {}, words[0]!), ` · ${words[1]}`);
    else this.#controls.progress.textContent = "";
  }

  #drawLosses(): void {
    const names = this.#setUp?.settings.models.map((model) => models[model].name) ?? [];
    lossChart(byId("loss", HTMLElement), this.#log.points(names.length), names);
  }

  #onLost({ reason, step, recovered }: LostEvent): void {
    if (recovered) {
      this.#log.cutTo(step);
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
