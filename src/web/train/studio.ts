import type { AdapterDescription } from "#gpu";
import type { Device } from "../../device/device.ts";
import { hasSetting } from "../../models/known.ts";
import { Lock } from "../shared/lock.ts";
import { whyNot } from "../shared/loss.ts";
import { orInWords } from "../shared/refusal.ts";
import { loadChoice, type LoadedChoice } from "./datasets.ts";
import { Gpu } from "./gpu.ts";
import { Lane } from "./lane.ts";
import { allOrNone } from "./lanes.ts";
import { Loop } from "./loop.ts";
import type { CodeStage, Draw, ModelName, SetUp, Settings, TrainApi, TrainEvent } from "./protocol.ts";
import { configOf, dataFor, describe, loadedConfigOf, settingsOf, viewsOf } from "./scene.ts";
import { Stage } from "./stage.ts";

/** Devices that may be lost under one task before it is given up. */
const mostLosses = 2;

/** What a page's models can be asked; they outlive the device that they are on. */
export class Studio implements TrainApi {
  readonly #tell: (event: TrainEvent) => void;
  readonly #gpu: Gpu;
  readonly #lock = new Lock();
  readonly #stage: Stage;
  readonly #loop: Loop;
  /** Whether the device was lost while training, so that training goes on with the next one. */
  #goesOnLater = false;
  /** What the browser said when it took the device away. */
  #reason = "";

  constructor(tell: (event: TrainEvent) => void, open?: () => Promise<Device>) {
    this.#tell = tell;
    this.#gpu = new Gpu((reason) => this.#onLost(reason), open);
    this.#stage = new Stage(tell);
    this.#loop = new Loop(this.#stage, this.#gpu, this.#lock, tell);
  }

  async open(): Promise<AdapterDescription> {
    return (await this.#gpu.open()).info;
  }

  setUp(settings: Settings): Promise<SetUp> {
    return this.#do(async () => {
      const choice = await loadChoice(settings.data, settings.seed);
      const configured = (model: ModelName) => configOf(settings, model, choice);
      return this.#begin(settings, choice, (model, on) => new Lane(on, configured(model), choice.train));
    });
  }

  /** Puts a new run in the place of the one at hand. */
  async #begin(
    settings: Settings,
    choice: LoadedChoice,
    make: (model: ModelName, device: Device) => Lane | Promise<Lane>,
  ): Promise<SetUp> {
    const { isOpen } = this.#gpu;
    const device = await this.#gpu.open();
    try {
      const lanes = await allOrNone(settings.models, (model) => make(model, device));
      const { rank } = (lanes.find(({ config }) => hasSetting(config.model, "rank")) ?? lanes[0]!).config;
      const scene = { settings: { ...settings, rank }, choice, ...viewsOf(choice), lanes };
      const wasPlaying = this.#loop.playing;
      await this.#stage.enter(scene, () => {
        this.#loop.begin();
        this.#goesOnLater = false;
      });
      if (wasPlaying) this.#loop.announce();
      return describe(scene);
    } catch (error) {
      if (!isOpen) this.#gpu.giveUp(); // the run at hand has yet to be brought there
      throw error;
    }
  }

  async play(steps?: number): Promise<void> {
    this.#stage.need();
    if (this.#gpu.isOpen) return this.#loop.start(steps);
    this.#goesOnLater = true; // another device may be on its way
    await this.#lock.run(() => Promise.resolve());
    this.#gpu.require();
  }

  pace(perSecond?: number): Promise<void> {
    this.#loop.pace(perSecond);
    return Promise.resolve();
  }

  pause(): Promise<void> {
    this.#loop.stop();
    this.#goesOnLater = false;
    return this.#lock.run(() => Promise.resolve());
  }

  watch(isWatched: boolean): Promise<void> {
    this.#loop.watch(isWatched);
    return Promise.resolve();
  }

  setRank(rank: number): Promise<SetUp> {
    return this.#do(async () => {
      const { settings, lanes, ...rest } = this.#stage.need();
      const device = this.#gpu.require();
      const changed = await allOrNone(lanes, (lane) => lane.withRank(device, rank));
      const scene = { ...rest, settings: { ...settings, rank }, lanes: changed };
      await this.#stage.enter(scene);
      return describe(scene);
    });
  }

  setBeta(beta: number): Promise<void> {
    return this.#lock.run(() => {
      const scene = this.#stage.need();
      scene.settings = { ...scene.settings, beta };
      for (const lane of scene.lanes) lane.setBeta(beta);
      return Promise.resolve();
    });
  }

  nextStage(lane: number): Promise<void> {
    return this.#do(async () => {
      this.#lane(lane).trainer.endStage();
      await this.#stage.look();
    });
  }

  save(lane: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#do(() => this.#lane(lane).save());
  }

  load(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<SetUp> {
    const words =
      `${file} is not a model that this page can read, or it is cut or damaged. Choose a .safetensors file of a model of ` +
      "pictures that this page or hestenes train saved.";
    return this.#do(() => orInWords(words, () => this.#load(bytes, file)));
  }

  async #load(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<SetUp> {
    const scene = this.#stage.need();
    const { readModel } = await import("./infer.ts"); // not every visitor has a file
    const { found, tensors } = readModel(bytes, file);
    const seed = found.config?.seed ?? scene.settings.seed;
    const { data, choice } = await dataFor(found.input, seed, scene, file);
    const config = loadedConfigOf({ ...scene.settings, data }, choice, found);
    const settings = { ...scene.settings, ...settingsOf(found, config), data };
    return this.#begin(settings, choice, (_, on) => Lane.loaded(on, config, choice.train, tensors, file));
  }

  decode(lane: number, codes: Float32Array, stage?: CodeStage): Promise<Float32Array> {
    return this.#do(() => this.#lane(lane).decode(codes, stage));
  }

  given(dot: number): Promise<Float32Array> {
    return Promise.resolve(this.#stage.need().views.shown.values(dot, dot + 1));
  }

  sample(lane: number, draw: Draw): Promise<Float32Array> {
    return this.#do(() => this.#lane(lane).sample(draw, this.#stage.need().views.shown));
  }

  #lane(index: number): Lane {
    this.#gpu.require();
    return this.#stage.lane(index);
  }

  /** Runs `body` alone; again where the device was lost under it, on the one that took over. */
  async #do<T>(body: () => Promise<T>): Promise<T> {
    for (let losses = 0; losses < mostLosses; losses++)
      try {
        return await this.#lock.run(body); // after a loss, its turn comes after that of recovering
      } catch (error) {
        if (!(await this.#gpu.isLost(error))) throw error;
      }
    await this.#lock.run(() => Promise.resolve()); // another device may be on its way
    throw this.#gpu.lostError();
  }

  reopen(): Promise<void> {
    return this.#recover();
  }

  #onLost(reason: string): void {
    this.#goesOnLater ||= this.#loop.playing;
    this.#loop.stop();
    this.#reason = reason;
    void this.#recover();
  }

  /** Opens a new device, brings every model to its last snapshot, and goes on training if it did. */
  async #recover(): Promise<void> {
    await this.#lock.run(async () => {
      const { scene, snapshot } = this.#stage;
      if (this.#gpu.isOpen || !scene) return;
      const step = snapshot[0]?.state.step ?? 0;
      try {
        const device = await this.#gpu.open();
        const lanes = await allOrNone(scene.lanes, (lane, i) => lane.onto(device, snapshot[i]!));
        await this.#stage.enter({ ...scene, lanes }, () => {
          this.#loop.goBackTo(step);
          this.#tell({ kind: "lost", reason: this.#reason, step, recovered: true });
        });
        if (this.#goesOnLater) await this.play();
        this.#goesOnLater = false;
      } catch (error) {
        this.#gpu.giveUp();
        this.#tell({ kind: "lost", reason: this.#reason, step, recovered: false, why: whyNot(error) });
      }
    });
    this.#loop.announce();
  }
}
