import { ArgumentError, DeviceLostError, NumericalError } from "../device/errors.ts";
import { steps } from "../optim/steps.ts";
import type { Config } from "../train/config.ts";
import { findFirstBadStep, findFirstBadTensor } from "../train/diagnose.ts";
import { mainLoss } from "../train/losses.ts";
import { adviceFor } from "../train/magnitude.ts";
import type { HistoryLine, RunFolder } from "./run-folder.node.ts";
import { openSession, type Session, type SessionHooks } from "./session.node.ts";
import { loadTrainer } from "./snapshot.node.ts";

/**
 * Trains the run in `folder` to its end, from its last checkpoint on if it has one. A device that is
 * lost is replaced, up to three times. A NaN stops the run and leaves the last good checkpoint.
 */
export async function runSession(
  folder: RunFolder,
  config: Config,
  hooks: SessionHooks = {},
): Promise<Session> {
  for (let lost = 0; ; lost++) {
    try {
      return await runOnce(folder, config, hooks);
    } catch (error) {
      if (!(error instanceof DeviceLostError) || lost >= 3) throw error;
      hooks.onNotice?.(`${error.message}. Trying again on a new device.`);
    }
  }
}

async function runOnce(folder: RunFolder, config: Config, hooks: SessionHooks): Promise<Session> {
  const lease = hooks.lease ? undefined : await folder.lease(hooks.onNotice && { onWait: hooks.onNotice });
  const session = await openSession(folder, config, lease, hooks);
  try {
    const { step, totalSteps } = session.trainer;
    if (step > totalSteps)
      throw new ArgumentError(
        `the run in ${folder.path} has taken ${step} steps, more than ${totalSteps}; for a shorter one, give another folder`,
      );
    folder.create(config);
    folder.rewind(session.trainer.step);
    hooks.onStart?.(session);
    await trainOn(session, hooks);
    return session;
  } catch (error) {
    try {
      throw error instanceof NumericalError ? await explain(error, session) : error;
    } finally {
      session.close();
    }
  }
}

async function trainOn(session: Session, hooks: SessionHooks): Promise<void> {
  const { trainer, config, folder, data, timings } = session;
  const { logEvery, evaluateEvery, checkpointEvery, evaluateCount } = config;
  const held = data.test.take(evaluateCount);
  timings.train = folder.history().at(-1)?.seconds ?? 0;
  const isTime = (every: number) => trainer.step % every === 0 || trainer.step === trainer.totalSteps;
  if (trainer.step === 0) await session.save();
  const loop = steps(trainer, { signal: hooks.signal, until: hooks.until ?? Infinity });
  let compiled = performance.now();
  let stage = trainer.step === 0 ? -1 : trainer.stageIndex;
  const step = async () => {
    const { done } = await loop.next();
    if (!done) await session.taken();
    return !done;
  };
  while (await session.timed(session.stepsTaken === 0 ? "prepare" : "train", step)) {
    if (session.stepsTaken === 1) compiled = performance.now();
    const isFirst = stage !== trainer.stageIndex; // of its stage
    stage = trainer.stageIndex;
    if (isFirst || isTime(logEvery) || isTime(evaluateEvery)) {
      const { step, epoch, losses } = await session.timed("train", () => session.losses());
      const { loss = mainLoss(losses), ...parts } = losses;
      const line: HistoryLine = { step, epoch, loss, parts, seconds: timings.train };
      if (trainer.stages.length > 1) line.stage = trainer.stage.name;
      if (isTime(evaluateEvery))
        line.testError = await session.timed("evaluate", () => session.errorOn(held, 8 * config.batch));
      folder.log(line);
      const rate = (session.stepsTaken - 1) / ((performance.now() - compiled) / 1000);
      const stages = trainer.stages.map(({ name }) => name);
      const stepsPerSecond = rate > 0 ? rate : undefined;
      hooks.onProgress?.({ line, steps: trainer.totalSteps, stages, stepsPerSecond });
    }
    const { every } = hooks;
    if (every && (trainer.step === 1 || isTime(every.steps)))
      await session.timed("evaluate", () => every.call(session));
    await session.adapt();
    if (isTime(checkpointEvery)) {
      if (!trainer.search) await trainer.losses();
      await session.save();
    }
  }
  session.interrupted = !session.isDone;
  if (trainer.step >= trainer.totalSteps) return;
  if (session.isDone) await session.fitBasis(config.basisCount); // the rank is found; what is kept is of an earlier step
  await session.save();
}

/** Names the tensor in which a NaN first showed, by taking the steps since the last checkpoint again. */
async function explain(error: NumericalError, { folder, trainer, data }: Session): Promise<NumericalError> {
  const failed = trainer.step;
  await loadTrainer(folder.path, trainer);
  const from = trainer.step;
  const bad = await findFirstBadStep(trainer, failed + 1); // weights that blew up in a step show in the next one
  await loadTrainer(folder.path, trainer);
  for await (const _ of steps(trainer, { until: bad - 2 })); // a gradient's NaN shows in the loss one step later
  const found = await findFirstBadTensor(trainer, bad - trainer.step);
  return new NumericalError(
    `${error.message}.${found === undefined ? "" : ` First seen: ${found}.`} ` +
      `The checkpoint of step ${from} is kept. Train anew in another folder ${adviceFor(data.train)}`,
    { cause: error },
  );
}
