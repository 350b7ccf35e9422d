import { steps as take, stepsAhead } from "../../optim/steps.ts";
import type { Lock } from "../shared/lock.ts";
import type { Gpu } from "./gpu.ts";
import { inLockstep, inTurn } from "./lanes.ts";
import type { TrainEvent } from "./protocol.ts";
import type { Stage } from "./stage.ts";

/** Milliseconds between readings of the losses, and between looks at the models. */
const lossPause = 100;
const lookPause = 500;
/** A look may take this share of the time. */
const lookShare = 0.2;

/** Steps per second over about the last second. */
class Rate {
  #steps = 0;
  #ms = 0;

  add(steps: number, ms: number): void {
    const keep = Math.exp(-ms / 1000);
    this.#steps = keep * this.#steps + steps;
    this.#ms = keep * this.#ms + ms;
  }

  get perSecond(): number {
    return this.#ms > 0 ? (1000 * this.#steps) / this.#ms : 0;
  }
}

/** Waits until `due`, or for a moment in which the pace may have changed. */
const pause = (due: number) =>
  new Promise((resolve) => setTimeout(resolve, Math.min(100, due - performance.now())));

/** Trains the models of a stage in lockstep, and tells how it goes. */
export class Loop {
  readonly #stage: Stage;
  readonly #gpu: Gpu;
  readonly #lock: Lock;
  readonly #tell: (event: TrainEvent) => void;
  readonly #rate = new Rate();
  /** How many set-ups there were: training ends with the one that it began with. */
  #run = 0;
  #playing = false;
  #seconds = 0;
  /** The step whose losses the page has. */
  #toldStep = 0;
  #due = { losses: 0, look: 0 };
  #isWatched = true;
  /** Steps a second, where they are not to be as many as can be. */
  #pace: number | undefined;
  /** The step after which it pauses. */
  #until = Infinity;

  constructor(stage: Stage, gpu: Gpu, lock: Lock, tell: (event: TrainEvent) => void) {
    this.#stage = stage;
    this.#gpu = gpu;
    this.#lock = lock;
    this.#tell = tell;
  }

  get playing(): boolean {
    return this.#playing;
  }

  /** Trains on; for so many steps where they are given. */
  start(steps = Infinity): void {
    if (this.#playing) return;
    this.#until = this.#stage.step + steps;
    this.#playing = true;
    void this.#train();
  }

  stop(): void {
    this.#playing = false;
  }

  /** Looks at the models as they train, or leaves that out: no one sees it in a hidden page. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#due.look = 0;
  }

  /** Takes so many steps a second from now on; as many as can be where none are given. */
  pace(perSecond: number | undefined): void {
    this.#pace = perSecond;
  }

  /** Ends the run at hand: another one is on the stage, and stands still. */
  begin(): void {
    this.#run++;
    this.#playing = false;
    this.#seconds = this.#toldStep = 0;
  }

  /** The run at hand goes on from `step`, which is told already. */
  goBackTo(step: number): void {
    this.#toldStep = step;
  }

  announce(): void {
    this.#tell({ kind: "state", playing: this.#playing, step: this.#stage.step });
  }

  /** Trains until it is paused or set up anew; everything else gets its turn between two batches of steps. */
  async #train(): Promise<void> {
    const run = this.#run;
    const goesOn = () => this.#playing && this.#run === run;
    this.announce();
    try {
      while (goesOn()) {
        const due = performance.now() + (this.#pace === undefined ? 0 : 1000 / this.#pace);
        await this.#lock.run(async () => void (goesOn() && (await this.#advance())));
        while (goesOn() && this.#pace !== undefined && performance.now() < due) await pause(due);
      }
      if (this.#run !== run) return;
      await this.#lock.run(async () => {
        await this.#readLosses();
        await this.#look();
      });
    } catch (error) {
      if (await this.#gpu.isLost(error)) return; // recovering goes on training
      this.#playing = false;
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.#tell({ kind: "failure", name, message });
    }
    this.announce();
  }

  async #advance(): Promise<void> {
    const { lanes, settings } = this.#stage.need();
    const start = performance.now();
    const { steps = Infinity, logEvery } = settings;
    let taken = 0;
    const device = this.#gpu.require();
    const last = Math.min(steps, this.#until);
    const most = this.#pace === undefined ? (logEvery ?? stepsAhead) : 1;
    const until = Math.min(last, this.#stage.step + most);
    for await (const _ of take(inLockstep(device, lanes), { until })) taken++;
    const now = performance.now();
    this.#seconds += (now - start) / 1000;
    this.#rate.add(taken, now - start);
    if (this.#stage.step >= last) this.#playing = false;
    if (logEvery !== undefined || now >= this.#due.losses) await this.#readLosses();
    if (this.#isWatched && (now >= this.#due.look || this.#pace !== undefined)) await this.#look();
    await this.#stage.keepUp();
  }

  async #readLosses(): Promise<void> {
    if (this.#stage.step === this.#toldStep) return;
    const read = await inTurn(this.#stage.need().lanes, (lane) => lane.trainer.losses());
    const { step, epoch } = read[0]!;
    if (read.some((lane) => Object.keys(lane.losses).length === 0)) return; // just to be recorded anew
    const stepsPerSecond = this.#rate.perSecond;
    const losses = read.map((lane) => lane.losses);
    const stages = this.#stage.need().lanes.map(({ trainer }) => trainer.stageIndex);
    this.#toldStep = step;
    this.#tell({ kind: "losses", step, epoch, seconds: this.#seconds, stepsPerSecond, losses, stages });
    this.#due.losses = performance.now() + lossPause;
  }

  async #look(): Promise<void> {
    const start = performance.now();
    await this.#stage.look();
    const now = performance.now();
    this.#due.look = now + Math.max(lookPause, (now - start) / lookShare);
  }
}
