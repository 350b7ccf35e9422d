import { expect, test, vi } from "vitest";
import { parseSafetensors } from "../../src/data/safetensors.ts";
import type { LostEvent } from "../../src/web/train/protocol.ts";
import { code, Session, settings, testTimeout } from "./session.ts";

vi.setConfig({ testTimeout });

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

test("what two devices were lost under is refused once there is a third, and may be asked for again", async () => {
  const session = await Session.of("vrrae");
  const saved = session.studio.save(0);
  session.lose();
  const refusal = expect(saved).rejects.toThrow(/ask for it once more$/);
  await session.until(() => session.lost.length === 1);
  session.lose();
  await refusal;
  expect(session.lost).toMatchObject([{ recovered: true }, { recovered: true }]);
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
