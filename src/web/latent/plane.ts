import { make } from "../shared/dom.ts";
import { Frames } from "../shared/frames.ts";
import type { CodeStage, DataFacts, Look } from "../train/protocol.ts";
import { Camera, type Fit, type Point3 } from "./camera.ts";
import { placesOf } from "./codes.ts";
import { linesOf, marks, sampleDots, sizes } from "./dots.ts";
import { CodeOrder } from "./order.ts";
import type { Place } from "./pointer.ts";
import { drawScatter } from "./scatter.ts";
import type { Link } from "./strip.ts";
import { Ticks } from "./ticks.ts";

/** Milliseconds in which dots move to where the model now has them. */
const glide = 350;

/** What is drawn over the dots. */
export interface Overlay {
  /** New codes, (N, codeSize). */
  samples?: Float32Array;
  link?: Link | undefined;
  /** The code at the probe. */
  probe?: Float32Array | undefined;
  /** The dot of the picture that is looked at on another plane. */
  twin?: number | undefined;
}

const keys =
  "Arrow keys move the probe, with Shift they shift or turn the view; plus and minus zoom, 0 resets the view. Enter begins a line at the dot nearest to the probe; Enter again, at another dot, shows the pictures between the two; Escape takes the line away.";

/** The codes of one model as dots. */
export class Plane {
  readonly element: HTMLElement;
  readonly canvas = make("canvas", { className: "scatter", tabIndex: 0 });
  readonly words = make("p", { className: "hint" });
  readonly camera = new Camera();
  readonly #facts: DataFacts;
  readonly #ticks = new Ticks();
  readonly #overlay: () => Overlay;
  order = new CodeOrder();
  /** The last look, with the codes of the stage that is shown, in the order in which they are shown. */
  look: Look | undefined;
  /** Codes as they are drawn: on their way from the last look's to this one's. */
  #codes: Float32Array = new Float32Array();
  #glideFrom: Float32Array = new Float32Array();
  #glideStart = 0;
  /** What is seen at both ends of that way, where the view follows the dots. */
  #fits: readonly [from: Fit, to: Fit] | undefined;
  /** Whether the view follows the dots: until the visitor moves it. */
  #framed = true;
  readonly #frames = new Frames((now) => Promise.resolve(this.#draw(now)));

  /** `overlay` tells what is drawn over the dots now. */
  constructor(lane: number, name: string, facts: DataFacts, overlay: () => Overlay) {
    this.#facts = facts;
    this.#overlay = overlay;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", `Latent space of ${name}. ${keys}`);
    this.element = make(
      "figure",
      { className: `lane-${lane}` },
      make("figcaption", {}, make("i", { className: `swatch lane-${lane}` }), ` ${name}`),
      make("div", { className: "scaled" }, this.canvas, this.#ticks.element),
      this.words,
    );
    new ResizeObserver(() => this.ask()).observe(this.canvas);
  }

  /** Draws before the next frame. */
  ask(): void {
    this.#frames.ask();
  }

  /** Takes in a look at the model; whether its codes are others now, in length or in order. */
  take(look: Look, stage: CodeStage): boolean {
    const before = this.look?.codeSize;
    const given = (stage === 1 ? look.second : undefined) ?? look.codes;
    const changed = this.order.follow(given, look.codeSize, look.isFoundAnew) || before !== look.codeSize;
    const codes = this.order.arrange(given);
    this.look = { ...look, codes };
    this.canvas.dataset.plane = this.order.plane.join();
    if (changed) {
      this.#codes = new Float32Array(); // places elsewhere: nothing to glide from
      this.#framed = true;
      if (look.codeSize < 3) this.camera.dimensions = 2;
    }
    const glides =
      this.#codes.length === codes.length && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#glideFrom = glides ? this.#codes.slice() : codes;
    this.#codes = this.#glideFrom.slice();
    this.#glideStart = performance.now();
    this.#follow(codes, look.codeSize, glides);
    this.ask();
    return changed;
  }

  /** Forgets where the dots were: what comes next is of another kind. */
  forget(): void {
    this.order = new CodeOrder();
    this.#codes = new Float32Array();
  }

  /** Lets the view follow the dots to where they go, unless the visitor moved it. */
  #follow(codes: Float32Array, codeSize: number, glides: boolean): void {
    if (!this.#framed) return;
    const { centre, reach } = this.camera;
    this.#fits = glides ? [{ centre, reach }, this.camera.fitOf(codes, codeSize)] : undefined;
    if (!glides) this.camera.frame(codes, codeSize);
  }

  /** Shows all dots again. */
  reframe(): void {
    this.#framed = true;
    this.#fits = undefined;
    if (this.look) this.camera.frame(this.look.codes, this.look.codeSize);
    this.ask();
  }

  /** Changes the view by hand. */
  move(change: (camera: Camera) => void): void {
    this.#framed = false;
    this.#fits = undefined;
    change(this.camera);
    this.ask();
  }

  /** Where the dots are now. */
  get positions(): Point3[] {
    return placesOf(this.#codes, this.look?.codeSize ?? 1);
  }

  /** The dot within `reach` CSS pixels of a place on the screen that is nearest to it. */
  nearest([x, y]: Place, reach = Infinity): number | undefined {
    const { clientWidth, clientHeight } = this.canvas;
    let best: number | undefined;
    let least = reach ** 2;
    this.positions.forEach((position, i) => {
      const [px, py] = this.camera.project(position);
      const distance = (((px - x) * clientWidth) / 2) ** 2 + (((py - y) * clientHeight) / 2) ** 2;
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  /** The code of a dot. */
  codeOf(dot: number): Float32Array {
    const { codes, codeSize } = this.look!;
    return codes.slice(dot * codeSize, (dot + 1) * codeSize);
  }

  /** Draws what there is; says whether dots are still under way. */
  #draw(now: number): boolean {
    const { look, camera } = this;
    const { clientWidth, clientHeight } = this.canvas;
    if (!look || clientWidth === 0) return false;
    camera.aspect = clientWidth / clientHeight;
    const goesOn = this.#glideTo(look.codes, now);
    this.#ticks.show(camera);
    const { positions } = this;
    const { samples, link, probe, twin } = this.#overlay();
    const places = (codes: Float32Array | undefined) => (codes ? placesOf(codes, look.codeSize) : []);
    const dots = [
      ...sampleDots(positions, this.#facts),
      ...marks(places(samples), sizes.other),
      ...marks(link ? [positions[link.from]!] : [], sizes.begin),
      ...marks(twin === undefined || !positions[twin] ? [] : [positions[twin]], sizes.other),
      ...marks(places(probe), sizes.probe),
    ];
    const ends =
      link && ([positions[link.from]!, link.to === undefined ? link.at : positions[link.to]!] as const);
    drawScatter(this.canvas, camera, dots, linesOf(camera, ends));
    return goesOn;
  }

  /** Moves the dots on their way to `codes`; says whether they are still under way. */
  #glideTo(codes: Float32Array, now: number): boolean {
    const t = Math.min(1, Math.max(0, (now - this.#glideStart) / glide));
    const eased = t * (2 - t);
    if (this.#fits) this.camera.between(...this.#fits, eased);
    for (let i = 0; i < codes.length; i++)
      this.#codes[i] = (1 - eased) * this.#glideFrom[i]! + eased * codes[i]!;
    return t < 1;
  }
}
