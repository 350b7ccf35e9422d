import { openUnits } from "../latent/spectrum.ts";
import { absoluteCorrelation, type AbsoluteCorrelation } from "../metrics/correlation.ts";
import { twoSampleTest, type TwoSampleTest } from "../metrics/twoSample.ts";
import { modelNamed } from "../models/known.ts";
import { samplerOf } from "../models/samplers.ts";
import { codesOf } from "../train/generate.ts";
import { maskOf } from "../train/mask.ts";
import type { Subject } from "./subject.ts";

/** Held-out samples whose codes are looked at. */
const lookedAt = 2000;
/** What a mask's value is to be under, or over one less it, to count as 0 or as 1. */
const DECIDED = 0.05;

/** Codes of held-out samples, (N, codeSize). */
export function heldOutCodes(subject: Subject): Promise<Float32Array> {
  const { model, data } = subject.session;
  return subject.once("held-out codes", () => codesOf(model, data.test, Math.min(lookedAt, data.test.count)));
}

const mask = (subject: Subject) => subject.once("mask", () => maskOf(subject.session.model));

/** The numbers of codes that the mask lets through; undefined for models that learn none. */
export async function openDimensions(subject: Subject): Promise<number | undefined> {
  const values = await mask(subject);
  return values && openUnits(values);
}

/** How many values of the mask are neither 0 nor 1. */
export async function undecided(subject: Subject): Promise<number | undefined> {
  const values = await mask(subject);
  return values?.filter((value) => value > DECIDED && value < 1 - DECIDED).length;
}

/** The absolute correlation of held-out codes, of the dimensions that a mask lets through. */
export function correlation(subject: Subject): Promise<AbsoluteCorrelation> {
  return subject.once("correlation", async () => {
    const values = await mask(subject);
    const all = Array.from({ length: subject.codeSize }, (_, i) => i);
    const open = values ? all.filter((i) => openUnits(values.subarray(i, i + 1)) === 1) : all;
    return absoluteCorrelation(await heldOutCodes(subject), subject.codeSize, open);
  });
}

/** Whether held-out codes and draws of the model's prior may be of one distribution; undefined without a prior. */
export async function priorTest(subject: Subject): Promise<TwoSampleTest | undefined> {
  const { model, config } = subject.session;
  if (!modelNamed(config.model).prior) return undefined;
  return subject.once("prior test", async () => {
    const codes = await heldOutCodes(subject);
    const draws = await samplerOf(model, "prior").sample(codes.length / model.codeSize, config.seed);
    return twoSampleTest(codes, draws, model.codeSize);
  });
}
