import type { AdapterDescription } from "#gpu";
import type { Device } from "../../device/device.ts";
import { ArgumentError } from "../../device/errors.ts";
import { parseSafetensors, type EncodableTensor } from "../../train/safetensors.ts";
import type { RunState } from "../../train/state.ts";
import { loadChoice, type LoadedChoice } from "./datasets.ts";
import { inferModel } from "./infer.ts";
import { Gpu } from "./gpu.ts";
import { Lane } from "./lane.ts";
import { allOrNone, inTurn } from "./lanes.ts";
import { Lock } from "../shared/lock.ts";
import type { Look, ModelName, SetUp, Settings, TrainApi, TrainEvent } from "./protocol.ts";
import { Rate } from "./rate.ts";
import { configOf, dataFor, describe, loadedConfigOf, viewsOf, type Scene } from "./scene.ts";

/** Milliseconds between readings of the losses, between looks at the models, and between snapshots. */
const lossPause = 100;
const lookPause = 500;
const snapshotPause = 10_000;
/** A look may take this share of the time. */
const lookShare = 0.2;
/** Steps given to the device before it is waited for. */
const stepsAhead = 4;

/** The models of a page, the device they train on, and the loop that trains them in lockstep. */
export class Studio implements TrainApi {
  readonly #tell: (event: TrainEvent) => void;
  readonly #gpu: Gpu;
  readonly #lock = new Lock();
  #scene: Scene | undefined;
  /** The scene's models, each as it was at some step: taken together with the scene, so that they fit it. */
  #snapshot: RunState<EncodableTensor>[] = [];
  /** How many set-ups there were: training ends with the one that it began with. */
  #run = 0;
  #playing = false;
  /** Whether the device was lost while training, so that training goes on with the next one. */
  #goesOnLater = false;
  readonly #rate = new Rate();
  #seconds = 0;
  /** The step whose losses the page has. */
  #toldStep = 0;
  #due = { losses: 0, look: 0, snapshot: 0 };

  constructor(tell: (event: TrainEvent) => void, open?: () => Promise<Device>) {
    this.#tell = tell;
    this.#gpu = new Gpu((reason) => this.#onLost(reason), open);
  }

  async open(): Promise<AdapterDescription> {
    return (await this.#gpu.open()).info;
  }

  setUp(settings: Settings): Promise<SetUp> {
    return this.#do(async () => {
      const choice = await loadChoice(settings.data, settings.seed);
      const configured = (model: ModelName) => configOf(settings, model, choice);
      return this.#stage(settings, choice, (model, on) => new Lane(on, configured(model), choice.train));
    });
  }

  /** Puts a new run in the place of the one at hand. */
  async #stage(
    settings: Settings,
    choice: LoadedChoice,
    make: (model: ModelName, device: Device) => Lane | Promise<Lane>,
  ): Promise<SetUp> {
    const { isOpen } = this.#gpu;
    const device = await this.#gpu.open();
    try {
      const lanes = await allOrNone(settings.models, (model) => make(model, device));
      const { rank } = lanes[0]!.config;
      const scene = { settings: { ...settings, rank }, choice, ...viewsOf(choice), lanes };
      const wasPlaying = this.#playing;
      await this.#enter(scene, () => {
        this.#run++;
        this.#playing = this.#goesOnLater = false;
        this.#seconds = this.#toldStep = 0;
      });
      if (wasPlaying) this.#announce();
      return describe(scene);
    } catch (error) {
      if (!isOpen) this.#gpu.giveUp(); // the run at hand has yet to be brought there
      throw error;
    }
  }

  /** Puts `scene` in the place of the one at hand once it is kept and looked at; until then that one stays. */
  async #enter(scene: Scene, onEntered?: () => void): Promise<void> {
    const { lanes } = scene;
    try {
      const snapshot = await inTurn(lanes, (lane) => lane.snapshot());
      const looks = await this.#looksAt(scene);
      const before = this.#scene?.lanes ?? [];
      this.#scene = scene;
      this.#snapshot = snapshot;
      this.#due.snapshot = performance.now() + snapshotPause;
      for (const lane of before) lane.dispose();
      onEntered?.();
      this.#tell({ kind: "look", step: this.#step, looks });
    } catch (error) {
      for (const lane of lanes) lane.dispose();
      throw error;
    }
  }

  async play(): Promise<void> {
    this.#need();
    if (!this.#gpu.isOpen) {
      this.#goesOnLater = true; // another device may be on its way
      await this.#lock.run(() => Promise.resolve());
      return void this.#gpu.require();
    }
    if (!this.#playing) {
      this.#playing = true;
      void this.#train();
    }
  }

  pause(): Promise<void> {
    this.#playing = this.#goesOnLater = false;
    return this.#lock.run(() => Promise.resolve());
  }

  /** Trains until it is paused or set up anew; everything else gets its turn between two batches of steps. */
  async #train(): Promise<void> {
    const run = this.#run;
    const goesOn = () => this.#playing && this.#run === run;
    this.#announce();
    try {
      while (goesOn()) await this.#lock.run(async () => void (goesOn() && (await this.#advance())));
      if (this.#run !== run) return;
      await this.#lock.run(async () => {
        await this.#readLosses();
        await this.#look();
      });
    } catch (error) {
      if (await this.#gpu.isLost(error)) return; // recovering goes on training
      this.#playing = false;
      this.#tell({ kind: "failure", message: error instanceof Error ? error.message : String(error) });
    }
    this.#announce();
  }

  async #advance(): Promise<void> {
    const { lanes, settings } = this.#need();
    const start = performance.now();
    const { steps = Infinity, logEvery } = settings;
    let taken = 0;
    while (taken < (logEvery ?? stepsAhead) && this.#step < steps) {
      for (const lane of lanes) lane.trainer.advance();
      taken++;
    }
    await this.#gpu.require().finish();
    const now = performance.now();
    this.#seconds += (now - start) / 1000;
    this.#rate.add(taken, now - start);
    if (this.#step >= steps) this.#playing = false;
    if (logEvery !== undefined || now >= this.#due.losses) await this.#readLosses();
    if (now >= this.#due.look) await this.#look();
    if (now >= this.#due.snapshot) await this.#keep();
  }

  get #step(): number {
    return this.#scene?.lanes[0]?.trainer.step ?? 0;
  }

  async #readLosses(): Promise<void> {
    const { lanes } = this.#need();
    if (this.#step === this.#toldStep) return;
    const read = await inTurn(lanes, (lane) => lane.trainer.losses());
    const { step, epoch } = read[0]!;
    if (read.some((lane) => Object.keys(lane.losses).length === 0)) return; // just to be recorded anew
    const stepsPerSecond = this.#rate.perSecond;
    const losses = read.map((lane) => lane.losses);
    this.#toldStep = step;
    this.#tell({ kind: "losses", step, epoch, seconds: this.#seconds, stepsPerSecond, losses });
    this.#due.losses = performance.now() + lossPause;
  }

  async #look(): Promise<void> {
    const start = performance.now();
    const looks = await this.#looksAt(this.#need());
    this.#tell({ kind: "look", step: this.#step, looks });
    const now = performance.now();
    this.#due.look = now + Math.max(lookPause, (now - start) / lookShare);
  }

  #looksAt({ lanes, views: { preview, test, shown } }: Scene): Promise<Look[]> {
    return inTurn(lanes, (lane) => lane.look(preview, test, shown));
  }

  async #keep(): Promise<void> {
    this.#snapshot = await inTurn(this.#need().lanes, (lane) => lane.snapshot());
    this.#due.snapshot = performance.now() + snapshotPause;
  }

  setRank(rank: number): Promise<SetUp> {
    return this.#do(async () => {
      const { settings, lanes, ...rest } = this.#need();
      const device = this.#gpu.require();
      const changed = await allOrNone(lanes, (lane) => lane.withRank(device, rank));
      const scene = { ...rest, settings: { ...settings, rank }, lanes: changed };
      await this.#enter(scene);
      return describe(scene);
    });
  }

  setBeta(beta: number): Promise<void> {
    return this.#lock.run(() => {
      const scene = this.#need();
      scene.settings = { ...scene.settings, beta };
      for (const lane of scene.lanes) lane.setBeta(beta);
      return Promise.resolve();
    });
  }

  save(lane: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#do(() => this.#lane(lane).save());
  }

  load(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<SetUp> {
    return this.#do(async () => {
      const scene = this.#need();
      const { tensors } = parseSafetensors(bytes, file);
      const { model, input, latent, rank } = inferModel(tensors, file);
      const { data, choice } = await dataFor(input, scene, file);
      const settings = { ...scene.settings, models: [model], rank, data };
      const config = loadedConfigOf(settings, model, choice, { latent, rank });
      return this.#stage(settings, choice, (_, on) => Lane.loaded(on, config, choice.train, tensors, file));
    });
  }

  decode(lane: number, codes: Float32Array): Promise<Float32Array> {
    return this.#do(() => this.#lane(lane).decode(codes));
  }

  sample(lane: number, from: "prior" | "mixture", count: number, seed: number): Promise<Float32Array> {
    return this.#do(() => this.#lane(lane).sample(from, count, seed, this.#need().views.shown));
  }

  /** Runs `body` alone; once more where the device was lost under it, on the one that took over. */
  async #do<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await this.#lock.run(body);
    } catch (error) {
      if (!(await this.#gpu.isLost(error))) throw error;
      return this.#lock.run(body); // its turn comes after that of recovering
    }
  }

  reopen(): Promise<void> {
    return this.#recover("The GPU was asked for again.");
  }

  #onLost(reason: string): void {
    this.#goesOnLater ||= this.#playing;
    this.#playing = false;
    void this.#recover(reason);
  }

  /** Opens a new device, brings every model to its last snapshot, and goes on training if it did. */
  async #recover(reason: string): Promise<void> {
    await this.#lock.run(async () => {
      const scene = this.#scene;
      if (this.#gpu.isOpen || !scene) return;
      const step = this.#snapshot[0]?.state.step ?? 0;
      try {
        const device = await this.#gpu.open();
        const lanes = await allOrNone(scene.lanes, (lane, i) => lane.onto(device, this.#snapshot[i]!));
        await this.#enter({ ...scene, lanes }, () => {
          this.#toldStep = step;
          this.#tell({ kind: "lost", reason, step, recovered: true });
        });
        if (this.#goesOnLater) await this.play();
        this.#goesOnLater = false;
      } catch (error) {
        this.#gpu.giveUp();
        const why = error instanceof Error ? error.message : String(error);
        this.#tell({ kind: "lost", reason: `${reason} ${why}`, step, recovered: false });
      }
    });
    this.#announce();
  }

  #announce(): void {
    this.#tell({ kind: "state", playing: this.#playing, step: this.#step });
  }

  #need(): Scene {
    if (!this.#scene) throw new ArgumentError("nothing is set up yet: choose data and models first");
    return this.#scene;
  }

  #lane(index: number): Lane {
    this.#gpu.require();
    const lane = this.#need().lanes[index];
    if (!lane) throw new ArgumentError(`there is no model ${index + 1}`);
    return lane;
  }
}
