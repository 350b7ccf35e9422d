import { serve, tell } from "../shared/rpc.ts";
import type { TrainApi, TrainEvent } from "./protocol.ts";
import { Studio } from "./studio.ts";

const studio = new Studio((event: TrainEvent) => tell(event));

serve<TrainApi>({
  open: () => studio.open(),
  setUp: (settings) => studio.setUp(settings),
  play: (steps) => studio.play(steps),
  pace: (perSecond) => studio.pace(perSecond),
  pause: () => studio.pause(),
  watch: (isWatched) => studio.watch(isWatched),
  setRank: (rank) => studio.setRank(rank),
  setBeta: (beta) => studio.setBeta(beta),
  nextStage: (lane) => studio.nextStage(lane),
  save: (lane) => studio.save(lane),
  load: (bytes, file) => studio.load(bytes, file),
  decode: (lane, codes, stage) => studio.decode(lane, codes, stage),
  given: (dot) => studio.given(dot),
  sample: (lane, draw) => studio.sample(lane, draw),
  reopen: () => studio.reopen(),
});
