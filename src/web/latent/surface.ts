import { isSoftware } from "../../device/adapters.ts";

/** Where a frame is drawn to. */
export interface Surface {
  readonly format: GPUTextureFormat;
  /** The texture of the next frame. */
  texture(): GPUTexture;
  /** Shows what was submitted to it. */
  present(): Promise<void>;
}

/**
 * The canvas itself, or where WebGPU computes on the CPU, and may have no screen to share memory with, a copy. A canvas
 * stays what it first was: where another kind of device takes over, it is drawn to as before.
 */
export function surfaceOf(canvas: HTMLCanvasElement, device: GPUDevice, info: GPUAdapterInfo): Surface {
  const { architecture, description, vendor } = info;
  const isOnCpu = info.isFallbackAdapter || isSoftware(`${vendor} ${architecture} ${description}`);
  const context =
    canvas.getContext(isOnCpu ? "2d" : "webgpu") ?? canvas.getContext(isOnCpu ? "webgpu" : "2d");
  return context instanceof GPUCanvasContext
    ? canvasSurface(context, device)
    : new CopiedSurface(canvas, device);
}

function canvasSurface(context: GPUCanvasContext, device: GPUDevice): Surface {
  const format = navigator.gpu.getPreferredCanvasFormat();
  context.configure({ device, format, alphaMode: "premultiplied" });
  return { format, texture: () => context.getCurrentTexture(), present: () => Promise.resolve() };
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
