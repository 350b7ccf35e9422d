import { ArgumentError } from "../../device/errors.ts";
import type { EncodableTensor } from "../../data/safetensors.ts";
import type { RunState } from "../../train/state.ts";
import type { Lane } from "./lane.ts";
import { inTurn } from "./lanes.ts";
import type { TrainEvent } from "./protocol.ts";
import type { Scene } from "./scene.ts";

/** Milliseconds between snapshots. */
const snapshotPause = 10_000;

/** The run at hand, and its models as they were at some step: what another device can go on from. */
export class Stage {
  readonly #tell: (event: TrainEvent) => void;
  #scene: Scene | undefined;
  /** Taken together with the scene, so that they fit it. */
  #snapshot: RunState<EncodableTensor>[] = [];
  #due = 0;

  constructor(tell: (event: TrainEvent) => void) {
    this.#tell = tell;
  }

  get scene(): Scene | undefined {
    return this.#scene;
  }

  get snapshot(): readonly RunState<EncodableTensor>[] {
    return this.#snapshot;
  }

  get step(): number {
    return this.#scene?.lanes[0]?.trainer.step ?? 0;
  }

  /** @throws ArgumentError where nothing is set up yet. */
  need(): Scene {
    if (!this.#scene) throw new ArgumentError("nothing is set up yet: choose data and models first");
    return this.#scene;
  }

  /** @throws ArgumentError where there are not so many models. */
  lane(index: number): Lane {
    const lane = this.need().lanes[index];
    if (!lane) throw new ArgumentError(`there is no model ${index + 1}`);
    return lane;
  }

  /** Puts `scene` in the place of the one at hand once it is kept and looked at; until then that one stays. */
  async enter(scene: Scene, onEntered?: () => void): Promise<void> {
    try {
      const snapshot = await snapshotOf(scene);
      const looks = await looksAt(scene);
      const before = this.#scene?.lanes ?? [];
      this.#scene = scene;
      this.#keep(snapshot);
      for (const lane of before) lane.dispose();
      onEntered?.();
      this.#tell({ kind: "look", step: this.step, looks });
    } catch (error) {
      for (const lane of scene.lanes) lane.dispose();
      throw error;
    }
  }

  /** Tells what the models make of the data now. */
  async look(): Promise<void> {
    const looks = await looksAt(this.need());
    this.#tell({ kind: "look", step: this.step, looks });
  }

  /** Takes a snapshot of the models, unless the last one is recent. */
  async keepUp(): Promise<void> {
    if (performance.now() >= this.#due) this.#keep(await snapshotOf(this.need()));
  }

  #keep(snapshot: RunState<EncodableTensor>[]): void {
    this.#snapshot = snapshot;
    this.#due = performance.now() + snapshotPause;
  }
}

const snapshotOf = ({ lanes }: Scene) => inTurn(lanes, (lane) => lane.snapshot());

const looksAt = ({ lanes, views: { preview, test, shown } }: Scene) =>
  inTurn(lanes, (lane) => lane.look(preview, test, shown));
