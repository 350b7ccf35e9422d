import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { PNG } from "pngjs";
import { beforeAll, describe, expect, test } from "vitest";
import { crc32c, tfRecord } from "../../src/export/records.ts";
import { parseNpy } from "../../src/data/npy.ts";
import { readCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { outcome, samplesFile } from "../runs/runs.ts";
import { lastingFolder, temporaryFolder } from "../data/files.ts";
import { start } from "./command.ts";
import { run } from "./main.ts";

const vectors = (path: string, out: string, ...more: string[]) => [
  ...["train", "--data", "npy", "--path", path, "--out", out, "--steps", "12", "--batch", "8"],
  ...["--latent", "5", "--rank", "2", ...more],
];

/** The data of the records of a TFRecord file, whose checksums hold. */
function tfRecords(file: Buffer): { length: number; records: Buffer[] } {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const end = at + 16 + Number(file.readBigUInt64LE(at));
    expect(tfRecord(file.subarray(at + 12, end - 4))).toEqual(new Uint8Array(file.subarray(at, end)));
    records.push(file.subarray(at + 12, end - 4));
    at = end;
  }
  return { length: records.length, records };
}

describe("a run on vectors", () => {
  const folder = lastingFolder();
  const out = `${folder}/run`;
  let path: string;
  beforeAll(() => {
    path = samplesFile(folder);
  });

  test("train shows lines, writes a run folder and says where the report is", async () => {
    const { code, stdout, stderr } = await run(...vectors(path, out));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^VRRAE on npy: test error [\d.]+ %; linear bound \(rank-2 PCA.*\nReport: .*report\.html\n$/,
    );
    expect(stderr).toMatch(
      /^VRRAE on npy: 54 training and 6 test samples of shape 6, [\d,]+ parameters\nAdapter: /,
    );
    expect(stderr).toMatch(
      /^step 12\/12 {2}epoch 2 {2}loss \S+ \(error \S+, β·KL \S+\) {2}test error \S+ % {2}\S+ steps\/s$/m,
    );
    expect(stderr).not.toMatch(/\x1b|\r/);
    expect(readdirSync(out).sort()).toEqual(
      ["checkpoint", "config.json", "history.jsonl", "latent.svg", "loss.svg", "metrics.json"].concat(
        ...["report.html", "singular-values.svg"],
      ),
    );
    const page = readFileSync(`${out}/report.html`, "utf8");
    expect(page).toContain("These samples are no images.");
    expect(page).toMatch(/<h1>VRRAE on npy<\/h1>\s*<p class="verdict">Test error [\d.]+ %; linear bound/);
    expect(page).toContain("<code>npx hestenes");
    expect(page).not.toMatch(/>(sparsity|penalty|contraction|layers)</);
    expect(page).toMatch(/>gauge</);
  });

  test("a finished run says so, and its report is written anew", async () => {
    const before = outcome(new RunFolder(out));
    const { code, stderr } = await run("train", "--out", out);
    expect(code).toBe(0);
    expect(stderr).toMatch(/This run is finished: it has taken 12 steps.*raise --steps.*--out FOLDER/);
    expect(outcome(new RunFolder(out))).toEqual(before);
  });

  test("a run that was stopped before its first checkpoint says that it begins again", async () => {
    const early = `${folder}/early`;
    mkdirSync(early);
    cpSync(`${out}/config.json`, `${early}/config.json`);
    const { code, stderr } = await run("train", "--out", early);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^Beginning again: .*\n(?:.*\n)*step 12\/12 /m),
    ]);
    expect(outcome(new RunFolder(early))).toEqual(outcome(new RunFolder(out)));
  });

  test("what would change the weights of a run is refused; more steps are not", async () => {
    const { code, stderr } = await run(...vectors(path, out, "--rate", "0.5"));
    expect(code).toBe(2);
    expect(stderr).toMatch(/was started with rate 0\.001, not 0\.5; leave that out.*--out FOLDER/);
    expect((await run("train", "--out", out, "--preset", "paper")).stderr).toMatch(
      /was started with latent 5, not 200/,
    );
    const longer = await run(
      "train",
      "--out",
      out,
      "--steps",
      "16",
      "--quiet",
      "--json",
      "--log",
      "tensorboard",
      "csv",
    );
    expect({ code: longer.code, stderr: longer.stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(longer.stdout)).toMatchObject({ model: "vrrae", data: "npy", steps: 16 });
    const direct = `${folder}/direct`;
    await run(...vectors(path, direct, "--steps", "16"));
    const model = (run: string) => readFileSync(`${run}/checkpoint/model.safetensors`).toString("base64");
    expect(model(out)).toEqual(model(direct));
  });

  test("the history is kept as a table and as TensorBoard's events, from the first step on", async () => {
    const history = new RunFolder(out).history();
    expect(history).toHaveLength(16);
    const rows = readFileSync(`${out}/history.csv`, "utf8").trimEnd().split("\r\n");
    expect(rows[0]).toBe("step,epoch,seconds,stage,loss,error,betaKl,testError");
    expect(rows.slice(1).map((row) => Number(row.split(",")[4]))).toEqual(history.map(({ loss }) => loss));
    const { length, records } = tfRecords(readFileSync(`${out}/tensorboard/events.out.tfevents.hestenes`));
    expect([length, new TextDecoder().decode(records[0]!.subarray(-13))]).toEqual([17, "brain.Event:2"]);
    // the first field is the time, the second the step; the last five bytes are a number of 32 bits with its tag
    expect(records.slice(1).map((record) => record[10])).toEqual(history.map(({ step }) => step));
    const { testError } = history.at(-1)!;
    const last = records.at(-1)!;
    expect(new DataView(last.buffer, last.byteOffset).getFloat32(last.length - 4, true)).toBeCloseTo(
      testError!,
      4,
    );
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283); // the check value of CRC-32C

    const unknown = await run("train", "--out", out, "--log", "tensorbord");
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/did you mean tensorboard/)]);
  });

  test("evaluate, sample and interpolate", async () => {
    const evaluated = await run("evaluate", out);
    expect(evaluated.stdout).toMatch(
      /^train +[\d.]+ %\ntest +[\d.]+ %\nlinear bound on test, rank 2: [\d.]+ %\n$/,
    );
    const json = JSON.parse((await run("evaluate", out, "--json")).stdout) as { errors: object };
    expect(Object.keys(json.errors)).toEqual(["train", "test"]);
    for (const from of ["prior", "gaussian", "mixture-10", "vampprior"]) {
      const { code, stdout } = await run("sample", out, "--from", from, "--count", "70", "--json");
      expect(code).toBe(0);
      const { file, shape } = JSON.parse(stdout) as { file: string; shape: number[] };
      expect(shape).toEqual([70, 6]);
      expect(parseNpy(readFileSync(file), file).shape).toEqual(shape);
    }
    const { stdout } = await run("interpolate", out);
    const file = stdout.trim();
    expect(parseNpy(readFileSync(file), file).shape).toEqual([3, 7, 6]);
    const tooMany = await run("interpolate", out, "--pairs", "4");
    expect(tooMany.code).toBe(2);
    expect(tooMany.stderr).toMatch(/the 6 test samples make 3 pairs, not 4/);
    const [kept, again] = [`${folder}/mixture.safetensors`, `${folder}/again.npy`];
    const mixed = await run("sample", out, "--components", "3", "--save", kept);
    await run("sample", out, "--load", kept, "--out", again);
    expect(readFileSync(again)).toEqual(readFileSync(mixed.stdout.trim()));
    expect(await run("sample", out, "--from", "second-stage")).toMatchObject({
      code: 2,
      stderr: "hestenes: second-stage: this model has no second stage\n",
    });
    const mixture = await run("sample", out, "--components", "99");
    expect(mixture.code).toBe(2);
    expect(mixture.stderr).toMatch(/expected from 1 to 54 components for 54 points, got 99/);
    for (const [file, message] of [
      ["x.gif", /a \.png or \.npy file, not x\.gif/],
      ["x.png", /no images; give --out a \.npy file/],
    ] as const) {
      const { code, stderr } = await run("sample", out, "--out", file);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    }
  });

  test("export writes what other tools read, and import gives it back", async () => {
    const [card, weights, again] = [`${folder}/card`, `${folder}/weights`, `${folder}/again`];
    const exported = await run("export", out, "--to", "huggingface", "--out", card, "--json");
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(exported.stdout)).toEqual({
      out: card,
      files: ["encoder", "decoder", "sampler"]
        .map((part) => `onnx/${part}.onnx`)
        .concat("model.safetensors", "hestenes/model.safetensors", "config.json", "README.md"),
    });
    expect(JSON.parse(readFileSync(`${card}/config.json`, "utf8"))).toMatchObject({
      input: [6],
      code_size: 2,
    });
    expect(readFileSync(`${card}/README.md`, "utf8")).toMatch(
      /^---\nlibrary_name: hestenes\n[^]*name: test data\n +value: [\d.]+\n[^]*# VRRAE on [^]*codes of 2 numbers for samples of 6, trained for 16 steps/,
    );
    const text = readFileSync(`${card}/README.md`, "utf8");
    expect(text).toContain("New samples are drawn from the model's prior, N(0, I).");
    expect(text).toContain('sampler = onnxruntime.InferenceSession("onnx/sampler.onnx")');
    expect((await run("export", out, "--to", "safetensors", "--out", weights)).code).toBe(0);
    const imported = ["import", out, "--weights", `${weights}/model.safetensors`, "--out", again];
    expect((await run(...imported)).stdout).toMatch(/again: \d+ tensors of /);
    expect(await run("evaluate", again, "--json")).toEqual(await run("evaluate", out, "--json"));

    const names = `${folder}/names.json`;
    writeFileSync(names, '{ "a": 1 }');
    const refused: [code: number, words: RegExp, ...args: string[]][] = [
      [2, /nowhere holds no run/, "export", `${folder}/nowhere`, "--to", "onnx", "--out", `${folder}/x`],
      [2, /card is not empty; give another folder/, "export", out, "--to", "onnx", "--out", card],
      [2, /Did you mean onnx|did you mean onnx/, "export", out, "--to", "onx", "--out", `${folder}/x`],
      [
        2,
        /no critic; its networks are /,
        "export",
        out,
        "--to",
        "onnx",
        "--out",
        `${folder}/x`,
        "--network",
        "critic",
      ],
      [2, /takes no --from/, "export", out, "--to", "safetensors", "--from", "prior", "--out", `${folder}/x`],
      [2, /again is not empty/, ...imported],
      [
        2,
        /none\.safetensors cannot be read/,
        "import",
        out,
        "--weights",
        "none.safetensors",
        "--out",
        `${folder}/x`,
      ],
      [
        1,
        /names\.json: expected an object/,
        ...imported.slice(0, 4),
        "--names",
        names,
        "--out",
        `${folder}/x`,
      ],
    ];
    for (const [code, words, ...args] of refused) {
      const ended = await run(...args);
      expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(words)]);
    }
    expect(existsSync(`${folder}/x`)).toBe(false);
  });

  test("a model without a prior has a mixture", async () => {
    const plain = `${folder}/plain`;
    await run(...vectors(path, plain, "--model", "rrae"));
    expect(await run("sample", plain, "--from", "prior")).toMatchObject({
      code: 2,
      stderr: "hestenes: rrae has no prior; use --from gaussian or mixture\n",
    });
    expect((await run("sample", plain)).code).toBe(0);
  });
});

test("images of one channel, k = 1 and three test images: every picture is there", async () => {
  const folder = temporaryFolder();
  const path = samplesFile(folder, 27, [5, 4]);
  const out = `${folder}/run`;
  const { code } = await run(...vectors(path, out, "--steps", "2", "--rank", "1"));
  expect(code).toBe(0);
  const names = ["interpolation.png", "latent.svg", "loss.svg", "reconstructions.png", "samples.png"];
  for (const name of [...names, "singular-values.svg"]) expect(existsSync(`${out}/${name}`), name).toBe(true);
  expect(readFileSync(`${out}/report.html`, "utf8")).not.toMatch(/Not drawn|This run (kept|drew|made) no/);
  const { stdout } = await run("sample", out, "--from", "prior", "--count", "5");
  expect(PNG.sync.read(readFileSync(stdout.trim())).width).toBeGreaterThan(20);
});

test("a single test image has nothing to go to, and two channels no picture", async () => {
  const folder = temporaryFolder();
  const out = `${folder}/run`;
  const { code } = await run(...vectors(samplesFile(folder, 12, [3, 4, 2]), out, "--steps", "1"));
  expect(code).toBe(0);
  const page = readFileSync(`${out}/report.html`, "utf8");
  expect(page).toMatch(/A single test image has no other to go to\./);
  expect(page).toMatch(/Not drawn: .*images have 1 channel or 3, not 2/);
});

test("Ctrl-C writes a checkpoint and says how to go on", async () => {
  const folder = temporaryFolder();
  const out = `${folder}/run`;
  const running = start(vectors(samplesFile(folder), out, "--steps", "900", "--checkpoint-every", "900"));
  await running.says("steps/s");
  const second = await run("train", "--out", out);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`process ${running.process.pid} on ${hostname()} trains in ${out}; `);
  running.process.kill("SIGINT");
  const { code, stdout, stderr } = await running.ended;
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
  expect(stderr).toMatch(/Stopping after this step; press Ctrl-C again/);
  const [, found] = /Stopped at step (\d+) of 900\. To go on: npx hestenes train --out \S+run/.exec(stderr)!;
  expect(existsSync(`${out}/.lease`)).toBe(false);
  const step = Number(found);
  expect(step).toBeLessThan(900);
  expect(readCheckpoint(out)!.state).toMatchObject({ step });

  const resumed = await run("train", "--out", out, "--steps", String(step + 2));
  expect(resumed.stderr).toMatch(`Going on from step ${step} of ${step + 2}`);
  expect(resumed.code).toBe(0);
});

test("NaN ends the process with a message", async () => {
  const folder = temporaryFolder();
  const path = samplesFile(folder);
  const failed = await start(vectors(path, `${folder}/nan`, "--rate", "1e30", "--optimizer", "sgd")).ended;
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(/hestenes: .*First seen: step \d+: .*checkpoint of step \d+ is kept/);
});
