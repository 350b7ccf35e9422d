import { mainLoss } from "../../train/losses.ts";
import { bytesOf } from "../shared/bytes.ts";
import { onWidth } from "../shared/charts.ts";
import { byId, download, make } from "../shared/dom.ts";
import { Latest } from "../shared/latest.ts";
import { dismiss, isNoAdapter, notice, sayError, sayUnusable } from "../shared/notices.ts";
import { Remote, RemoteError } from "../shared/rpc.ts";
import { LatentView } from "../latent/view.ts";
import { addressOf, fileIn, readAddress } from "./address.ts";
import { BatchTable } from "./batch.ts";
import { ModelCard } from "./card.ts";
import { Controls } from "./controls.ts";
import type { DataChoice } from "./datasets.ts";
import { Flows } from "./flows.ts";
import { Losses } from "./losses.ts";
import { modelAt } from "./modelAt.ts";
import { models } from "./models.ts";
import type { Look, LossEvent, LostEvent, SetUp, Settings, TrainApi, TrainEvent } from "./protocol.ts";
import { Sources, type DataKind } from "./sources.ts";
import { showPresets } from "./presets.ts";
import { Replay } from "./replay.ts";
import { Runs } from "./runs.ts";
import { why } from "./words.ts";
import { spotFor, withBatch, type Spot } from "./spot.ts";

/** Steps that a visitor may lose by leaving the page without being asked. */
const stepsWithoutAsking = 50;

/** The page on which models are trained: the worker does the work, this shows it. */
class TrainPage {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #asked = readAddress(new URLSearchParams(location.search));
  readonly #controls = new Controls(this.#asked);
  readonly #latent: LatentView;
  readonly #losses = new Losses();
  readonly #runs = new Runs();
  #sources: Sources | undefined;
  #setUp: SetUp | undefined;
  readonly #batch = new BatchTable();
  readonly #replay = new Replay(() => this.#showLook());
  #cards: ModelCard[] = [];
  readonly #flows = new Flows(() => this.#replay.event?.looks);
  /** Whether what is shown was recorded elsewhere: then nothing can be asked of the models. */
  #isRecorded = false;
  #playing = false;
  /** Whether the run that is being set up trains at once, as the one before it did. */
  #goesOn = false;
  /** The step at which a model of the run at hand was saved last. */
  #savedStep = 0;

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
      this.#listen(spotFor(kind));
    } catch (error) {
      sayUnusable(error, "Training needs WebGPU; see above.");
      if (isNoAdapter(error)) await this.#showRecorded().catch(() => undefined); // what to do is said
    }
  }

  /** Shows a run that was recorded elsewhere. */
  async #showRecorded(): Promise<void> {
    const { fetchRecording } = await import("./recording.ts");
    const { setUp, looks, losses } = await fetchRecording();
    document.body.classList.replace("unusable", "recorded");
    this.#isRecorded = true;
    this.#show(setUp, false);
    for (const event of losses) this.#onLosses(event);
    for (const event of looks) this.#replay.add(event);
    this.#followWidth();
    this.#showLook();
    this.#controls.progress.textContent =
      "This run was recorded, as this browser cannot train. Press Replay, or move the slider.";
  }

  #saySlow(name: string): void {
    notice(
      "slow",
      "This browser computes WebGPU on the CPU",
      `${name} works, but is many times slower than a GPU, so the pictures here are small. ` +
        "Graphics acceleration can be turned on in most browsers' settings.",
    );
  }

  /** Says what the address asked for in vain; `maxRank` is what the data allow. */
  #sayRefused(maxRank?: number): void {
    const { refused } = readAddress(new URLSearchParams(location.search), maxRank);
    if (refused.length > 0)
      notice("address", "Not all that the address asks for can be had", `${refused.join("; ")}.`);
  }

  /** Connects the form, and sets up the first run. */
  #listen(spot: Spot): void {
    const { play, step, speed, share, begin, reset, data, history, load } = this.#controls;
    const anew = (choice: DataChoice) => {
      const settings = withBatch(this.#controls.settings(choice), spot); // as they are now, not when its turn comes
      this.#goesOn ||= this.#playing;
      this.#runs.give((isLast) => this.#anew(settings, isLast), given(choice));
    };
    const loadModel = (file: File) => this.#runs.give((isLast) => this.#load(file, isLast), file.name);
    const sources = (this.#sources = new Sources(this.#controls.size ?? spot.size, anew, loadModel));
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
    play.onclick = () => {
      this.#goesOn = false;
      dismiss("loaded", "passed-over", "unused"); // read by now, and in the way
      if (this.#playing) play.textContent = "Pausing …"; // after the steps that the device has been given
      this.#remote.call(this.#playing ? "pause" : "play").catch(sayError);
    };
    step.onclick = () => void this.#remote.call("play", 1).catch(sayError);
    speed.onchange = () => void this.#remote.call("pace", Number(speed.value) || undefined).catch(sayError);
    share.onclick = () => void this.#share();
    begin.onclick = () => {
      if (!this.#playing) play.click();
      play.focus({ preventScroll: true });
      byId("run", HTMLElement).scrollIntoView();
    };
    history.onclick = () => this.#losses.download();
    load.onchange = () => {
      const file = load.files?.[0];
      load.value = "";
      if (file) loadModel(file);
    };
    // What is moved while a run waits for its turn is for that run.
    const rank = new Latest<number>(async (rank, isLast) => {
      await this.#runs.settled();
      await this.#setRank(rank, isLast).catch(sayError);
      this.#writeAddress();
    });
    const beta = new Latest<number>(async (beta) => {
      await this.#runs.settled();
      await this.#remote.call("setBeta", beta).catch(sayError);
      this.#writeAddress();
    });
    this.#controls.onChange({
      anew: again,
      rank: (value) => rank.give(value),
      beta: (value) => beta.give(value),
    });
    this.#followWidth();
    const watch = () => void this.#remote.call("watch", !document.hidden).catch(sayError);
    document.addEventListener("visibilitychange", watch);
    watch();
    window.addEventListener("beforeunload", (event) => {
      const step = this.#losses.last?.step ?? 0;
      if (step - this.#savedStep > stepsWithoutAsking) event.preventDefault(); // the browser asks
    });
    data.value = this.#asked.data;
    const file = fileIn(new URLSearchParams(location.search));
    anew(sources.choice(this.#asked.data)!); // also where a file comes after it, which may not be had
    if (file !== undefined) this.#runs.give((isLast) => this.#loadFrom(file, isLast), file);
  }

  /** Loads the model at an address; where it cannot be had, says why, and the run at hand stays. */
  async #loadFrom(address: string, isLast: () => boolean): Promise<void> {
    this.#controls.progress.textContent = `Loading ${address} …`;
    try {
      await this.#load(await modelAt(address), isLast);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      notice("address", "The model of this address could not be loaded", words);
      if (isLast()) this.#showAgain(); // the run that was set up before it was not shown in the form
      this.#sayProgress();
    }
  }

  #followWidth(): void {
    onWidth(byId("lanes", HTMLElement), () => {
      this.#losses.draw();
      this.#showLook();
    });
  }

  /** Lets the page's address say what is chosen, for who keeps or shares it. */
  #writeAddress(): void {
    const { data } = this.#setUp?.settings ?? {};
    if (!data) return;
    const query = addressOf(this.#controls.settings(data), this.#controls.size).toString();
    history.replaceState(history.state, "", query === "" ? location.pathname : `?${query}`);
  }

  /** Hands the address of this run to another program, or to the clipboard. */
  async #share(): Promise<void> {
    this.#writeAddress();
    const { share } = this.#controls;
    try {
      if ("share" in navigator) await navigator.share({ title: document.title, url: location.href });
      else {
        await (navigator as Navigator).clipboard.writeText(location.href);
        share.textContent = "Address copied";
      }
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return; // the visitor thought better of it
      notice("share", "The address of this run", location.href);
    }
    setTimeout(() => (share.textContent = "Share"), 1500);
  }

  /** Sets up a new run; where that fails, the one at hand stays. */
  async #anew(settings: Settings, isLast: () => boolean): Promise<void> {
    const { progress } = this.#controls;
    this.#showKind(settings.data.kind);
    progress.textContent = "Preparing …";
    try {
      const setUp = await this.#remote.call("setUp", settings);
      this.#sources?.keep(settings.data);
      if (this.#setUp)
        dismiss("address"); // the first run is the one that the address asked for
      else this.#sayRefused(setUp.maxRank);
      dismiss("error", "loaded", "lost", "unused");
      this.#show(setUp, false, isLast());
      if (isLast()) this.#writeAddress();
      const { unused } = setUp.data;
      if (unused.length > 0) notice("unused", "Not all of the files are used", unused.join(" "));
      if (this.#goesOn) await this.#remote.call("play");
    } catch (error) {
      if (!this.#setUp) this.#sayRefused();
      if (isLast()) this.#showAgain();
      this.#controls.reset.disabled = false; // to try again
      this.#sayProgress();
      throw error;
    } finally {
      if (isLast()) this.#goesOn = false;
    }
  }

  async #load(file: File, isLast: () => boolean): Promise<void> {
    this.#goesOn = false; // a model that was loaded stands still
    this.#controls.progress.textContent = `Loading ${file.name} …`;
    const loading = bytesOf(file, file.name).then((bytes) => this.#remote.call("load", bytes, file.name));
    const setUp = await loading.catch((error: unknown) => {
      if (isLast()) this.#showAgain(); // the form may hold a choice whose turn this file took
      this.#sayProgress();
      throw error;
    });
    dismiss("error", "lost", "address", "unused");
    this.#show(setUp, false);
    this.#controls.showBeta(setUp.settings.beta);
    notice(
      "loaded",
      "Model loaded",
      `${file.name} holds the model ${models[setUp.settings.models[0]!].name}. Its latent space is below; Start trains it further.`,
    );
  }

  async #save(lane: number): Promise<void> {
    const { models: names = [], seed = 0 } = this.#setUp?.settings ?? {};
    const bytes = await this.#remote.call("save", lane);
    download(`${names[lane]}-seed-${seed}.safetensors`, bytes, "application/octet-stream");
    this.#savedStep = this.#losses.last?.step ?? 0;
  }

  async #setRank(rank: number, isLast: () => boolean): Promise<void> {
    const setUp = await this.#remote.call("setRank", rank);
    if (isLast()) this.#show(setUp, true);
  }

  /** Shows a run: a new one, or the one at hand at another rank; in the form too, unless that says already what is next. */
  #show(setUp: SetUp, goesOn: boolean, inForm = true): void {
    this.#setUp = setUp;
    if (inForm) this.#controls.show(setUp);
    if (inForm && !goesOn) this.#showKind(setUp.settings.data.kind);
    if (!goesOn) this.#savedStep = 0;
    const { settings, data, parameters, stages } = setUp;
    showPresets(settings);
    this.#losses.show(setUp, goesOn);
    this.#batch.show(data);
    this.#cards = settings.models.map((model, i) => {
      const onSave = () => void this.#save(i).catch(sayError);
      const onNextStage = () => void this.#remote.call("nextStage", i).catch(sayError);
      return new ModelCard(i, model, parameters[i]!, stages[i]!, data, { onSave, onNextStage });
    });
    byId("lanes", HTMLElement).replaceChildren(...this.#cards.map((card) => card.element));
    this.#flows.show(this.#names, data, goesOn);
    this.#latent.show(data, this.#names);
    this.#showLook();
    this.#sayProgress();
  }

  /** Shows where the pictures come from: in the form, and with the corner to give others. */
  #showKind(kind: DataKind): void {
    this.#controls.data.value = kind;
    this.#sources?.reveal(kind);
  }

  /** Shows the run that stays where another could not be had; the corner for other pictures stays open. */
  #showAgain(): void {
    if (!this.#setUp) return;
    this.#controls.show(this.#setUp);
    this.#controls.data.value = this.#setUp.settings.data.kind;
  }

  get #names(): string[] {
    return (this.#setUp?.settings.models ?? []).map((model) => models[model].name);
  }

  /** Shows the last look, or the one that is replayed, unless it is at a run that is still to be shown. */
  #showLook(): void {
    const { step = 0, looks = [] } = this.#replay.event ?? {};
    const size = this.#setUp?.data.preview.length;
    if (looks.length !== this.#cards.length || looks.some(({ pictures }) => pictures.length !== size)) return;
    const most = Math.max(...looks.flatMap(({ spread }) => [...spread]));
    looks.forEach((look, i) => this.#cards[i]!.show(look, most));
    this.#flows.draw();
    this.#sayErrors(looks, step);
    this.#batch.update(looks, this.#names);
    this.#latent.update(looks, this.#replay.isNow && !this.#isRecorded);
  }

  /** Says which of two models errs less, and why where it is to be seen in their numbers. */
  #sayErrors(looks: readonly Look[], step: number): void {
    const [first, second] = looks.map(({ error }, i) => {
      return { name: this.#names[i]!, error, words: `${error.toPrecision(3)}\u00a0%` };
    });
    const words = byId("errors-now", HTMLElement);
    words.hidden = !second;
    if (!first || !second) return;
    const lower = first.error < second.error ? first : second;
    const reason = step === 0 ? "" : why(looks as [Look, Look], [first.name, second.name]);
    words.replaceChildren(
      `${this.#replay.isNow ? "Now" : `At step ${step}`} the ${first.name} misses ${first.words} and the ${second.name} ${second.words}` +
        (first.words === second.words ? ". " : `: the ${lower.name}'s error is the lower one. `),
      reason && lower.name === reason.of ? make("b", {}, reason.words) : "",
    );
  }

  #on(event: TrainEvent): void {
    switch (event.kind) {
      case "losses":
        return this.#onLosses(event);
      case "look":
        if (event.step === 0) this.#replay.clear();
        this.#replay.add(event);
        return this.#replay.isNow ? this.#showLook() : undefined;
      case "state":
        this.#playing = event.playing;
        this.#controls.showPlaying(event.playing);
        // Not what was about to be given: that is not what it trains on.
        if (event.playing && this.#setUp) this.#showKind(this.#setUp.settings.data.kind);
        if (!event.playing) this.#losses.draw();
        return this.#sayProgress();
      case "lost":
        return this.#onLost(event);
      case "failure":
        return sayError(new RemoteError(event.name, event.message));
    }
  }

  #onLosses(event: LossEvent): void {
    this.#losses.add(event);
    this.#controls.history.disabled = false;
    event.losses.forEach((losses, i) => this.#cards[i]?.showLoss(mainLoss(losses)));
    this.#sayProgress();
  }

  #sayProgress(): void {
    const event = this.#losses.last;
    const data = this.#setUp?.data;
    const words = event
      ? [`step ${event.step.toLocaleString("en")}`, `${event.stepsPerSecond.toPrecision(3)} steps/s`]
      : this.#playing
        ? ["Starting", "the first steps take a moment"]
        : data && [
            "Ready",
            `${data.count.toLocaleString("en")} ${data.count === 1 ? "picture" : "pictures"} of ${data.shape.slice(0, 2).join(" × ")}`,
          ];
    if (words) this.#controls.progress.replaceChildren(make("b", {}, words[0]!), ` · ${words[1]}`);
    else this.#controls.progress.textContent = "";
  }

  #onLost({ reason, step, recovered, why = "" }: LostEvent): void {
    const taken = `The browser took it away (${reason}).`;
    if (recovered) {
      dismiss("error"); // it may say to press Try again
      this.#losses.cutTo(step);
      this.#replay.cutTo(step);
      this.#sayProgress();
      const text = `${taken} A new one was opened, and the run goes on from step ${step}.`;
      return notice("lost", "The GPU was lost, and found again", text);
    }
    const again = make(
      "button",
      { onclick: () => void this.#remote.call("reopen").catch(sayError) },
      "Try again",
    );
    notice("lost", "The GPU was lost", `${taken} ${why} The run is kept as it was at step ${step}.`, again);
  }
}

/** The names of the files that a choice of data is made of, in words. */
function given(choice: DataChoice): string | undefined {
  if (choice.kind !== "files") return undefined;
  const [first, ...others] = choice.files;
  return others.length === 0 ? first!.name : `${first!.name} and ${others.length} more`;
}

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
void new TrainPage(worker).open();
