import { byId, segments } from "../shared/dom.ts";
import type { Remote } from "../shared/rpc.ts";
import type { DataFacts, Look, TrainApi, TrainEvent } from "../train/protocol.ts";
import { Camera, type Point3 } from "./camera.ts";
import { colourOfSample, rgba, type Rgba } from "./colours.ts";
import { axes, place, strengthOf, wayBetween } from "./codes.ts";
import { CodeDrawer } from "./drawer.ts";
import { CodeField } from "./field.ts";
import { followPointer } from "./pointer.ts";
import { Scatter, type Dot } from "./scatter.ts";

const dotSize = 6;
const stripCount = 10;
/** Milliseconds in which dots move to where the model now has them. */
const glide = 350;
/** How near to a dot the pointer is on it, in CSS pixels. */
const grasp = 16;
const white: Rgba = [1, 1, 1, 1];
const ring = rgba("#e11d8f");

/** The latent space of one model: its codes as dots, and what the model draws at any place. */
export class LatentView {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #canvas = byId("scatter", HTMLCanvasElement);
  readonly #camera = new Camera();
  readonly #field = new CodeField((code) => this.#probe(code));
  #scatter: Scatter | undefined;
  readonly #drawer: CodeDrawer;
  #facts: DataFacts | undefined;
  #names: string[] = [];
  #looks: readonly Look[] = [];
  #lane = 0;
  /** Codes as they are drawn: on their way from the last look's to this one's. */
  #codes: Float32Array = new Float32Array();
  #glideFrom: Float32Array = new Float32Array();
  #glideStart = 0;
  #framed = true;
  #samples: Float32Array = new Float32Array();
  #link: { from: number; to: number | undefined; at: readonly [number, number] } | undefined;
  #drawing = false;
  #dirty = false;
  #seed = 1;

  constructor(remote: Remote<TrainApi, TrainEvent>) {
    this.#remote = remote;
    this.#drawer = new CodeDrawer(remote);
    void this.#openScatter();
    new ResizeObserver(() => this.#redraw()).observe(this.#canvas);
    this.#listen();
  }

  async #openScatter(): Promise<void> {
    this.#scatter = await Scatter.open(this.#canvas, () => void this.#openScatter()).catch(() => undefined);
    this.#redraw();
  }

  get #look(): Look | undefined {
    return this.#looks[this.#lane];
  }

  /** Starts over with another run's data and models. */
  show(facts: DataFacts, names: string[]): void {
    this.#facts = facts;
    this.#names = names;
    this.#lane = Math.min(this.#lane, names.length - 1);
    this.#looks = [];
    this.#codes = new Float32Array();
    this.#forget();
    segments("latent-lanes", names.length > 1 ? names : [], this.#lane, (lane) => this.#choose(lane));
  }

  /** Takes in what the models make of the data now. */
  update(looks: readonly Look[]): void {
    const before = this.#look?.codeSize;
    this.#looks = looks;
    const look = this.#look;
    if (!look) return;
    if (look.codeSize !== before) this.#adapt(look);
    const glides =
      this.#codes.length === look.codes.length && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#glideFrom = glides ? this.#codes.slice() : look.codes;
    this.#codes = this.#glideFrom.slice();
    this.#glideStart = performance.now();
    if (this.#framed) this.#camera.frame(look.codes, look.codeSize);
    this.#redraw();
    if (this.#field.code) this.#drawer.follow(this.#field.code);
  }

  /** Shows the space of another model. */
  #choose(lane: number): void {
    this.#lane = lane;
    this.#codes = new Float32Array();
    this.#forget();
    const look = this.#look;
    segments("latent-lanes", this.#names, lane, (next) => this.#choose(next));
    if (!look) return;
    this.#adapt(look);
    this.update(this.#looks);
  }

  /** Fits the controls to codes of another length. */
  #adapt(look: Look): void {
    this.#drawer.aim(this.#facts, this.#lane, look.codeSize);
    if (look.codeSize < 3) this.#camera.dimensions = 2;
    this.#field.resize(look.codeSize, strengthOf(look));
    this.#showDimensions(look.codeSize);
    this.#framed = true;
    this.#probe(look.codes.slice(0, look.codeSize));
  }

  #showDimensions(codeSize: number): void {
    const chosen = this.#camera.dimensions - 2;
    segments("dimensions", codeSize >= 3 ? ["2-D", "3-D"] : [], chosen, (index) => {
      this.#camera.dimensions = index === 0 ? 2 : 3;
      this.#showDimensions(codeSize);
      this.#reframe();
    });
  }

  #reframe(): void {
    this.#framed = true;
    const look = this.#look;
    if (look) this.#camera.frame(look.codes, look.codeSize);
    this.#redraw();
  }

  #forget(): void {
    this.#samples = new Float32Array();
    this.#link = undefined;
    byId("strip", HTMLCanvasElement).hidden = true;
    byId("strip-words", HTMLElement).textContent = "";
  }

  #listen(): void {
    byId("prior", HTMLButtonElement).onclick = () => void this.#sample("prior");
    byId("mixture", HTMLButtonElement).onclick = () => void this.#sample("mixture");
    byId("home", HTMLButtonElement).onclick = () => {
      this.#forget();
      this.#reframe();
    };
    followPointer(this.#canvas, {
      hover: (at) => this.#hover(at),
      grab: (at) => {
        const from = this.#nearest(at);
        if (from === undefined) return false;
        this.#forget();
        this.#link = { from, to: undefined, at };
        return true;
      },
      pull: (at) => this.#pull(at),
      drop: () => {
        if (this.#link?.to === undefined) this.#link = undefined;
        this.#redraw();
      },
      drag: (dx, dy) => {
        this.#framed = false;
        this.#camera.drag(dx, dy);
        this.#redraw();
      },
      zoom: (factor) => {
        this.#framed = false;
        this.#camera.zoom(factor);
        this.#redraw();
      },
      step: (dx, dy) => {
        const code = (this.#field.code ?? new Float32Array(this.#look?.codeSize ?? 0)).slice();
        if (code.length === 0) return;
        code[0]! += 0.06 * dx * this.#camera.reach;
        if (code.length > 1) code[1]! += 0.06 * dy * this.#camera.reach;
        this.#probe(code);
      },
    });
  }

  /** Puts the probe under the pointer; coordinates that the plane does not show come from the nearest dot. */
  #hover(at: readonly [number, number]): void {
    const look = this.#look;
    if (!look) return;
    const { codeSize, codes } = look;
    const near = this.#nearest(at, this.#camera.dimensions === 3 ? Infinity : codeSize > 2 ? Infinity : 0);
    const code =
      near === undefined ? new Float32Array(codeSize) : codes.slice(near * codeSize, (near + 1) * codeSize);
    if (this.#camera.dimensions === 2) {
      const [x, y] = this.#camera.unproject(at);
      code[0] = x;
      if (codeSize > 1) code[1] = y;
    }
    this.#probe(code);
  }

  #probe(code: Float32Array): void {
    this.#field.show(code);
    this.#drawer.follow(code);
    this.#redraw();
  }

  /** The dot within `reach` CSS pixels of a place on the screen that is nearest to it. */
  #nearest([x, y]: readonly [number, number], reach = grasp): number | undefined {
    const { clientWidth, clientHeight } = this.#canvas;
    let best: number | undefined;
    let least = reach ** 2;
    this.#positions().forEach((position, i) => {
      const [px, py] = this.#camera.project(position);
      const distance = (((px - x) * clientWidth) / 2) ** 2 + (((py - y) * clientHeight) / 2) ** 2;
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  /** Draws a line from the dot that is held to the pointer, and what lies between it and the dot there. */
  #pull(at: readonly [number, number]): void {
    const look = this.#look;
    const link = this.#link;
    if (!look || !link) return;
    link.at = at;
    const to = this.#nearest(at, 3 * grasp);
    if (to !== undefined && to !== link.from && to !== link.to) {
      link.to = to;
      const way = wayBetween(look, link.from, to, stripCount);
      void this.#drawer.draw(way, byId("strip", HTMLCanvasElement));
      byId("strip-words", HTMLElement).textContent = "From the first dot to the second, in equal steps.";
    }
    this.#redraw();
  }

  async #sample(from: "prior" | "mixture"): Promise<void> {
    if (!this.#look) return;
    this.#forget();
    this.#samples = await this.#remote
      .call("sample", this.#lane, from, stripCount, this.#seed++)
      .catch(() => new Float32Array());
    if (this.#samples.length === 0) return;
    byId("strip-words", HTMLElement).textContent =
      from === "prior"
        ? "New pictures: codes drawn from the standard normal cloud, which VAE and VRRAE learn to fill."
        : "New pictures: codes drawn from a mixture of normal distributions, fitted to the dots.";
    await this.#drawer.draw(this.#samples, byId("strip", HTMLCanvasElement));
    this.#redraw();
  }

  #positions(codes = this.#codes): Point3[] {
    const size = this.#look?.codeSize ?? 1;
    return Array.from({ length: Math.floor(codes.length / size) }, (_, i) => place(codes, i * size, size));
  }

  /** Draws before the next frame, and on while dots glide; one frame at a time. */
  #redraw(): void {
    this.#dirty = true;
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame((now) => {
      this.#dirty = false;
      void this.#drawFrame(now)
        .catch(() => undefined) // the device was lost; another one is on its way
        .finally(() => {
          this.#drawing = false;
          if (this.#dirty) this.#redraw();
        });
    });
  }

  async #drawFrame(now: number): Promise<void> {
    const look = this.#look;
    const { clientWidth, clientHeight } = this.#canvas;
    if (!look || !this.#scatter || !this.#facts || clientWidth === 0) return;
    this.#camera.aspect = clientWidth / clientHeight;
    const t = Math.min(1, Math.max(0, (now - this.#glideStart) / glide));
    const eased = t * (2 - t);
    for (let i = 0; i < look.codes.length; i++)
      this.#codes[i] = (1 - eased) * this.#glideFrom[i]! + eased * look.codes[i]!;
    const facts = this.#facts;
    const dots: Dot[] = this.#positions().map((position, i) => ({
      position,
      size: dotSize,
      colour: colourOfSample(facts, i),
    }));
    for (const position of this.#positions(this.#samples)) dots.push({ position, size: 8, colour: white });
    for (const position of this.#positions(this.#samples)) dots.push({ position, size: 5.5, colour: ring });
    if (this.#field.code) {
      const position = place(this.#field.code, 0, look.codeSize);
      dots.push({ position, size: 9, colour: white }, { position, size: 6.5, colour: ring });
    }
    if (t < 1) this.#dirty = true;
    await this.#scatter.draw(this.#camera.matrix, dots, this.#linesOf());
  }

  /** The two axes, and the line from dot to dot. */
  #linesOf(): Dot[] {
    const ends = axes(this.#camera.dimensions);
    if (this.#link) {
      const positions = this.#positions();
      const { from, to, at } = this.#link;
      const end = to !== undefined ? positions[to]! : ([...this.#camera.unproject(at), 0] as const);
      ends.push([positions[from]!, ring], [end, ring]);
    }
    return ends.map(([position, colour]) => ({ position, size: 0, colour }));
  }
}
