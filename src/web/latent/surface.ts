import { isSoftware } from "../../device/adapters.ts";

/** Where a frame is drawn to. */
export interface Surface {
  readonly format: GPUTextureFormat;
  /** The texture of the next frame. */
  texture(): GPUTexture;
  /** Shows what was submitted to it. */
  present(): Promise<void>;
}

/** Canvases whose device was lost: some devices are lost of drawing to a canvas, and none of being read. */
const copied = new WeakSet<HTMLCanvasElement>();

/**
 * What is put on `canvas` frame by frame: by a GPU from a canvas of its own; pixel by pixel where WebGPU computes on the
 * CPU, and may have no screen to share memory with, and once a device was lost. So one of any kind can take over.
 */
export function surfaceOf(canvas: HTMLCanvasElement, device: GPUDevice, info: GPUAdapterInfo): Surface {
  const { architecture, description, vendor } = info;
  const isOnCpu = info.isFallbackAdapter || isSoftware(`${vendor} ${architecture} ${description}`);
  void device.lost.then(() => copied.add(canvas));
  return new (isOnCpu || copied.has(canvas) ? CopiedSurface : CanvasSurface)(canvas, device);
}

/** A canvas that is not in the page. */
class CanvasSurface implements Surface {
  readonly format = navigator.gpu.getPreferredCanvasFormat();
  readonly #canvas: HTMLCanvasElement;
  readonly #own = document.createElement("canvas");
  readonly #context: GPUCanvasContext;

  constructor(canvas: HTMLCanvasElement, device: GPUDevice) {
    this.#canvas = canvas;
    this.#context = this.#own.getContext("webgpu")!;
    this.#context.configure({ device, format: this.format, alphaMode: "premultiplied" });
  }

  texture(): GPUTexture {
    const { width, height } = this.#canvas;
    if (this.#own.width !== width || this.#own.height !== height) Object.assign(this.#own, { width, height });
    return this.#context.getCurrentTexture();
  }

  present(): Promise<void> {
    const shown = this.#canvas.getContext("2d")!;
    shown.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    shown.drawImage(this.#own, 0, 0);
    return Promise.resolve();
  }
}

/** A texture that is read back and put on the canvas pixel by pixel. */
class CopiedSurface implements Surface {
  readonly format = "rgba8unorm";
  readonly #canvas: HTMLCanvasElement;
  readonly #device: GPUDevice;
  #texture: GPUTexture | undefined;
  #copy: GPUBuffer | undefined;

  constructor(canvas: HTMLCanvasElement, device: GPUDevice) {
    this.#canvas = canvas;
    this.#device = device;
  }

  texture(): GPUTexture {
    const { width, height } = this.#canvas;
    if (this.#texture?.width !== width || this.#texture.height !== height) {
      this.#texture?.destroy();
      this.#copy?.destroy();
      const device = this.#device;
      this.#texture = device.createTexture({ size: [width, height], format: this.format, usage: 0x10 | 0x1 }); // RENDER_ATTACHMENT | COPY_SRC
      this.#copy = device.createBuffer({ size: rowBytes(width) * height, usage: 0x1 | 0x8 }); // MAP_READ | COPY_DST
    }
    return this.#texture;
  }

  async present(): Promise<void> {
    const texture = this.#texture!;
    const copy = this.#copy!;
    const { width, height } = texture;
    const bytesPerRow = rowBytes(width);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture }, { buffer: copy, bytesPerRow }, [width, height]);
    this.#device.queue.submit([encoder.finish()]);
    await copy.mapAsync(0x1);
    const bytes = new Uint8Array(copy.getMappedRange());
    const image = new ImageData(width, height);
    for (let row = 0; row < height; row++) {
      const pixels = bytes.subarray(row * bytesPerRow, row * bytesPerRow + 4 * width);
      for (let at = 0; at < pixels.length; at += 4) {
        const alpha = pixels[at + 3]! / 255;
        const to = 4 * row * width + at;
        if (alpha === 0) continue;
        for (let c = 0; c < 3; c++) image.data[to + c] = pixels[at + c]! / alpha; // the texture's is premultiplied
        image.data[to + 3] = pixels[at + 3]!;
      }
    }
    copy.unmap();
    if (this.#canvas.width === width && this.#canvas.height === height)
      this.#canvas.getContext("2d")!.putImageData(image, 0, 0);
  }
}

/** Rows of a copy start at multiples of 256 bytes. */
function rowBytes(width: number): number {
  return Math.ceil((4 * width) / 256) * 256;
}
