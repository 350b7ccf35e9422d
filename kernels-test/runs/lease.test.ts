import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { BusyError } from "../../src/device/errors.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { writeFileAtomic } from "../../src/runs/files.node.ts";
import { leaseOn, takeLease } from "../../src/runs/lease.node.ts";
import { ownIdentity } from "../../src/runs/machine.node.ts";
import { startScript } from "../cli/command.ts";
import { temporaryFolder } from "../data/files.ts";
import { oneWriterAtATime } from "./leaseLog.ts";
import { partsOf } from "./checkpoint-parts.ts";

const other = { ...ownIdentity(), host: "other", machine: "other" };

/** A new folder as two machines see it: by one path, or by two mounts of one file server, HESTENES_MOUNTS=/one,/other. */
function sharedFolder(): [string, string] {
  const mounts = process.env.HESTENES_MOUNTS?.split(",");
  if (!mounts) return Array(2).fill(`${temporaryFolder()}/run`) as [string, string];
  const name = `run-${process.pid}-${performance.now()}`;
  return mounts.map((mount) => `${mount}/${name}`) as [string, string];
}

/** Starts a process on a machine of that name that writes into `folder` until it is told to stop. */
function worker(folder: string, host: string, { silence = 1, skew = 0, log = "" } = {}) {
  const args = [
    folder,
    JSON.stringify({ ...ownIdentity(), host, machine: host }),
    String(silence),
    String(skew),
  ];
  return startScript("kernels-test/runs/lease-writer.ts", args, { HESTENES_LEASE_LOG: log });
}

test("a lease tells its holder, keeps others out, and leaves no trace", async () => {
  const parent = temporaryFolder();
  const folder = `${parent}/runs/one`;
  const lease = await takeLease(folder);
  expect(leaseOn(folder)).toEqual({ host: ownIdentity().host, pid: process.pid });
  const again = takeLease(folder);
  await expect(again).rejects.toThrow(BusyError);
  await expect(again).rejects.toThrow(`this process trains in ${folder} already`);
  lease.release();
  lease.release();
  expect(readdirSync(parent)).toEqual([]);
  const second = await takeLease(folder);
  writeFileSync(`${folder}/config.json`, "{}");
  second.release();
  expect(readdirSync(folder)).toEqual(["config.json"]);
});

test.each(["1234\n", ""])("the lock %j of an earlier version is no hindrance, and goes", async (content) => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/.lock`, content);
  (await takeLease(folder)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a lease that was left half made is taken over", async () => {
  const folder = temporaryFolder();
  mkdirSync(`${folder}/.lease`);
  (await takeLease(folder)).release();
  mkdirSync(`${folder}/.lease/7-somebody`, { recursive: true }); // its holder is not written yet, and never will be
  (await takeLease(folder, { silence: 0.3 })).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a checkpoint that was to be replaced when its writer was killed is there for the next, and for readers", async () => {
  const folder = temporaryFolder();
  const killed = await takeLease(folder, { identity: other, silence: 0.3 });
  writeCheckpoint(folder, partsOf(1));
  expect(readdirSync(folder).sort()).toEqual([".lease", "checkpoint"]);
  const { stage } = killed;
  killed.release();
  mkdirSync(stage, { recursive: true }); // as it is between the two renamings
  writeFileSync(`${stage}/holder.json`, JSON.stringify({ ...other, silence: 0.3 }));
  cpSync(`${folder}/checkpoint`, `${stage}/checkpoint.new`, { recursive: true });
  renameSync(`${folder}/checkpoint`, `${stage}/checkpoint.old`);
  expect(readCheckpoint(folder)?.state.step).toBe(1);
  const next = await takeLease(folder, { silence: 0.3 });
  expect(readCheckpoint(folder)?.state.step).toBe(1);
  next.release(); // without a write of its own
  expect(readdirSync(folder)).toEqual(["checkpoint"]);
  expect(readCheckpoint(folder)?.state.step).toBe(1);
});

test("what finds its lease lost, before it writes or amid a checkpoint, says who took it", async () => {
  const folder = temporaryFolder();
  const { stage } = await takeLease(folder);
  writeCheckpoint(folder, partsOf(1));
  const takeOver = () => {
    const [name] = readdirSync(`${folder}/.lease`);
    renameSync(`${folder}/.lease/${name}`, `${folder}/.lease/${Number.parseInt(name!) + 1}-other`);
    writeFileSync(
      `${folder}/.lease/${Number.parseInt(name!) + 1}-other/holder.json`,
      JSON.stringify({ ...other, silence: 60 }),
    );
  };
  const parts = partsOf(2);
  const state = Object.defineProperty({ ...parts.state }, "step", {
    enumerable: true,
    get: () => (existsSync(`${folder}/.lease`) && leaseOn(folder)?.host !== "other" && takeOver(), 2),
  });
  const message = new RegExp(`taken over by process ${process.pid} on other`);
  expect(() => writeCheckpoint(folder, { ...parts, state })).toThrow(message);
  expect(() => writeFileAtomic(`${folder}/metrics.json`, "{}")).toThrow(message);
  expect(readCheckpoint(folder)?.state.step).toBe(1);
  expect([existsSync(stage), existsSync(`${folder}/metrics.json`)]).toEqual([false, false]);
});

test(
  "of two machines, clocks apart, one waits while the other is alive, and takes over what was stopped; that one, continued, writes no more",
  async () => {
    const log = `${temporaryFolder()}/log`;
    const [own, folder] = sharedFolder();
    const first = worker(own, "tortoise", { log });
    await first.says("step ");
    const early = worker(folder, "eager", { log, skew: 600 });
    expect(await early.ended).toMatchObject({ code: 1 });
    expect((await early.ended).stderr).toMatch(/process \d+ on tortoise trains in .*; wait for it/);

    first.process.kill("SIGSTOP");
    const second = worker(folder, "hare", { log, skew: -600 });
    await second.says("step ");
    const before = readFileSync(`${folder}/history.jsonl`, "utf8");
    first.process.kill("SIGCONT");
    const { code, stderr } = await first.ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /taken over by process \d+ on hare, which had seen no sign of this process for 1 sec/,
      ),
    ]);
    await wait(200);
    second.process.kill("SIGTERM");
    expect((await second.ended).code).toBe(0);

    // the history is the second one's from its first line on, and the checkpoint too
    const lines = readFileSync(`${folder}/history.jsonl`, "utf8").trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as { step: number; host: string });
    expect(lines.slice(0, before.trim().split("\n").length)).toEqual(before.trim().split("\n"));
    expect(
      rows.slice(rows.findIndex(({ host }) => host === "hare")).every(({ host }) => host === "hare"),
    ).toBe(true);
    expect(readCheckpoint(folder)?.state.step).toBe(rows.at(-1)!.step);
    expect(existsSync(`${folder}/.lease`)).toBe(false);

    // and nobody wrote after another had taken over
    const inOrder = oneWriterAtATime(log);
    expect(
      inOrder.map(({ event, host }) => `${host} ${event}`).filter((line) => !line.endsWith("write")),
    ).toEqual(["tortoise taken", "hare taken", "tortoise lost", "hare released"]);
  },
  process.env.HESTENES_MOUNTS ? 600_000 : 60_000,
);
