import { expect, test, vi } from "vitest";
import { encodeSafetensors, parseSafetensors, type EncodableTensor } from "../../src/data/safetensors.ts";
import type { ModelName } from "../../src/web/train/protocol.ts";
import { code, Session, settings, testTimeout } from "./session.ts";

vi.setConfig({ testTimeout });

test("a file that is no model leaves the run at hand as it is, and training", async () => {
  const session = await Session.of("vrrae", "vae");
  const { studio } = session;
  const { tensors } = parseSafetensors(await studio.save(0), "saved");
  const odd = new Map(tensors).set("basis", { dtype: "F32", shape: [2, 1], data: new Float32Array(2) });
  const load = (tensors: ReadonlyMap<string, EncodableTensor>) =>
    studio.load(encodeSafetensors(tensors), "bad.safetensors");
  tensors.delete("encoder.conv1.bias"); // all that says the model's kind and sizes is there
  const before = await studio.decode(1, code);
  const looks = session.events.length;
  await expect(load(tensors)).rejects.toThrow(/^bad\.safetensors is not a model.*\(.*encoder\.conv1\.bias/);
  await expect(load(odd)).rejects.toThrow(/^bad\.safetensors is not a model.*\(.*basis of shape \(2, 1\)/);
  expect(session.events).toHaveLength(looks);
  expect(await studio.decode(1, code)).toEqual(before);

  await session.trainPast(1);
  await expect(load(tensors)).rejects.toThrow(/bad\.safetensors/);
  const step = session.step;
  await session.until(() => session.step > step);
});

test("a set-up that cannot be leaves no memory behind", async () => {
  const session = await Session.of("vrrae");
  const live = () => session.device.memory().live;
  const before = live();
  const second = settings(["ae", "gan" as ModelName]); // the first one is made by then
  await expect(session.studio.setUp(second)).rejects.toThrow(/gan|model/);
  expect(live()).toBe(before);
});

test("set up anew while it trains: the old run ends, with another seed comes another run, with the same the same", async () => {
  const session = await Session.of("vrrae", "ae");
  const { studio } = session;
  const firstLosses = async (seed: number) => {
    const at = session.events.length;
    await studio.setUp(settings(["vrrae", "ae"], { seed }));
    expect(session.events.at(-1)).toMatchObject({ kind: at === 0 ? "look" : "state", playing: false });
    await studio.play();
    const told = () => session.events.slice(at).filter((event) => event.kind === "losses");
    await session.until(() => told().some(({ step }) => step === 2));
    const of = told().filter(({ step }) => step <= 2);
    return of.map(({ step, losses }) => ({ step, losses }));
  };
  await studio.play();
  const [first, second, third] = [await firstLosses(500), await firstLosses(7), await firstLosses(500)];
  expect(first.map(({ step }) => step).slice(-2)).toEqual([1, 2]);
  expect(third.slice(-2)).toEqual(first.slice(-2));
  expect(second.slice(-2)).not.toEqual(first.slice(-2));
});

test("a hidden page trains without looking, and looks again once it is seen", async () => {
  const session = await Session.of("vae");
  const { studio } = session;
  const looks = () => session.events.filter(({ kind }) => kind === "look").length;
  await studio.watch(false);
  await session.trainPast(1);
  const before = looks();
  const { step } = session;
  await new Promise((resolve) => setTimeout(resolve, 1200)); // of which two looks would be
  await session.until(() => session.step > step);
  expect(looks()).toBe(before);
  await studio.watch(true);
  await session.until(() => looks() > before);
  await studio.watch(false);
  const seen = looks();
  await studio.pause();
  await session.until(() => looks() > seen); // what there is in the end
});
