import { existsSync } from "node:fs";
import { z } from "zod";
import { appendLine, readJsonLines, writeFileAtomic } from "../runs/files.node.ts";
import type { RunFolder } from "../runs/run-folder.node.ts";
import type { Session, SessionHooks } from "../runs/session.node.ts";
import { maskOf } from "../train/mask.ts";
import type { Experiment, Row } from "./experiment.ts";
import type { Metric } from "./metrics.ts";
import { measured } from "./score.ts";
import { Subject } from "./subject.ts";

const lineSchema = z.object({
  step: z.int(),
  metrics: z.record(z.string(), z.number()),
  mask: z.array(z.number()).exactOptional(),
});

/** What was measured of a run after some of its steps. */
export interface Moment {
  step: number;
  metrics: Partial<Record<Metric, number>>;
  /** What the model's mask was, where it learns one. */
  mask?: number[];
}

const fileOf = (folder: RunFolder) => folder.file("through.jsonl");

/** What was measured while a run was trained, in the order of its steps. */
export function momentsOf(folder: RunFolder): Moment[] {
  return readJsonLines(fileOf(folder), lineSchema);
}

/** Hooks of a run that measure it every so many steps; what was measured after its last checkpoint is measured again. */
export function measuring({ through }: Experiment, row: Row, hooks: SessionHooks): SessionHooks {
  if (!through) return hooks;
  return {
    ...hooks,
    onStart: (session) => {
      const { folder, trainer } = session;
      const kept = momentsOf(folder).filter(({ step }) => step <= trainer.step);
      if (existsSync(fileOf(folder)))
        writeFileAtomic(fileOf(folder), kept.map((line) => JSON.stringify(line) + "\n").join(""));
      hooks.onStart?.(session);
    },
    every: {
      steps: through.every,
      call: async (session: Session) => {
        await session.fitBasis(8 * session.config.batch);
        const metrics = await measured(new Subject(session, row), through.metrics);
        const mask = await maskOf(session.model);
        const rounded = mask && Array.from(mask, (value) => Math.round(1e4 * value) / 1e4);
        appendLine(fileOf(session.folder), {
          ...{ step: session.trainer.step, metrics },
          ...(rounded && { mask: rounded }),
        });
      },
    },
  };
}
