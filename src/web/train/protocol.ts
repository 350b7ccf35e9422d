import type { AdapterDescription } from "#gpu";
import type { PageModel } from "../../models/known.ts";
import type { Colormap } from "../../report/colours.ts";
import type { DataChoice } from "./datasets.ts";

/** The models that the page offers. */
export type ModelName = PageModel;

/**
 * What the visitor chose. Models train on the same batches, in the same order, but for those that take some batches of their
 * own in a step.
 */
export interface Settings {
  /** One model, or two side by side. */
  models: ModelName[];
  data: DataChoice;
  rank: number;
  /** Length of the codes of models that have no rank. */
  latent: number;
  beta: number;
  seed: number;
  /** Samples per step; the data's own default without it. */
  batch?: number | undefined;
  /** Pauses after so many steps. */
  steps?: number | undefined;
  /** Reads the losses every so many steps, instead of ten times a second. */
  logEvery?: number | undefined;
}

/** What the page needs to know of the data to draw them. */
export interface DataFacts {
  name: string;
  /** Training samples. */
  count: number;
  shape: readonly [H: number, W: number, C: number];
  /** What black and white stand for. */
  range: readonly [low: number, high: number];
  /** Colours of pictures of one channel. */
  colormap: Colormap;
  /** The samples that are reconstructed while a model learns, one after the other. */
  preview: Float32Array;
  /** Whether the models are tested on pictures of their own: those to train on may be too few to spare some. */
  isHeldOut: boolean;
  /** What tells the samples apart whose codes are shown, in their order, if anything does. */
  labels: Uint8Array | undefined;
  centres: Float32Array | undefined;
  /** What the labels are called, where they are no digits. */
  names: readonly string[] | undefined;
  /** Which of the visitor's files are not used, and why; a sentence each. */
  unused: readonly string[];
}

export interface SetUp {
  data: DataFacts;
  settings: Settings;
  /** The largest rank that the batch and the latent vector allow. */
  maxRank: number;
  parameters: number[];
  /** Whether a setting makes a difference to one of the models. */
  counts: Readonly<Record<Adjustable, boolean>>;
  /** The stages of training of each model, in order. */
  stages: string[][];
}

/** What the visitor may adjust, where a model has it. */
export type Adjustable = "rank" | "latent" | "beta";

/** The losses of all models after a step. */
export interface LossEvent {
  kind: "losses";
  step: number;
  epoch: number;
  /** Seconds of training so far. */
  seconds: number;
  stepsPerSecond: number;
  /** By model: the loss, and the parts that it is the sum of; of each phase where there are several. */
  losses: Record<string, number>[];
  /** By model: the stage that it is in, from 0 on. */
  stages: number[];
}

/** What becomes of the pictures of the preview on their way through a model. */
export interface Trace {
  /** Their codes, (N, codeSize). */
  codes: Float32Array;
  /** The deviations of the noise that training adds to these; 0 where it adds none, or bends what it draws. */
  deviations: Float32Array;
  /** Their long codes (N, L), of a model that cuts these to a rank. */
  long: Float32Array | undefined;
}

/** What one model makes of the data right now. */
export interface Look {
  /** Reconstructions of the preview. */
  pictures: Float32Array;
  /** Relative error in percent, on samples that it never saw where there are such. */
  error: number;
  /**
   * Of a model that cuts its latent vectors to a rank, the root mean square of these along each of their principal
   * directions, largest first: those of the rank are kept.
   */
  spectrum: Float32Array | undefined;
  /** The deviation of each number of a code over the samples. */
  spread: Float32Array;
  /** The deviations of the codes along the principal directions of their cloud, largest first. */
  directions: Float32Array;
  trace: Trace;
  /** Whether codes are coordinates in a basis that is found anew at each look. */
  isFoundAnew: boolean;
  /** Code coordinates that differ between samples. */
  active: number;
  codes: Float32Array;
  /** The codes of these that a second stage has, as many and as long, where there is one. */
  second: Float32Array | undefined;
  codeSize: number;
  /** How much is let through of each number of a code, from 0 to 1, where the model learns that. */
  mask: Float32Array | undefined;
  /** The stage that it is in, from 0 on. */
  stage: number;
}

/** Codes of samples, or those that the second stage has of them. */
export type CodeStage = 0 | 1;

/**
 * Where new codes come from: the model's prior, a mixture of normal distributions fitted to the codes of the data, or a
 * second stage, whose codes are of the first.
 */
export type CodeSource = "prior" | "mixture" | "second-stage";

/** Which new codes. */
export interface Draw {
  from: CodeSource;
  count: number;
  seed: number;
  /** Whose codes; the first's unless given. */
  stage?: CodeStage;
  /** Whether they are multiplied to vary as the codes of the data do. */
  isRenormalised?: boolean;
}

export interface LookEvent {
  kind: "look";
  step: number;
  looks: Look[];
}

export interface StateEvent {
  kind: "state";
  playing: boolean;
  step: number;
}

/** The device was lost; training goes on from `step` on a new one, or stopped because there is none. */
export interface LostEvent {
  kind: "lost";
  reason: string;
  step: number;
  recovered: boolean;
  /** Why there is no new one, as a sentence. */
  why?: string;
}

export interface FailureEvent {
  kind: "failure";
  /** Of the error. */
  name: string;
  message: string;
}

export type TrainEvent = LossEvent | LookEvent | StateEvent | LostEvent | FailureEvent;

/** What the training worker can be asked. */
export interface TrainApi {
  open(): Promise<AdapterDescription>;
  setUp(settings: Settings): Promise<SetUp>;
  /** Trains on; for so many steps where they are given. */
  play(steps?: number): Promise<void>;
  /** Takes so many steps a second from now on, and looks after each; as many as can be without a number. */
  pace(perSecond?: number): Promise<void>;
  pause(): Promise<void>;
  /** Whether someone looks at the page: while no one does, the models train without being looked at. */
  watch(isWatched: boolean): Promise<void>;
  setRank(rank: number): Promise<SetUp>;
  setBeta(beta: number): Promise<void>;
  /** Lets a model go on to its next stage of training. */
  nextStage(lane: number): Promise<void>;
  /** The model as the bytes of a `model.safetensors`. */
  save(lane: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Replaces the models by the one of a `model.safetensors`. */
  load(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<SetUp>;
  /** The pictures of codes (N, codeSize) of a stage, the first unless given. */
  decode(lane: number, codes: Float32Array, stage?: CodeStage): Promise<Float32Array>;
  /** The picture whose code is the dot of that number. */
  given(dot: number): Promise<Float32Array>;
  /** New codes (count, codeSize). */
  sample(lane: number, draw: Draw): Promise<Float32Array>;
  /** Opens a device again after one was lost and none could be opened. */
  reopen(): Promise<void>;
}
