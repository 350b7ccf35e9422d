import { afterAll, afterEach, expect, vi } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import type { LossEvent, LostEvent, ModelName, Settings, TrainEvent } from "../../src/web/train/protocol.ts";
import { Studio } from "../../src/web/train/studio.ts";

vi.setConfig({ testTimeout: 240_000 }); // other tests may take the processor that also computes these models

/** All devices that sessions opened, the last one that of the session at hand. */
export const devices: Device[] = [];
afterAll(() => devices.forEach((device) => device.close()));

/** The page's models in Node, what they tell the page, and a hand on their devices. */
export class Session {
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

/** What the visitor chose: small pictures and batches, and each step told. */
export function settings(models: ModelName[], more: Partial<Settings> = {}): Settings {
  const data = { kind: "bumps", size: 16 } as const;
  return { models, data, rank: 2, latent: 16, beta: 1e-3, seed: 500, batch: 8, logEvery: 1, ...more };
}

/** Where models of rank 2 are asked to draw. */
export const code = new Float32Array([0.5, -1]);
