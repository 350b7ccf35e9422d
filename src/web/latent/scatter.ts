import code from "./scatter.wgsl?raw";
import { surfaceOf, type Surface } from "./surface.ts";

/** What is drawn at one place. */
export interface Dot {
  position: readonly [number, number, number];
  /** Half its width, in CSS pixels. */
  size: number;
  colour: readonly [red: number, green: number, blue: number, alpha: number];
}

const floatsPerDot = 8;
const usage = { vertex: 0x20, copyDst: 0x8, uniform: 0x40, texture: 0x10 } as const;

/** Draws dots and lines on a canvas with a WebGPU device of its own, so that training does not wait for it. */
export class Scatter {
  readonly #canvas: HTMLCanvasElement;
  readonly #device: GPUDevice;
  readonly #surface: Surface;
  readonly #view: GPUBuffer;
  readonly #group: GPUBindGroup;
  readonly #dots: GPURenderPipeline;
  readonly #lines: GPURenderPipeline;
  #depth: GPUTexture | undefined;
  #vertices: GPUBuffer | undefined;

  private constructor(canvas: HTMLCanvasElement, device: GPUDevice, surface: Surface) {
    this.#canvas = canvas;
    this.#device = device;
    this.#surface = surface;
    const { format } = surface;
    this.#view = device.createBuffer({ size: 80, usage: usage.uniform | usage.copyDst });
    const module = device.createShaderModule({ code });
    const pipeline = (entryPoint: string, stepMode: GPUVertexStepMode, topology: GPUPrimitiveTopology) =>
      device.createRenderPipeline({
        layout: "auto",
        vertex: {
          module,
          entryPoint,
          buffers: [
            {
              arrayStride: 4 * floatsPerDot,
              stepMode,
              attributes: [
                { shaderLocation: 0, offset: 0, format: "float32x3" },
                { shaderLocation: 1, offset: 12, format: "float32" },
                { shaderLocation: 2, offset: 16, format: "float32x4" },
              ],
            },
          ],
        },
        fragment: { module, entryPoint: "shade", targets: [{ format, blend: premultiplied }] },
        primitive: { topology },
        depthStencil: { format: "depth24plus", depthWriteEnabled: true, depthCompare: "less-equal" },
      });
    this.#dots = pipeline("dot_corner", "instance", "triangle-list");
    this.#lines = pipeline("line_end", "vertex", "line-list");
    this.#group = this.#bind(this.#dots);
    this.#lineGroup = this.#bind(this.#lines);
  }

  readonly #lineGroup: GPUBindGroup;

  /** A scatter on `canvas`, or undefined where the browser has no WebGPU to draw with. */
  static async open(canvas: HTMLCanvasElement, onLost: () => void): Promise<Scatter | undefined> {
    const adapter = await (navigator as Partial<Navigator>).gpu?.requestAdapter();
    if (!adapter) return undefined;
    const device = await adapter.requestDevice();
    void device.lost.then(onLost);
    return new Scatter(canvas, device, surfaceOf(canvas, device, adapter.info));
  }

  #bind(pipeline: GPURenderPipeline): GPUBindGroup {
    const entries = [{ binding: 0, resource: { buffer: this.#view } }];
    return this.#device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  }

  /** Makes the canvas as sharp as the screen; says whether its size changed. */
  fit(): boolean {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = Math.min(2, devicePixelRatio);
    const [width, height] = [Math.max(1, clientWidth * ratio), Math.max(1, clientHeight * ratio)].map(
      Math.round,
    );
    if (this.#canvas.width === width && this.#canvas.height === height) return false;
    Object.assign(this.#canvas, { width, height });
    return true;
  }

  /**
   * Draws everything anew: `transform` takes positions to clip space, `distance` is that of dots of full size, `lines`
   * are pairs of ends. Wait for one frame before the next.
   */
  draw(
    transform: ArrayLike<number>,
    distance: number,
    dots: readonly Dot[],
    lines: readonly Dot[],
  ): Promise<void> {
    this.fit();
    const device = this.#device;
    const { width, height, clientWidth } = this.#canvas;
    const ratio = width / Math.max(1, clientWidth);
    const view = new Float32Array(20);
    view.set(transform);
    view.set([(2 * ratio) / width, (2 * ratio) / height, distance], 16);
    device.queue.writeBuffer(this.#view, 0, view);
    const all = [...dots, ...lines];
    const values = new Float32Array(Math.max(1, all.length) * floatsPerDot);
    all.forEach(({ position, size, colour }, i) =>
      values.set([...position, size, ...colour], i * floatsPerDot),
    );
    if (!this.#vertices || this.#vertices.size < values.byteLength) {
      this.#vertices?.destroy();
      const size = 2 * values.byteLength;
      this.#vertices = device.createBuffer({ size, usage: usage.vertex | usage.copyDst });
    }
    device.queue.writeBuffer(this.#vertices, 0, values);
    if (this.#depth?.width !== width || this.#depth.height !== height) {
      this.#depth?.destroy();
      this.#depth = device.createTexture({
        size: [width, height],
        format: "depth24plus",
        usage: usage.texture,
      });
    }
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [
        {
          view: this.#surface.texture().createView(),
          loadOp: "clear",
          storeOp: "store",
          clearValue: [0, 0, 0, 0],
        },
      ],
      depthStencilAttachment: {
        view: this.#depth.createView(),
        depthLoadOp: "clear",
        depthStoreOp: "discard",
        depthClearValue: 1,
      },
    });
    pass.setVertexBuffer(0, this.#vertices);
    pass.setPipeline(this.#lines);
    pass.setBindGroup(0, this.#lineGroup);
    pass.draw(lines.length, 1, dots.length);
    pass.setPipeline(this.#dots);
    pass.setBindGroup(0, this.#group);
    pass.draw(6, dots.length);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return this.#surface.present();
  }
}

const premultiplied: GPUBlendState = {
  color: { srcFactor: "one", dstFactor: "one-minus-src-alpha" },
  alpha: { srcFactor: "one", dstFactor: "one-minus-src-alpha" },
};
