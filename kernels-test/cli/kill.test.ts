import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { readCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import type { TrainerState } from "../../src/train/trainer.ts";
import { lastingFolder, temporaryFolder } from "../data/files.ts";
import { outcome, samplesFile } from "../runs/runs.ts";
import { values } from "../check.ts";
import { compiled, startScript } from "./command.ts";

let script: string;
const scriptFolder = lastingFolder();
beforeAll(async () => {
  script = await compiled("src/cli/start.ts", scriptFolder);
});
const start = (args: readonly string[]) => startScript(script, args);

const kills = 20;
const steps = 300;

const flags = (path: string, out: string) => [
  ...["train", "--data", "npy", "--path", path, "--out", out, "--steps", String(steps), "--batch", "8"],
  ...["--latent", "5", "--rank", "2", "--log-every", "2", "--evaluate-every", "7", "--checkpoint-every", "3"],
];

/** A number in [0, 1), another for each `i`. */
const random = (i: number) => (values(i + 1, 77).at(-1)! + 1) / 2;

test(
  `killed ${kills} times at random moments, a run ends with the bits of one that was not killed`,
  { timeout: 600_000 },
  async () => {
    const folder = temporaryFolder();
    const path = samplesFile(folder);
    const whole = new RunFolder(`${folder}/whole`);
    expect((await start(flags(path, whole.path)).ended).code).toBe(0);

    let killed = 0;
    const reached: number[] = [];
    for (let chain = 0; killed < kills; chain++) {
      const broken = new RunFolder(`${folder}/broken${chain}`);
      for (;;) {
        const isLast = killed === kills;
        const running = start(flags(path, broken.path));
        // One in four is killed while it starts, the others while they train.
        if (!isLast && killed % 4 === 0) await wait(1000 * random(killed));
        else if (!isLast) {
          await Promise.race([running.says("steps/s"), running.ended]).catch(() => undefined);
          await wait(500 * random(killed));
        }
        if (!isLast) running.process.kill("SIGKILL");
        const { code, stderr } = await running.ended;
        if (code === 0) break;
        expect(code, stderr).toBe("SIGKILL");
        killed++;
        reached.push(Number(readCheckpoint(broken.path)?.state.step ?? 0));
      }
      expect(outcome(broken)).toEqual(outcome(whole));
    }
    expect(reached.filter((step) => step > 0 && step < steps).length).toBeGreaterThan(kills / 2);
  },
);

test(
  "a two-stage run with batch normalisation, killed in its first stage and in its second, ends with the same bits",
  { timeout: 300_000 },
  async () => {
    const folder = temporaryFolder();
    const path = samplesFile(folder, 60, [4, 4, 1]);
    const twoStage = (out: string) => [
      ...["train", "--model", "two-stage", "--data", "npy", "--path", path, "--out", out, "--steps", "60"],
      ...[
        "--second-steps",
        "90",
        "--second-width",
        "8",
        "--batch",
        "8",
        "--latent",
        "3",
        "--checkpoint-every",
        "3",
      ],
      ...["--network", "resnet", "--network-width", "2", "--network-units", "4", "--log-every", "2"],
    ];
    const [whole, broken] = ["whole", "broken"].map((name) => new RunFolder(`${folder}/${name}`)) as [
      RunFolder,
      RunFolder,
    ];
    const { code, stderr } = await start(twoStage(whole.path)).ended;
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Now stage 2 of 2, second\.$/m)]);
    expect(stderr).toMatch(/^150 steps in 2 stages: 60 of first, 90 of second\.$/m);
    const report = readFileSync(whole.file("report.html"), "utf8");
    for (const words of [
      "Codes that the second stage draws",
      "the same codes ×",
      "second stage: E μ² + E σ²",
    ])
      expect(report).toContain(words);
    const stages: number[] = [];
    for (const moment of ["step 24/150", "step 102/150"]) {
      const running = start(twoStage(broken.path));
      await running.says(moment);
      running.process.kill("SIGKILL");
      expect((await running.ended).code).toBe("SIGKILL");
      const { stage } = readCheckpoint(broken.path)!.state as Pick<TrainerState, "stage">;
      stages.push(stage?.index ?? 0);
      if (stages.length > 1) continue;
      const drawn = await start(["sample", broken.path, "--from", "second-stage", "--count", "4"]).ended;
      expect(drawn.stderr).toMatch(/^The second stage is not trained yet, /m);
    }
    expect(stages).toEqual([0, 1]);
    const last = await start(twoStage(broken.path)).ended;
    expect([last.code, last.stderr]).toEqual([
      0,
      expect.stringMatching(/^Going on from step \d+ of 150, in stage 2 of 2, second\.$/m),
    ]);
    expect(outcome(broken)).toEqual(outcome(whole));
  },
);
