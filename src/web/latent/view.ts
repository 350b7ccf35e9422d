import { byId, segments } from "../shared/dom.ts";
import { Frames } from "../shared/frames.ts";
import { dismiss, notice } from "../shared/notices.ts";
import type { Remote } from "../shared/rpc.ts";
import type { CodeStage, DataFacts, Look, TrainApi, TrainEvent } from "../train/protocol.ts";
import { Camera, type Fit, type Point3 } from "./camera.ts";
import { movedTo, placesOf, reachOf } from "./codes.ts";
import { lines, marks, sampleDots } from "./dots.ts";
import { CodeDrawer } from "./drawer.ts";
import { CodeField } from "./field.ts";
import { CodeOrder } from "./order.ts";
import { NewCodes } from "./newCodes.ts";
import { followPointer, type Place } from "./pointer.ts";
import { Scatter } from "./scatter.ts";
import { Strip } from "./strip.ts";
import { Ticks } from "./ticks.ts";

/** Milliseconds in which dots move to where the model now has them. */
const glide = 350;
/** How near to a dot the pointer is on it, in CSS pixels. */
const grasp = 16;
/** By how much of half the plane's height an arrow key moves the probe. */
const stride = 0.06;
/** Milliseconds until another device is asked for to draw with: at first, and when there was none many times. */
const reopenPause = 1000;
const longestPause = 30_000;

/** The latent space of one model: its codes as dots, and what the model draws at any place. */
export class LatentView {
  readonly #canvas = byId("scatter", HTMLCanvasElement);
  readonly #camera = new Camera();
  readonly #ticks = new Ticks();
  readonly #field = new CodeField((code) => this.#probe(code));
  readonly #drawer: CodeDrawer;
  readonly #strip: Strip;
  readonly #newCodes: NewCodes;
  #scatter: Scatter | undefined;
  #facts: DataFacts | undefined;
  #names: string[] = [];
  #looks: readonly Look[] = [];
  /** The last look at the model that is shown, with the codes of the stage that is, in the order in which they are shown. */
  #look: Look | undefined;
  #order = new CodeOrder();
  #lane = 0;
  #stage: CodeStage = 0;
  /** Codes as they are drawn: on their way from the last look's to this one's. */
  #codes: Float32Array = new Float32Array();
  #glideFrom: Float32Array = new Float32Array();
  #glideStart = 0;
  /** What is seen at both ends of that way, where the view follows the dots. */
  #fits: readonly [from: Fit, to: Fit] | undefined;
  /** Whether the view follows the dots: until the visitor moves it. */
  #framed = true;
  /** Whether the probe is where the visitor put it, and no more at the first dot. */
  #isLed = false;
  #isBlind = false;
  readonly #frames = new Frames((now) => this.#drawFrame(now));

  constructor(remote: Remote<TrainApi, TrainEvent>) {
    this.#drawer = new CodeDrawer(remote);
    this.#strip = new Strip(this.#drawer);
    const inView = () =>
      this.#look && { lane: this.#lane, stage: this.#stage, order: this.#order, look: this.#look };
    this.#newCodes = new NewCodes(remote, this.#strip, inView, () => this.#frames.ask());
    void this.#openScatter();
    new ResizeObserver(() => this.#frames.ask()).observe(this.#canvas);
    this.#listen();
  }

  /** Opens a device to draw with; where there is none yet or no more, again after `pause`, then after longer ones. */
  async #openScatter(pause = reopenPause): Promise<void> {
    const again = (pause: number, next: number) => setTimeout(() => void this.#openScatter(next), pause);
    const onLost = () => again(reopenPause, reopenPause);
    this.#scatter = await Scatter.open(this.#canvas, onLost).catch(() => undefined);
    if (!this.#scatter) again(pause, Math.min(longestPause, 2 * pause));
    this.#sayWhetherBlind(!this.#scatter);
    this.#frames.ask();
  }

  /** Says that there is nothing to draw with, where there is something to draw. */
  #sayWhetherBlind(isBlind: boolean): void {
    this.#isBlind = isBlind;
    if (!isBlind) dismiss("scatter");
    else if (this.#facts)
      notice(
        "scatter",
        "The latent space cannot be drawn",
        "The browser gives the page no GPU to draw with. The sliders beside it move through the space all the same.",
      );
  }

  /** Takes the codes that are shown from the last look; whether their order changed. */
  #see(): boolean {
    const look = this.#looks[this.#lane];
    if (!look) {
      this.#look = undefined;
      return false;
    }
    const codes = (this.#stage === 1 ? look.second : undefined) ?? look.codes;
    const changed = this.#order.follow(codes, look.codeSize, look.isFoundAnew);
    this.#look = { ...look, codes: this.#order.arrange(codes) };
    this.#canvas.dataset.plane = this.#order.plane.join();
    return changed;
  }

  /** Starts over with another run's data and models. */
  show(facts: DataFacts, names: string[]): void {
    this.#facts = facts;
    this.#names = names;
    this.#lane = Math.min(this.#lane, names.length - 1);
    this.#stage = 0;
    this.#looks = [];
    this.#see();
    this.#order = new CodeOrder();
    this.#codes = new Float32Array();
    this.#strip.clear();
    this.#showLanes();
    this.#sayWhetherBlind(this.#isBlind);
  }

  #showStages(): void {
    const hasSecond = this.#looks[this.#lane]?.second !== undefined;
    this.#newCodes.offer(hasSecond, this.#stage);
    segments("latent-stages", hasSecond ? ["Codes", "Codes of codes"] : [], this.#stage, (stage) => {
      this.#stage = stage as CodeStage;
      this.#choose(this.#lane);
    });
  }

  #showLanes(): void {
    const names = this.#names.length > 1 ? this.#names : [];
    segments("latent-lanes", names, this.#lane, (lane) => {
      this.#stage = 0;
      this.#choose(lane);
    });
  }

  /** Takes in what the models make of the data now. */
  update(looks: readonly Look[]): void {
    const before = this.#look?.codeSize;
    this.#looks = looks;
    const changed = this.#see();
    const look = this.#look;
    if (!look) return;
    if (changed) this.#codes = new Float32Array(); // places elsewhere: nothing to glide from
    if (changed || look.codeSize !== before) this.#adapt(look);
    const glides =
      this.#codes.length === look.codes.length && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#glideFrom = glides ? this.#codes.slice() : look.codes;
    this.#codes = this.#glideFrom.slice();
    this.#glideStart = performance.now();
    this.#follow(look, glides);
    this.#field.stretch(reachOf(look));
    this.#frames.ask();
    if (!this.#isLed) this.#probe(look.codes.slice(0, look.codeSize), false);
    else if (this.#field.code) this.#drawer.follow(this.#field.code);
    this.#strip.refresh(look);
  }

  /** Lets the view follow the dots to where they go, unless the visitor moved it. */
  #follow({ codes, codeSize }: Look, glides: boolean): void {
    if (!this.#framed) return;
    const { centre, reach } = this.#camera;
    this.#fits = glides ? [{ centre, reach }, this.#camera.fitOf(codes, codeSize)] : undefined;
    if (!glides) this.#camera.frame(codes, codeSize);
  }

  /** Shows the space of another model. */
  #choose(lane: number): void {
    this.#lane = lane;
    this.#codes = new Float32Array();
    this.#order = new CodeOrder();
    this.#strip.clear();
    this.#showLanes();
    this.#see();
    if (!this.#look) return;
    this.#adapt(this.#look);
    this.update(this.#looks);
  }

  /** Fits the controls to codes of another length. */
  #adapt(look: Look): void {
    const { codeSize, codes } = look;
    const [lane, stage, order] = [this.#lane, this.#stage, this.#order];
    this.#drawer.aim(this.#facts, { lane, stage, codeSize, order });
    this.#showStages();
    this.#strip.clear();
    if (codeSize < 3) this.#camera.dimensions = 2;
    this.#field.resize(codeSize, order);
    this.#showDimensions(codeSize);
    this.#framed = true;
    this.#probe(codes.slice(0, codeSize), false);
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
    this.#fits = undefined;
    const look = this.#look;
    if (look) this.#camera.frame(look.codes, look.codeSize);
    this.#frames.ask();
  }

  /** Changes the view by hand. */
  #move(change: () => void): void {
    this.#framed = false;
    this.#fits = undefined;
    change();
    this.#frames.ask();
  }

  #listen(): void {
    byId("home", HTMLButtonElement).onclick = () => {
      this.#strip.clear();
      this.#reframe();
    };
    followPointer(this.#canvas, {
      hover: (at) => this.#hover(at),
      grab: (at) => {
        const from = this.#nearest(at, grasp);
        if (from !== undefined) this.#strip.begin(from, this.#positions()[from]!);
        return from !== undefined;
      },
      pull: (at) => this.#pull(at),
      drop: () => {
        this.#strip.end();
        this.#frames.ask();
      },
      drag: (dx, dy) => this.#move(() => this.#camera.drag(dx, dy)),
      zoom: (factor) => this.#move(() => this.#camera.zoom(factor)),
      step: (dx, dy) => this.#step(dx, dy),
      pick: () => this.#pick(),
      clear: () => {
        this.#strip.clear();
        this.#frames.ask();
      },
      reset: () => this.#reframe(),
    });
  }

  /** Puts the probe under the pointer; how far away it is, and coordinates out of sight, are the nearest dot's. */
  #hover(at: Place): void {
    const look = this.#look;
    if (!look) return;
    const near = this.#nearest(at, Infinity);
    if (near === undefined) return;
    const { codeSize, codes } = look;
    const code = codes.slice(near * codeSize, (near + 1) * codeSize);
    const { dimensions } = this.#camera;
    this.#probe(movedTo(code, this.#camera.unproject(at, this.#positions()[near]), dimensions));
  }

  #step(dx: number, dy: number): void {
    const { code } = this.#field;
    if (!code) return;
    const place = this.#camera.shifted(placesOf(code, code.length)[0]!, stride * dx, stride * dy);
    this.#strip.stretch(place);
    this.#probe(movedTo(code, place, this.#camera.dimensions));
    this.#field.say();
  }

  /** Begins a line at the dot nearest to the probe, or ends there the one that was begun. */
  #pick(): void {
    const look = this.#look;
    const [place] = placesOf(this.#field.code ?? new Float32Array(), look?.codeSize ?? 1);
    const near = place && this.#nearest(this.#camera.project(place), Infinity);
    if (!look || near === undefined) return;
    this.#strip.pick(near, this.#positions()[near]!, look);
    this.#frames.ask();
  }

  #probe(code: Float32Array, byHand = true): void {
    this.#isLed = byHand;
    this.#field.show(code);
    this.#drawer.follow(code);
    this.#frames.ask();
  }

  /** The dot within `reach` CSS pixels of a place on the screen that is nearest to it. */
  #nearest([x, y]: Place, reach: number): number | undefined {
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
  #pull(at: Place): void {
    const look = this.#look;
    const { link } = this.#strip;
    if (!look || !link) return;
    this.#strip.lead(
      this.#camera.unproject(at, this.#positions()[link.from]),
      this.#nearest(at, 3 * grasp),
      look,
    );
    this.#frames.ask();
  }

  #positions(): Point3[] {
    return placesOf(this.#codes, this.#look?.codeSize ?? 1);
  }

  /** Draws what there is; says whether dots are still under way. */
  async #drawFrame(now: number): Promise<boolean> {
    const look = this.#look;
    const { clientWidth, clientHeight } = this.#canvas;
    if (!look || !this.#scatter || !this.#facts || clientWidth === 0) return false;
    this.#camera.aspect = clientWidth / clientHeight;
    const goesOn = this.#glideTo(look.codes, now);
    this.#ticks.show(this.#camera);
    const positions = this.#positions();
    const { link, samples } = this.#strip;
    const { code } = this.#field;
    const dots = [
      ...sampleDots(positions, this.#facts),
      ...marks(placesOf(samples, look.codeSize), 5.5),
      ...marks(link ? [positions[link.from]!] : [], 5.5),
      ...marks(code ? placesOf(code, look.codeSize) : [], 6.5),
    ];
    const ends = link && [positions[link.from]!, link.to === undefined ? link.at : positions[link.to]!];
    const { matrix, distance, dimensions, axisLength } = this.#camera;
    await this.#scatter.draw(matrix, distance, dots, lines(dimensions, axisLength, ends));
    return goesOn;
  }

  /** Moves the dots on their way to `codes`; says whether they are still under way. */
  #glideTo(codes: Float32Array, now: number): boolean {
    const t = Math.min(1, Math.max(0, (now - this.#glideStart) / glide));
    const eased = t * (2 - t);
    if (this.#fits) this.#camera.between(...this.#fits, eased);
    for (let i = 0; i < codes.length; i++)
      this.#codes[i] = (1 - eased) * this.#glideFrom[i]! + eased * codes[i]!;
    return t < 1;
  }
}
