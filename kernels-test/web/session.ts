import { onTestFinished } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import type { LossEvent, LostEvent, ModelName, Settings, TrainEvent } from "../../src/web/train/protocol.ts";
import { Studio } from "../../src/web/train/studio.ts";

/** The time that a test may take while others have the processor that also computes these models. */
export const testTimeout = 240_000;

/** The page's models in Node, what they tell the page, and a hand on their devices. It ends with its test. */
export class Session {
  readonly events: TrainEvent[] = [];
  /** Whether a device can be had. */
  isThere = true;
  /** Called with each device as it is opened. */
  onOpen: (device: Device) => void = () => undefined;
  /** All that were opened, the last one that at hand. */
  readonly #devices: Device[] = [];
  readonly #waiting = new Set<() => void>();
  readonly studio = new Studio(
    (event) => {
      this.events.push(event);
      setTimeout(() => this.#waiting.forEach((look) => look())); // once what tells it has gone on
    },
    async () => {
      if (!this.isThere) throw new Error("there is none");
      const device = await openDevice();
      this.#devices.push(device);
      this.onOpen(device);
      return device;
    },
  );

  static async of(...models: ModelName[]): Promise<Session> {
    const session = new Session();
    onTestFinished(() => session.#end());
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

  get device(): Device {
    return this.#devices.at(-1)!;
  }

  /** Takes the device away. */
  lose(): void {
    this.device.gpu.destroy();
  }

  /** Waits for events after which `is` is true. */
  until(is: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!is()) return;
        clearTimeout(timeout);
        this.#waiting.delete(look);
        resolve();
      };
      const timeout = setTimeout(() => reject(new Error(`never: ${is.toString()}`)), 100_000);
      this.#waiting.add(look);
      look();
    });
  }

  async trainPast(step: number): Promise<void> {
    await this.studio.play();
    await this.until(() => this.step > step);
  }

  /** Its GPU is that of the next test, and may be lost there: this one is not to ask for another. */
  async #end(): Promise<void> {
    await this.studio.pause();
    this.isThere = false;
    for (const device of this.#devices) device.close();
  }
}

/** What the visitor chose: small pictures and batches, and each step told. */
export function settings(models: ModelName[], more: Partial<Settings> = {}): Settings {
  const data = { kind: "bumps", size: 16 } as const;
  return { models, data, rank: 2, latent: 16, beta: 1e-3, seed: 500, batch: 8, logEvery: 1, ...more };
}

/** Where models of rank 2 are asked to draw. */
export const code = new Float32Array([0.5, -1]);
