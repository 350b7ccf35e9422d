import { openDevice, type Device } from "../../device/device.ts";
import { DeviceLostError } from "../../device/errors.ts";
import { reasonOf } from "../shared/loss.ts";

/** Milliseconds in which a device's loss shows itself after a command failed of it. */
const moment = 100;

/** The device that the models of a page live on: opened when it is first needed, and anew after it was lost. */
export class Gpu {
  readonly #open: () => Promise<Device>;
  readonly #onLost: (reason: string) => void;
  #device: Device | undefined;

  /** `onLost` is called when the device at hand is lost, but not when it is given up. */
  constructor(onLost: (reason: string) => void, open: () => Promise<Device> = openDevice) {
    this.#onLost = onLost;
    this.#open = open;
  }

  get isOpen(): boolean {
    return this.#device !== undefined;
  }

  /** @throws DeviceLostError where it was lost, and no other could be opened yet. */
  require(): Device {
    if (this.#device) return this.#device;
    throw this.lostError();
  }

  /** What is said of a task that ended with the device, in words for who looks at the page. */
  lostError(): DeviceLostError {
    return new DeviceLostError(
      this.#device
        ? "the GPU was lost while this was done, and so was the next one; the run is kept: ask for it once more"
        : "the GPU was lost, and there is no other yet: press Try again",
    );
  }

  async open(): Promise<Device> {
    if (this.#device) return this.#device;
    const device = (this.#device = await this.#open());
    void device.gpu.lost.then((info) => {
      if (this.#device !== device) return;
      this.#device = undefined;
      this.#onLost(reasonOf(info));
    });
    return device;
  }

  /** Closes the device, so that another one can be asked for. */
  giveUp(): void {
    const device = this.#device;
    this.#device = undefined;
    device?.close();
  }

  /** Whether `error` comes of the device's loss, which may show itself a moment later. */
  async isLost(error: unknown): Promise<boolean> {
    if (!this.#device) return true;
    const wait = new Promise<false>((resolve) => setTimeout(() => resolve(false), moment));
    const isLost = await Promise.race([this.#device.gpu.lost.then(() => true), wait]);
    return isLost || error instanceof DeviceLostError;
  }
}
