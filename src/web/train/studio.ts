import type { AdapterDescription } from "#gpu";
import { openDevice, type Device } from "../../device/device.ts";
import { ArgumentError, DeviceLostError } from "../../device/errors.ts";
import type { Config } from "../../train/config.ts";
import type { EncodableTensor } from "../../train/safetensors.ts";
import { parseSafetensors } from "../../train/safetensors.ts";
import type { RunState } from "../../train/state.ts";
import { loadChoice, type LoadedChoice } from "./datasets.ts";
import { inferModel } from "./infer.ts";
import { allOrNone, Lane } from "./lane.ts";
import { Lock } from "../shared/lock.ts";
import type { ModelName, SetUp, Settings, TrainApi, TrainEvent } from "./protocol.ts";
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
  readonly #lock = new Lock();
  #device: Device | undefined;
  #scene: Scene | undefined;
  #snapshot: RunState<EncodableTensor>[] = [];
  #playing = false;
  /** Whether the device was lost while training, so that training goes on with the next one. */
  #wasPlaying = false;
  #seconds = 0;
  /** The step whose losses the page has. */
  #toldStep = 0;
  #due = { losses: 0, look: 0, snapshot: 0 };

  constructor(tell: (event: TrainEvent) => void) {
    this.#tell = tell;
  }

  async open(): Promise<AdapterDescription> {
    if (!this.#device) {
      const device = (this.#device = await openDevice());
      void device.gpu.lost.then(({ message, reason }) => this.#onLost(device, message || reason));
    }
    return this.#device.info;
  }

  setUp(settings: Settings): Promise<SetUp> {
    return this.#lock.run(async () => {
      const choice = await loadChoice(settings.data, settings.seed);
      return this.#stage(settings, choice, (model) => configOf(settings, model, choice));
    });
  }

  async #stage(
    settings: Settings,
    choice: LoadedChoice,
    configure: (model: ModelName) => Config,
  ): Promise<SetUp> {
    await this.open();
    const configs = settings.models.map(configure);
    const lanes = await allOrNone(configs, (config) => new Lane(this.#device!, config, choice.train));
    const wasPlaying = this.#playing;
    this.#playing = false;
    this.#scene?.lanes.forEach((lane) => lane.dispose());
    this.#scene = { settings: { ...settings, rank: configs[0]!.rank }, choice, ...viewsOf(choice), lanes };
    this.#seconds = this.#toldStep = 0;
    await this.#keep();
    await this.#look();
    if (wasPlaying) this.#announce();
    return describe(this.#scene);
  }

  play(): Promise<void> {
    this.#need();
    this.#requireDevice();
    if (!this.#playing) {
      this.#playing = true;
      void this.#train();
    }
    return Promise.resolve();
  }

  pause(): Promise<void> {
    this.#playing = false;
    return this.#lock.run(() => Promise.resolve());
  }

  /** Trains until it is paused or set up anew; everything else gets its turn between two batches of steps. */
  async #train(): Promise<void> {
    const scene = this.#need();
    const goesOn = () => this.#playing && this.#scene === scene;
    this.#announce();
    try {
      while (goesOn()) await this.#lock.run(async () => void (goesOn() && (await this.#advance())));
      if (this.#scene !== scene) return;
      await this.#lock.run(async () => {
        await this.#readLosses();
        await this.#look();
      });
    } catch (error) {
      if (await this.#isLost(error)) return; // recovering goes on training
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
    await this.#device!.finish();
    const now = performance.now();
    this.#seconds += (now - start) / 1000;
    this.#rate.add(taken, now - start);
    if (this.#step >= steps) this.#playing = false;
    if (logEvery !== undefined || now >= this.#due.losses) await this.#readLosses();
    if (now >= this.#due.look) await this.#look();
    if (now >= this.#due.snapshot) await this.#keep();
  }

  readonly #rate = new Rate();

  get #step(): number {
    return this.#scene?.lanes[0]?.trainer.step ?? 0;
  }

  async #readLosses(): Promise<void> {
    const { lanes } = this.#need();
    if (this.#step === this.#toldStep) return;
    const read = [];
    for (const lane of lanes) read.push(await lane.trainer.losses());
    const { step, epoch } = read[0]!;
    if (read.some((lane) => Object.keys(lane.losses).length === 0)) return; // just to be recorded anew
    const stepsPerSecond = this.#rate.perSecond;
    const losses = read.map((lane) => lane.losses);
    this.#toldStep = step;
    this.#tell({ kind: "losses", step, epoch, seconds: this.#seconds, stepsPerSecond, losses });
    this.#due.losses = performance.now() + lossPause;
  }

  async #look(): Promise<void> {
    const { lanes, views } = this.#need();
    const start = performance.now();
    const looks = [];
    for (const lane of lanes) looks.push(await lane.look(views.preview, views.test, views.shown));
    this.#tell({ kind: "look", step: this.#step, looks });
    const now = performance.now();
    this.#due.look = now + Math.max(lookPause, (now - start) / lookShare);
  }

  async #keep(): Promise<void> {
    const snapshot = [];
    for (const lane of this.#need().lanes) snapshot.push(await lane.snapshot());
    this.#snapshot = snapshot;
    this.#due.snapshot = performance.now() + snapshotPause;
  }

  setRank(rank: number): Promise<SetUp> {
    return this.#lock.run(async () => {
      const scene = this.#need();
      const before = scene.lanes;
      scene.lanes = await allOrNone(before, (lane) => lane.withRank(this.#requireDevice(), rank));
      scene.settings = { ...scene.settings, rank };
      before.forEach((lane) => lane.dispose());
      await this.#keep();
      await this.#look();
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
    return this.#lock.run(() => this.#lane(lane).save());
  }

  load(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<SetUp> {
    return this.#lock.run(async () => {
      const scene = this.#need();
      const { tensors } = parseSafetensors(bytes, file);
      const { model, input, latent, rank } = inferModel(tensors, file);
      const { data, choice } = await dataFor(input, scene, file);
      const settings = { ...scene.settings, models: [model], rank, data };
      const setUp = await this.#stage(settings, choice, () =>
        loadedConfigOf(settings, model, choice, { latent, rank }),
      );
      this.#lane(0).load(tensors, file);
      await this.#keep();
      await this.#look();
      return setUp;
    });
  }

  decode(lane: number, codes: Float32Array): Promise<Float32Array> {
    return this.#lock.run(() => this.#lane(lane).decode(codes));
  }

  sample(lane: number, from: "prior" | "mixture", count: number, seed: number): Promise<Float32Array> {
    return this.#lock.run(() => this.#lane(lane).sample(from, count, seed, this.#need().views.shown));
  }

  async reopen(): Promise<AdapterDescription> {
    await this.#recover("The GPU was asked for again.");
    return this.open();
  }

  /** Whether `error` comes of the device's loss, which may show itself a moment later. */
  async #isLost(error: unknown): Promise<boolean> {
    if (error instanceof DeviceLostError || !this.#device) return true;
    const moment = new Promise<false>((resolve) => setTimeout(() => resolve(false), 100));
    return Promise.race([this.#device.gpu.lost.then(() => true), moment]);
  }

  #onLost(device: Device, reason: string): void {
    if (this.#device !== device) return;
    this.#device = undefined;
    this.#wasPlaying = this.#playing;
    this.#playing = false;
    void this.#recover(reason);
  }

  /** Opens a new device, brings every model to its last snapshot, and goes on training if it did. */
  async #recover(reason: string): Promise<void> {
    await this.#lock.run(async () => {
      const scene = this.#scene;
      if (this.#device || !scene) return;
      const step = this.#snapshot[0]?.state.step ?? 0;
      try {
        await this.open();
        scene.lanes = scene.lanes.map(({ config }) => new Lane(this.#device!, config, scene.choice.train));
        for (const [i, lane] of scene.lanes.entries()) await lane.restore(this.#snapshot[i]!);
        this.#toldStep = step;
        this.#tell({ kind: "lost", reason, step, recovered: true });
        if (this.#wasPlaying) await this.play();
      } catch (error) {
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

  #requireDevice(): Device {
    if (this.#device) return this.#device;
    throw new DeviceLostError("the GPU was lost, and there is no other yet: press Try again");
  }

  #lane(index: number): Lane {
    this.#requireDevice();
    const lane = this.#need().lanes[index];
    if (!lane) throw new ArgumentError(`there is no model ${index + 1}`);
    return lane;
  }
}
