import { byId, segments } from "../shared/dom.ts";
import type { Remote } from "../shared/rpc.ts";
import type { CodeStage, DataFacts, Look, TrainApi, TrainEvent } from "../train/protocol.ts";
import { told } from "../train/words.ts";
import { movedTo, placesOf, reachOf } from "./codes.ts";
import { colourKey } from "./colours.ts";
import { CodeDrawer } from "./drawer.ts";
import { CodeField } from "./field.ts";
import { NewCodes } from "./newCodes.ts";
import { Plane, type Overlay } from "./plane.ts";
import { followPointer, type Place } from "./pointer.ts";
import { Samples } from "./samples.ts";
import { Strip } from "./strip.ts";

/** How near to a dot the pointer is on it, in CSS pixels. */
const grasp = 16;
/** By how much of half the plane's height an arrow key moves the probe. */
const stride = 0.06;

/** The latent spaces of the models side by side: their codes as dots, and what they draw at any place. */
export class LatentView {
  readonly #field = new CodeField((code) => this.#probe(code));
  /** Draws what the model of the plane at hand makes of the probe, and what the other one makes of the same picture. */
  readonly #drawer: CodeDrawer;
  readonly #beside: CodeDrawer;
  readonly #samples: Samples;
  readonly #strip: Strip;
  readonly #newCodes: NewCodes;
  #facts: DataFacts | undefined;
  #names: readonly string[] = [];
  #planes: Plane[] = [];
  /** The plane that was touched last. */
  #lane = 0;
  #stages: CodeStage[] = [];
  #looks: readonly Look[] = [];
  /** The dot nearest to the probe. */
  #dot = 0;
  /** Whether the probe is where the visitor put it, and no more at the first dot. */
  #isLed = false;

  constructor(remote: Remote<TrainApi, TrainEvent>) {
    this.#drawer = new CodeDrawer(remote, byId("decoded", HTMLCanvasElement));
    this.#beside = new CodeDrawer(remote, byId("beside", HTMLCanvasElement));
    this.#samples = new Samples(remote, byId("given", HTMLCanvasElement));
    this.#strip = new Strip(this.#drawer);
    const inView = () => {
      const { look, order } = this.#plane ?? {};
      return look && order && { lane: this.#lane, stage: this.#stage, order, look };
    };
    this.#newCodes = new NewCodes(remote, this.#strip, inView, () => this.#ask());
    byId("home", HTMLButtonElement).onclick = () => {
      this.#strip.clear();
      for (const plane of this.#planes) plane.reframe();
    };
  }

  get #plane(): Plane | undefined {
    return this.#planes[this.#lane];
  }

  get #stage(): CodeStage {
    return this.#stages[this.#lane] ?? 0;
  }

  #ask(): void {
    for (const plane of this.#planes) plane.ask();
  }

  /** Starts over with another run's data and models. */
  show(facts: DataFacts, names: readonly string[]): void {
    this.#facts = facts;
    this.#names = names;
    this.#lane = Math.min(this.#lane, names.length - 1);
    this.#stages = names.map(() => 0);
    this.#looks = [];
    this.#isLed = false;
    this.#planes = names.map((name, lane) => {
      const plane = new Plane(lane, name, facts, () => this.#overlayOf(lane));
      this.#listen(plane, lane);
      return plane;
    });
    this.#strip.clear();
    this.#samples.show(facts);
    byId("planes", HTMLElement).replaceChildren(...this.#planes.map(({ element }) => element));
    byId("colours", HTMLElement).replaceChildren(...colourKey(facts));
    for (const part of document.querySelectorAll<HTMLElement>(".of-other")) part.hidden = names.length < 2;
  }

  #overlayOf(lane: number): Overlay {
    if (lane !== this.#lane) return { twin: this.#dot };
    const { link, samples } = this.#strip;
    return { link, samples, probe: this.#field.code };
  }

  /** Takes in what the models make of the data, now or, where it is replayed, then: they draw as they are now alone. */
  update(looks: readonly Look[], isNow = true): void {
    byId("latent", HTMLElement).classList.toggle("past", !isNow);
    this.#looks = looks;
    const changed = this.#planes.map((plane, lane) => {
      const look = looks[lane]!;
      plane.words.textContent = told(look);
      return plane.take(look, this.#stages[lane] ?? 0);
    });
    const look = this.#plane?.look;
    if (!look) return;
    if (changed.includes(true)) this.#adapt();
    this.#field.stretch(reachOf(look));
    if (!isNow) return;
    if (!this.#isLed) this.#probe(this.#plane.codeOf(0), false);
    else if (this.#field.code) this.#follow(this.#field.code);
    this.#strip.refresh(look);
  }

  /** Fits the controls to the plane at hand. */
  #adapt(): void {
    const look = this.#plane?.look;
    if (!look) return;
    const [lane, other] = [this.#lane, 1 - this.#lane];
    const aimOf = (at: number) => {
      const { look, order } = this.#planes[at]!;
      return { lane: at, stage: this.#stages[at]!, codeSize: look!.codeSize, order };
    };
    this.#drawer.aim(this.#facts, aimOf(lane));
    if (this.#planes[other]?.look) this.#beside.aim(this.#facts, aimOf(other));
    byId("decoded-name", HTMLElement).textContent = `${this.#names[lane]} draws this place`;
    byId("beside-name", HTMLElement).textContent = `${this.#names[other]} redraws it`;
    this.#planes.forEach(({ element }, at) => element.classList.toggle("at-hand", at === lane));
    this.#showStages();
    this.#showDimensions();
    this.#strip.clear();
    this.#field.resize(look.codeSize, this.#plane.order);
    this.#probe(this.#plane.codeOf(0), false);
  }

  #showStages(): void {
    const hasSecond = this.#looks[this.#lane]?.second !== undefined;
    this.#newCodes.offer(hasSecond, this.#stage);
    segments("latent-stages", hasSecond ? ["Codes", "Codes of codes"] : [], this.#stage, (stage) => {
      this.#stages[this.#lane] = stage as CodeStage;
      this.#plane?.forget();
      this.update(this.#looks);
      this.#adapt();
    });
  }

  #showDimensions(): void {
    const plane = this.#plane!;
    const labels = plane.look!.codeSize >= 3 ? ["2-D", "3-D"] : [];
    segments("dimensions", labels, plane.camera.dimensions - 2, (index) => {
      for (const each of this.#planes) {
        each.camera.dimensions = index === 1 && (each.look?.codeSize ?? 0) >= 3 ? 3 : 2;
        each.reframe();
      }
      this.#showDimensions();
    });
  }

  /** The visitor is at this plane now. */
  #turnTo(lane: number): void {
    if (lane === this.#lane) return;
    this.#lane = lane;
    this.#adapt();
    this.#ask();
  }

  #listen(plane: Plane, lane: number): void {
    plane.canvas.addEventListener("focus", () => this.#turnTo(lane));
    followPointer(plane.canvas, {
      hover: (at) => {
        this.#turnTo(lane);
        this.#hover(at);
      },
      grab: (at) => {
        const from = plane.nearest(at, grasp);
        if (from !== undefined) this.#strip.begin(from, plane.positions[from]!);
        return from !== undefined;
      },
      pull: (at) => this.#pull(at),
      drop: () => {
        this.#strip.end();
        plane.ask();
      },
      drag: (dx, dy) => plane.move((camera) => camera.drag(dx, dy)),
      zoom: (factor) => plane.move((camera) => camera.zoom(factor)),
      step: (dx, dy) => this.#step(dx, dy),
      pick: () => this.#pick(),
      clear: () => {
        this.#strip.clear();
        plane.ask();
      },
      reset: () => plane.reframe(),
    });
  }

  /** Puts the probe under the pointer; how far away it is, and coordinates out of sight, are the nearest dot's. */
  #hover(at: Place): void {
    const plane = this.#plane;
    const near = plane?.look && plane.nearest(at);
    if (!plane || near === undefined) return;
    const { camera } = plane;
    const place = camera.unproject(at, plane.positions[near]);
    this.#probe(movedTo(plane.codeOf(near), place, camera.dimensions));
  }

  #step(dx: number, dy: number): void {
    const plane = this.#plane;
    const { code } = this.#field;
    if (!plane || !code) return;
    const place = plane.camera.shifted(placesOf(code, code.length)[0]!, stride * dx, stride * dy);
    this.#strip.stretch(place);
    this.#probe(movedTo(code, place, plane.camera.dimensions));
    this.#field.say();
  }

  /** Begins a line at the dot nearest to the probe, or ends there the one that was begun. */
  #pick(): void {
    const plane = this.#plane;
    if (!plane?.look) return;
    this.#strip.pick(this.#dot, plane.positions[this.#dot]!, plane.look);
    plane.ask();
  }

  #probe(code: Float32Array, byHand = true): void {
    this.#isLed = byHand;
    this.#field.show(code);
    this.#follow(code);
    this.#ask();
  }

  /** Draws what is at the probe, and the picture of the dot nearest to it, as it was given and as the other model redraws it. */
  #follow(code: Float32Array): void {
    const plane = this.#plane;
    if (!plane?.look) return;
    const [place] = placesOf(code, plane.look.codeSize);
    this.#dot = plane.nearest(plane.camera.project(place!)) ?? 0;
    this.#drawer.follow(code);
    this.#samples.follow(this.#dot);
    const other = this.#planes[1 - this.#lane];
    if (other?.look) this.#beside.follow(other.codeOf(this.#dot));
  }

  /** Draws a line from the dot that is held to the pointer, what is there, and what lies between it and the dot there. */
  #pull(at: Place): void {
    const plane = this.#plane;
    const { link } = this.#strip;
    if (!plane?.look || !link) return;
    const place = plane.camera.unproject(at, plane.positions[link.from]);
    this.#strip.lead(place, plane.nearest(at, 3 * grasp), plane.look);
    this.#probe(movedTo(plane.codeOf(link.from), place, plane.camera.dimensions));
  }
}
