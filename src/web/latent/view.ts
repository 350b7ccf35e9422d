import type { Remote } from "../shared/rpc.ts";
import type { DataFacts, Look, TrainApi, TrainEvent } from "../train/protocol.ts";

export class LatentView {
  constructor(_remote: Remote<TrainApi, TrainEvent>) {}
  show(_facts: DataFacts, _names: string[]): void {}
  update(_looks: readonly Look[]): void {}
}
