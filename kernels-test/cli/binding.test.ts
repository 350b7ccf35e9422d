import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type * as devices from "../../src/device/device.ts";
import { readCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { values } from "../check.ts";
import { lastingFolder } from "../data/files.ts";
import { run } from "./main.ts";

/** What every device of these tests binds at most; the adapter's own limit where there is none. */
const limit = vi.hoisted((): { binding: number | undefined } => ({ binding: undefined }));

vi.mock("../../src/device/device.ts", async (original) => {
  const real = await original<typeof devices>();
  const { onSharedGpu } = await import("../devices.ts"); // the file's own imports come after this
  const open = onSharedGpu(real);
  return { ...real, openDevice: (request = {}) => open({ ...request, ...limit }) };
});

/** Under the encoder's last weight (4096, 96) of 1.5 MiB, all parameters, and the activations of a batch of 48. */
const binding = 1.25 * 2 ** 20;

describe("a run on faces past what the adapter binds", () => {
  const folder = lastingFolder();
  const path = join(folder, "faces");
  const train = (out: string, steps: number) =>
    run(
      ...["train", "--data", "folder", "--path", path, "--size", "32", "--latent", "96", "--rank", "5"],
      ...["--batch", "48", "--steps", String(steps), "--clip", "10", "--out", join(folder, out)],
    );
  const checkpoint = (out: string) => readCheckpoint(join(folder, out))!;
  const bytes = (out: string) =>
    ["model", "optimizer"].map((part) =>
      readFileSync(join(folder, out, "checkpoint", `${part}.safetensors`)).toString("base64"),
    );
  /** The errors of a run as it ended, and as `evaluate` finds them now. */
  const errors = async (out: string) => {
    const text = readFileSync(join(folder, out, "metrics.json"), "utf8");
    const { testError, trainError } = JSON.parse(text) as Record<"testError" | "trainError", number>;
    const { stdout } = await run("evaluate", join(folder, out), "--json");
    const found = (JSON.parse(stdout) as { errors: Record<"test" | "train", number> }).errors;
    return [found.test / testError, found.train / trainError];
  };
  beforeAll(() => {
    mkdirSync(join(path, "img_align_celeba"), { recursive: true });
    const names = Array.from({ length: 56 }, (_, i) => `${String(i + 1).padStart(6, "0")}.png`);
    for (const [i, name] of names.entries()) {
      const [x = 0, y = 0, ...colour] = values(5, i + 1).map((value) => 0.5 + 0.4 * value);
      const image = new PNG({ width: 40, height: 48 });
      for (let at = 0; at < image.width * image.height; at++) {
        const [dx, dy] = [(at % 40) / 40 - x, Math.floor(at / 40) / 48 - y];
        const bump = Math.exp(-10 * (dx * dx + dy * dy));
        image.data.set([...colour.map((part) => 255 * part * bump), 255], 4 * at);
      }
      writeFileSync(join(path, "img_align_celeba", name), PNG.sync.write(image));
    }
    const list = names.map((name, i) => `${name} ${i < 48 ? 0 : 2}\n`).join("");
    writeFileSync(join(path, "list_eval_partition.txt"), list);
  });

  test("trains, goes on and ends with the same bits, and writes the files that others do", async () => {
    limit.binding = binding;
    const { code, stdout, stderr } = await train("narrow", 2);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^VRRAE on folder: test error [\d.]+ %; linear bound/);
    const { shape } = checkpoint("narrow").model.get("encoder.linear.weight")!;
    expect(shape).toEqual([4096, 96]);
    expect(4 * 4096 * 96).toBeGreaterThan(binding);

    expect((await train("resumed", 1)).code).toBe(0);
    expect((await train("resumed", 2)).code).toBe(0);
    expect(bytes("resumed")).toEqual(bytes("narrow"));
  }, 240_000);

  test("learns as it does without the limit, and either reads what the other wrote", async () => {
    limit.binding = undefined;
    expect((await train("wide", 2)).code).toBe(0);
    const [narrow, wide] = ["narrow", "wide"].map((out) => new RunFolder(join(folder, out)).history());
    expect(narrow!.length).toBe(2);
    narrow!.forEach(({ loss }, i) => expect(loss / wide![i]!.loss).toBeCloseTo(1, 4));
    expect(bytes("wide")).not.toEqual(bytes("narrow")); // its sums are not parted
    const names = (out: string) =>
      [...checkpoint(out).optimizer].map(([name, { shape }]) => `${name} ${shape.join()}`);
    expect(names("narrow")).toEqual(names("wide"));
    for (const ratio of await errors("narrow")) expect(ratio).toBeCloseTo(1, 5);
    limit.binding = binding;
    for (const ratio of await errors("wide")) expect(ratio).toBeCloseTo(1, 5);
  }, 240_000);
});
