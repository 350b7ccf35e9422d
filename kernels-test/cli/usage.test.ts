import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { honest, serve, status } from "../data/server.ts";
import { newConfig } from "../../src/cli/settings.ts";
import { plain, png, temporaryFolder } from "../data/files.ts";
import { samplesFile } from "../runs/runs.ts";
import { start } from "./command.ts";
import { run } from "./main.ts";

const commands = [
  "train",
  "evaluate",
  "sample",
  "interpolate",
  "reproduce",
  "data",
  "data download",
  "data info",
  "data cache",
  "svd",
  "devices",
];

test.each(["", ...commands])("hestenes %s --help", async (name) => {
  const words = name.split(" ").filter((word) => word !== "");
  const { code, stdout, stderr } = await run(...words, "--help");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(new RegExp(`^Usage: hestenes ${name}`));
  if (name !== "") return;
  for (const command of commands) expect(stdout).toContain(command.split(" ")[0]);
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
});

test("the version is that of the package", async () => {
  const { code, stdout } = await run("--version");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** Wrong usage, and what standard error has to say about it. */
const wrong: [args: string[], message: RegExp][] = [
  [[], /Usage: hestenes/],
  [["nope"], /unknown command 'nope'/],
  [["train", "--bogus"], /unknown option '--bogus'.*--help/s],
  [["train", "--modle", "ae"], /unknown option '--modle'\n.*Did you mean --model/],
  [["train", "extra"], /too many arguments/],
  [
    ["train", "--network", "rae", "--network-units", "3"],
    /networkUnits is for the networks of infogan, resnet, .*not for rae/,
  ],
  [["train", "--network-width", "3"], /networkWidth is for .*, not for house/],
  [["train", "--model", "gan"], /'gan' is invalid.*ae, contractive, .*vae-identity, vrrae/],
  [["train", "--model", "VRRAE"], /'VRRAE' is invalid.*did you mean vrrae\?/],
  [["reproduce", "Table1"], /no experiment "Table1" \(did you mean table1\?\)/],
  [["train", "--preset", "huge"], /'huge' is invalid.*quick, paper/],
  [["train", "--steps", "many"], /--steps takes a number, not "many"/],
  [["train", "--log-every", ""], /--log-every takes a number/],
  [["train", "--steps", "1.5"], /--steps is 1\.5: .*int/],
  [["train", "--rank", "0"], /--rank is 0: .*>0/],
  [["train", "--rank", "9", "--latent", "4"], /rank 9 is more than.*length 4.*lower rank/],
  [["train", "--seed", "-1"], /--seed is -1: .*>=0/],
  [["train", "--latent", "1e7"], /--latent is 10000000: .*<=65536/],
  [["train", "--batch", "1e9"], /--batch is .*<=65536/],
  [["train", "--rank", "1e9"], /--rank is .*<=65536/],
  [["train", "--size", "100000"], /--size is 100000: .*<=4096/],
  [["train", "--size", "1"], /size: bumps have sides of 2 pixels or more, not 1/],
  [["train", "--size", "4096", "--out", "none"], /bumps: a test set of 1000 images.*lower size/],
  [["train", "--size", "8", "--batch", "200", "--out", "none"], /batch: 200 samples asked for.*at most 100/],
  [["train", "--size", "8", "--limit", "1", "--out", "none"], /batch: 32 samples asked for.*at most 1$/m],
  [
    ["train", "--out", "/dev/null/x"],
    /the folder \/dev\/null\/x cannot be made \(a part of its path is a file.*give another/,
  ],
  [["data", "info", "bumps", "--size", "1e9"], /--size is .*<=4096/],
  [["data", "info", "bumps", "--size", "1"], /size: bumps have sides of 2 pixels or more, not 1/],
  [["sample", "x", "--count", "1e9"], /--count takes a whole number from 1 to 100000/],
  [["interpolate", "x", "--steps", "1e9"], /--steps takes a whole number from 0 to 1000/],
  [["train", "--data", "mnist"], /mnist needs --path.*hestenes data download mnist/],
  [["train", "--data", "npy"], /npy needs --path, where its files are$/m],
  [["data", "info", "folder"], /folder needs --path/],
  [["data", "info", "bumps", "--layout", "NCHW"], /layout is for npy, not for bumps/],
  [["train", "--data", "mnist", "--path", "x", "--divide-by", "9"], /--divide-by is for npy, not for mnist/],
  [["train", "--data", "mnist", "--path", "x", "--size", "9"], /size is for bumps, folder, not for mnist/],
  [
    ["train", "--model", "ae", "--published"],
    /--published is for irmae, lorae, sparse, not for ae; leave it out/,
  ],
  [["train", "--model", "ae", "--latent", "8"], /--latent is for all but ae, vae, vae-identity, not for ae/],
  [["train", "--model", "vae", "--gauge", "exact"], /--gauge is for rrae-vae, vrrae, not for vae/],
  [["train", "--model", "ae", "--basis", "pca"], /--basis is for rrae, rrae-vae, vrrae, not for ae/],
  [["train", "--layers", "3"], /--layers is for irmae, not for vrrae/],
  [["train", "--path", "x"], /bumps are computed, not read from files; leave out --path/],
  [["data", "info", "bumps", "--path", "x"], /bumps are computed, .*leave out --path/],
  [["reproduce", "vrrae/table1", "--path", "x"], /bumps are computed, .*leave out --path/],
  [["reproduce", "time", "--seeds", "3"], /--seeds is not for time; leave it out/],
  [
    ["reproduce", "table1"],
    /several papers have a table1: vrrae\/table1, .*variance-loss\/table1.*; which one/,
  ],
  [["train", "--config", "/no/such.json"], /--config \/no\/such\.json: nothing of that name is there/],
  [["evaluate", "/no/run"], /\/no\/run holds no run: .*train one with: hestenes train --out \/no\/run/],
  [["evaluate"], /missing required argument 'run'/],
  [["sample", "x", "--from", "thin air"], /'thin air' is invalid.*prior, gaussian, mixture/],
  [
    ["sample", "x", "--components", "3", "--from", "prior"],
    /--components is for --from mixture, not for prior/,
  ],
  [["sample", "x", "--no-gamma-noise"], /--no-gamma-noise is for --from second-stage, not for mixture/],
  [["sample", "x", "--renormalise-per", "scalar"], /--renormalise-per is for --renormalise law or one/],
  [["sample", "x", "--renormalise", "one", "--load", "y"], /not for one of --load, which keeps its own/],
  [["sample", "x", "--inputs", "3"], /--inputs is for --from vampprior, not for mixture/],
  [["sample", "x", "--count", "0"], /--count takes a whole number from 1 to 100000, not "0"/],
  [["interpolate", "x", "--steps", "-1"], /--steps takes a whole number from 0 to 1000, not "-1"/],
  [["data"], /Usage: hestenes data/],
  [["data", "download"], /missing required argument 'name'/],
  [["data", "download", "imagenet"], /'imagenet' is invalid.*cifar10, fashion-mnist, mnist/],
  [["data", "download", "mnist", "--bogus"], /unknown option '--bogus'/],
  [["data", "info", "bumps", "--size", "x"], /--size takes a number, not "x"/],
  [["devices", "--bogus"], /unknown option '--bogus'/],
];

test.each(wrong)("hestenes %j is wrong usage", async (given, message) => {
  const folder = temporaryFolder();
  const args = given.map((word) => (word === "none" ? `${folder}/none` : word));
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder that the system refuses to make is an error at once", async () => {
  for (const args of [
    ["train", "--out"],
    ["data", "download", "mnist", "--into"],
  ]) {
    const { code, stderr } = await run(...args, "/proc/x/y");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /the folder \/proc\/x\/y cannot be made \(nothing of that name is there\); give another/,
    );
  }
});

test("a reader that goes away ends a command quietly", async () => {
  const running = start(["devices", "--limits"]);
  running.process.stdout!.destroy();
  const { code, stderr } = await running.ended;
  expect(stderr).not.toMatch(/EPIPE|Error/);
  expect(code).toBe(0);
});

test("a folder in place of a file is named", async () => {
  const folder = temporaryFolder();
  mkdirSync(`${folder}/run/config.json`, { recursive: true });
  const damaged = await run("evaluate", `${folder}/run`);
  expect(damaged).toMatchObject({ code: 1, stdout: "" });
  expect(damaged.stderr).toMatch(/run\/config\.json: this is a folder; a file is needed/);
  const config = await run("train", "--config", folder);
  expect(config.code).toBe(2);
  expect(config.stderr).toContain(`--config ${folder}: `);
});

describe("a configuration file", () => {
  test.each([
    ["{", /--config .*JSON/],
    ["[1]", /a JSON object with settings is needed/],
    [
      '{"steps": 10, "stpes": 20}',
      /settings\.json: unknown key stpes \(did you mean steps\?\); there are model, data, path/,
    ],
    ['{"rate": "fast"}', /settings\.json: rate is "fast": .*expected number/],
    [
      '{"schedule": {"kind": "exponential", "decay": 2, "every": 5}}',
      /schedule: decay is to be above 0 and at most 1, not 2/,
    ],
    ['{"schedule": {"kind": "cosine"}}', /schedule\.steps: .*expected number/],
    ['{"schedule": {"kind": "cosine", "steps": 5, "flor": 0}}', /schedule: unknown key flor/],
  ])("%s is refused", async (text, message) => {
    const file = `${temporaryFolder()}/settings.json`;
    writeFileSync(file, text);
    const { code, stderr } = await run("train", "--config", file);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

test("a file may have settings that the model makes no use of", () => {
  const file = `${temporaryFolder()}/settings.json`;
  writeFileSync(file, '{"latent": 8, "published": true, "path": "x"}');
  const config = newConfig({ file, preset: "paper", flags: { model: "ae", rank: 3 } });
  expect(config).toMatchObject({ model: "ae", latent: 8, rank: 3, published: true });
});

test("what is missing or damaged is a failure that names it", async () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/short.npy`, Buffer.from("\x93NUMPY\x01\x00", "latin1"));
  mkdirSync(`${folder}/run`);
  writeFileSync(`${folder}/run/config.json`, "{");
  const failures: [args: string[], message: RegExp][] = [
    [
      [
        "reproduce",
        "vrrae/table2",
        "--path",
        folder,
        "--inception",
        `${folder}/short.npy`,
        "--out",
        `${folder}/new`,
      ],
      /short\.npy, byte 0: /,
    ],
    [["evaluate", `${folder}/run`], /config\.json: not JSON/],
    [["data", "info", "npy", "--path", `${folder}/none.npy`], /none\.npy: the file cannot be opened/],
    [["data", "info", "npy", "--path", `${folder}/short.npy`], /short\.npy, byte \d+/],
    [
      ["train", "--data", "npy", "--path", `${folder}/none.npy`, "--out", `${folder}/new`],
      /none\.npy.*cannot be opened/,
    ],
    [
      ["train", "--adapter", "abacus", "--out", `${folder}/new`],
      /No adapter's name contains "abacus"\. There is: /,
    ],
  ];
  for (const [args, message] of failures) {
    const { code, stdout, stderr } = await run(...args);
    expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: "" });
    expect(stderr).toMatch(message);
  }
  expect(existsSync(`${folder}/new`)).toBe(false);
  const { code, stderr } = await run("train", "--out", folder);
  expect(code).toBe(2);
  expect(stderr).toMatch(/is not empty and holds no run; give another folder/);
});

test("devices are listed, one of them chosen", async () => {
  const { code, stdout, stderr } = await run("devices");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.match(/^\* .+\(chosen\)$/gm)).toHaveLength(1);
  const list = JSON.parse((await run("devices", "--json")).stdout) as { chosen: boolean; limits: object }[];
  expect(list.filter(({ chosen }) => chosen)).toHaveLength(1);
  expect(Object.keys(list[0]!.limits).length).toBeGreaterThan(10);
  expect((await run("devices", "--limits")).stdout).toContain("maxBufferSize");
});

test("data info tells what a data set holds", async () => {
  const path = samplesFile(temporaryFolder(), 20, [4, 3]);
  const { code, stdout } = await run("data", "info", "npy", "--path", path);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^train: 18 samples of shape 4×3×1, from .* to .*, mean .*\ntest: 2 samples/);
  const [train] = JSON.parse((await run("data", "info", "npy", "--path", path, "--json")).stdout) as object[];
  expect(train).toMatchObject({ part: "train", count: 18, shape: [4, 3, 1], labels: false });
});

test("what is left out of the data is told on standard error, and counted in JSON", async () => {
  const path = temporaryFolder();
  const grey = png(4, 4, plain(4, 4, [9, 9, 9]));
  for (const name of ["a.png", "b.png", "._a.png"]) writeFileSync(`${path}/${name}`, grey);
  writeFileSync(`${path}/c.png`, "no picture");
  const { stdout, stderr } = await run("data", "info", "folder", "--path", path);
  expect(stdout).toMatch(/^train: 1 samples of shape 4×4×1/);
  expect(stderr).toMatch(/^Left out: 1 hidden .*\nLeft out: 1 file that cannot be read \(.*c\.png: /);
  const [train] = JSON.parse(
    (await run("data", "info", "folder", "--path", path, "--json")).stdout,
  ) as object[];
  expect(train).toMatchObject({ leftOut: [{ count: 1, first: "._a.png" }, { count: 1 }] });
});

test("decoded pictures are kept where HESTENES_CACHE says, listed, and removed", async () => {
  const [path, cache] = [temporaryFolder(), temporaryFolder()];
  for (const name of ["a.png", "b.png"]) writeFileSync(`${path}/${name}`, png(4, 4, plain(4, 4, [9, 9, 9])));
  vi.stubEnv("HESTENES_CACHE", cache);
  onTestFinished(() => void vi.unstubAllEnvs());
  const empty = await run("data", "cache");
  expect(empty.stdout).toMatch(/^No decoded pictures are kept in .*pictures\.$/m);
  const first = await run("data", "info", "folder", "--path", path, "--size", "8");
  const second = await run("data", "info", "folder", "--path", path, "--size", "8");
  expect([second.code, second.stdout]).toEqual([0, first.stdout]);
  expect((await run("data", "cache")).stdout).toMatch(
    /hestenes-test-\w+ +8×8 +2 +0\.3 kB\n.* in .*--empty$/m,
  );
  const { kept } = JSON.parse((await run("data", "cache", "--json")).stdout) as { kept: object[] };
  expect(kept).toMatchObject([{ height: 8, width: 8, pictures: 2 }]);
  expect((await run("data", "cache", "--empty")).stdout).toMatch(/^Removed 0\.3 kB/);
  expect((await run("data", "cache")).stdout).toBe(empty.stdout);
  vi.stubEnv("HESTENES_CACHE", "off");
  expect((await run("data", "cache")).code).toBe(2);
});

test("values are divided by, and channels put last, as asked for", async () => {
  const path = samplesFile(temporaryFolder(), 20, [3, 6, 5]);
  const info = (...flags: string[]) => run("data", "info", "npy", "--path", path, "--json", ...flags);
  expect((await info()).stderr).toMatch(/looks like \[N, C, H, W\], channels first; .*--layout NCHW/);
  const sets = async (...flags: string[]) =>
    JSON.parse((await info(...flags)).stdout) as { shape: number[]; max: number }[];
  const [[whole], [divided]] = [
    await sets("--layout", "NCHW"),
    await sets("--layout", "NCHW", "--divide-by", "4"),
  ];
  expect(whole!.shape).toEqual([6, 5, 3]);
  expect(divided!.max).toBeCloseTo(whole!.max / 4, 5);
});

test("the mean of standardised data is shown as zero", async () => {
  const { stdout } = await run("data", "info", "bumps", "--size", "8");
  expect(stdout).toMatch(/^train: .*, mean 0\.000, standard deviation 1\.000$/m);
});

test("a download that no address can serve says what each did", async () => {
  const into = `${temporaryFolder()}/mnist`;
  const { url, requests } = await serve(new Uint8Array(), status(404));
  const { code, stdout, stderr } = await run("data", "download", "mnist", "--into", into, "--from", url);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/train-images-idx3-ubyte\.gz could not be downloaded\.\n.*404/);
  expect(requests[0]!.path).toBe("/train-images-idx3-ubyte.gz");
});

test("a download of other contents is refused by its size or checksum", async () => {
  const { url } = await serve(new Uint8Array(1000), honest);
  const { code, stderr } = await run("data", "download", "mnist", "--into", temporaryFolder(), "--from", url);
  expect(code).toBe(1);
  expect(stderr).toMatch(/could not be downloaded/);
});
