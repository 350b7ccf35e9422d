import { afterAll, afterEach, expect, test, vi } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { encodeSafetensors, parseSafetensors, type EncodableTensor } from "../../src/train/safetensors.ts";
import type { LossEvent, LostEvent, ModelName, Settings, TrainEvent } from "../../src/web/train/protocol.ts";
import { Studio } from "../../src/web/train/studio.ts";

vi.setConfig({ testTimeout: 240_000 }); // other tests may take the processor that also computes these models

const devices: Device[] = [];
afterAll(() => devices.forEach((device) => device.close()));

/** The page's models in Node, what they tell the page, and a hand on their devices. */
class Session {
  readonly events: TrainEvent[] = [];
  /** Whether a device can be had. */
  isThere = true;
  /** Called with each device as it is opened. */
  onOpen: (device: Device) => void = () => undefined;
  readonly studio = new Studio(
    (event) => this.events.push(event),
    async () => {
      if (!this.isThere) throw new Error("there is none");
      const device = await openDevice();
      devices.push(device);
      this.onOpen(device);
      return device;
    },
  );

  static async of(...models: ModelName[]): Promise<Session> {
    const session = new Session();
    sessions.push(session);
    await session.studio.setUp(settings(models));
    return session;
  }

  get lost(): LostEvent[] {
    return this.events.filter((event) => event.kind === "lost");
  }

  get losses(): LossEvent[] {
    return this.events.filter((event) => event.kind === "losses");
  }

  get step(): number {
    return this.losses.at(-1)?.step ?? 0;
  }

  /** Takes the device away. */
  lose(): void {
    devices.at(-1)!.gpu.destroy();
  }

  async until(is: () => boolean): Promise<void> {
    await expect.poll(is, { timeout: 100_000, interval: 5 }).toBe(true);
  }

  async trainPast(step: number): Promise<void> {
    await this.studio.play();
    await this.until(() => this.step > step);
  }
}

const sessions: Session[] = [];
afterEach(async () => {
  for (const { studio } of sessions.splice(0)) await studio.pause();
});

function settings(models: ModelName[], more: Partial<Settings> = {}): Settings {
  const data = { kind: "bumps", size: 16 } as const;
  return { models, data, rank: 2, beta: 1e-3, seed: 500, batch: 8, logEvery: 1, ...more };
}

const code = new Float32Array([0.5, -1]);

test("two models come back from a lost device together, and go on from where they were kept", async () => {
  const session = await Session.of("vrrae", "vae");
  const { studio } = session;
  await session.trainPast(2);
  session.lose();
  await session.until(() => session.lost.length > 0);
  const at = session.events.findIndex(({ kind }) => kind === "lost");
  const [{ recovered, step }] = session.lost as [LostEvent];
  expect(recovered).toBe(true);
  const before = session.losses.filter((event) => session.events.indexOf(event) < at);
  await session.until(() => session.losses.length >= before.length + 3);
  expect(session.events.slice(at).find(({ kind }) => kind === "look")).toMatchObject({ step }); // what there is
  session.losses.slice(before.length).forEach((event, i) => {
    expect(event.step).toBe(step + 1 + i);
    const first = before.find((other) => other.step === event.step);
    if (first) expect(event.losses).toEqual(first.losses); // the same step again, to the last bit
  });
  await studio.pause();
  for (const lane of [0, 1]) expect((await studio.decode(lane, code)).every(Number.isFinite)).toBe(true);
});

test("a device that is lost while a model is saved gives the model all the same", async () => {
  const session = await Session.of("vrrae", "vae");
  const saved = session.studio.save(0);
  session.lose();
  expect(parseSafetensors(await saved, "saved").tensors.has("basis")).toBe(true);
  expect(session.lost).toMatchObject([{ recovered: true }]);
});

test("a device that is lost while a model is loaded has it in the end", async () => {
  const session = await Session.of("vrrae", "vae");
  const { studio } = session;
  const file = await studio.save(0);
  const before = await studio.decode(0, code);
  await studio.setUp(settings(["ae"], { seed: 3 }));
  const loading = studio.load(file, "model.safetensors");
  session.lose();
  expect((await loading).settings.models).toEqual(["vrrae"]);
  expect(await studio.decode(0, code)).toEqual(before);
});

test("a device that is lost under a change of rank gives both models at that rank, which a later loss keeps", async () => {
  const session = await Session.of("vrrae", "vae");
  const { studio } = session;
  await session.trainPast(1);
  const changing = studio.setRank(3);
  session.lose();
  expect((await changing).settings.rank).toBe(3);
  session.lose(); // the snapshot is of the new rank already
  await session.until(() => session.lost.length === 2);
  expect(session.lost.every(({ recovered }) => recovered)).toBe(true);
  await studio.pause();
  const wide = new Float32Array(3);
  for (const lane of [0, 1]) expect(await studio.decode(lane, wide)).toHaveLength(256);
});

test("another β outlives the device", async () => {
  const session = await Session.of("vae");
  await session.studio.setBeta(0.5);
  session.lose();
  await session.until(() => session.lost.length > 0);
  await session.trainPast(0);
  const { loss, error, betaKl } = session.losses[0]!.losses[0]!;
  expect(loss! - error!).toBeCloseTo(betaKl!, 3);
  const other = await Session.of("vae");
  await other.trainPast(0);
  expect(betaKl! / other.losses[0]!.losses[0]!.betaKl!).toBeCloseTo(500, 0);
});

test("without another device the run waits; one that fails too is given up, and asked for again", async () => {
  const session = await Session.of("vrrae");
  const { studio } = session;
  await session.trainPast(1);
  session.isThere = false;
  session.lose();
  await session.until(() => session.lost.length > 0);
  expect(session.lost.at(-1)).toMatchObject({ recovered: false });
  expect(session.events.at(-1)).toMatchObject({ kind: "state", playing: false });
  await expect(studio.save(0)).rejects.toThrow(/press Try again/);

  session.isThere = true;
  session.onOpen = (device) => device.gpu.destroy();
  await studio.reopen();
  const why = "Another one was opened, and lost as well.";
  expect(session.lost.at(-1)).toMatchObject({ recovered: false, why });
  session.onOpen = (device) => void vi.spyOn(device, "allocate").mockThrow(new Error("it is full"));
  await studio.reopen();
  await session.until(() => session.lost.at(-1)!.why === "it is full");
  session.onOpen = () => undefined;
  const told = session.lost.length;
  await studio.reopen();
  await session.until(() => session.lost.length > told && session.lost.at(-1)!.recovered);
  const step = session.step;
  await session.until(() => session.step !== step); // it was training when it was lost
});

test("what is asked while one device after the other is lost is refused in words for the page", async () => {
  const session = await Session.of("vrrae");
  session.onOpen = (device) => setTimeout(() => device.gpu.destroy(), 50);
  const saved = session.studio.save(0);
  session.lose();
  await expect(saved).rejects.toThrow(/^the GPU was lost[^]*(press Try again|ask for it once more)$/);
  session.onOpen = () => undefined;
  await session.until(() => session.lost.length > 0);
  for (const { reason, why = "" } of session.lost) expect(reason + why).not.toMatch(/checkpoint/);
  await session.studio.reopen();
  expect(await session.studio.save(0)).toBeInstanceOf(Uint8Array);
});

test("start, pressed between two devices, trains on the next one", async () => {
  const session = await Session.of("vae");
  const pressed: Promise<void>[] = [];
  session.onOpen = () => void pressed.push(session.studio.play());
  session.lose();
  await session.until(() => session.lost.length > 0);
  expect(await Promise.allSettled(pressed)).toMatchObject([{ status: "fulfilled" }]);
  await session.until(() => session.step > 0);
});

test("a pause while the device is lost is not forgotten", async () => {
  const session = await Session.of("vae");
  await session.trainPast(1);
  session.isThere = false;
  session.lose();
  await session.until(() => session.lost.length > 0);
  await session.studio.pause();
  session.isThere = true;
  await session.studio.reopen();
  expect(session.events.at(-1)).toMatchObject({ kind: "state", playing: false });
});

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
  await expect(load(tensors)).rejects.toThrow(/bad\.safetensors.*encoder\.conv1\.bias/);
  await expect(load(odd)).rejects.toThrow(/bad\.safetensors.*basis of shape \(2, 1\)/);
  expect(session.events).toHaveLength(looks);
  expect(await studio.decode(1, code)).toEqual(before);

  await session.trainPast(1);
  await expect(load(tensors)).rejects.toThrow(/bad\.safetensors/);
  const step = session.step;
  await session.until(() => session.step > step);
});

test("a set-up that cannot be leaves no memory behind", async () => {
  const session = await Session.of("vrrae");
  const live = () => devices.at(-1)!.memory().live;
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

test("a model that is loaded while another trains stands still, as it was saved", async () => {
  const session = await Session.of("vrrae", "vae");
  const { studio } = session;
  await session.trainPast(3);
  await studio.pause();
  const file = await studio.save(0);
  const before = await studio.decode(0, code);
  const pictures = Uint8Array.from({ length: 30 * 256 }, (_, i) => (7 * i) % 251);
  const files = [
    new File([Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 30, 0, 0, 0, 16, 0, 0, 0, 16), pictures], "own"),
  ];
  await studio.setUp(settings(["vrrae", "ae"], { data: { kind: "files", files } }));
  await studio.play();
  const { data } = await studio.load(file, "model.safetensors");
  expect(data.name).toBe("own"); // from which another basis would be found
  expect(session.events.at(-1)).toMatchObject({ kind: "state", playing: false });
  expect(await studio.decode(0, code)).toEqual(before);
  expect(await studio.save(0)).toEqual(file);
  session.lose();
  await session.until(() => session.lost.length > 0);
  expect(await studio.decode(0, code)).toEqual(before); // on another device too
});
