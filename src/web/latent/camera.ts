import { mat4d as mat4, vec3d as vec3, vec4d as vec4 } from "wgpu-matrix";

export type Point3 = readonly [number, number, number];
type Place = readonly [number, number];

const fieldOfView = 0.7;
const steepest = 1.5;
/** Half the height of what is seen at least: codes that are all alike are to look so. */
const leastReach = 0.25;

/** What is seen: the middle of it, and half its height. */
export interface Fit {
  centre: Point3;
  reach: number;
}

/**
 * How the latent space is looked at: from above on the plane of the first two coordinates, or from a turning place
 * in space on the first three. Places on the screen are in clip space, −1 … 1. It computes in float64, so that what is
 * under the pointer is found to a fraction of a pixel.
 */
export class Camera {
  dimensions: 2 | 3 = 2;
  /** Width over height of the canvas. */
  aspect = 4 / 3;
  centre: Point3 = [0, 0, 0];
  /** Half the height of what is seen. */
  reach = 3;
  #yaw = 0.6;
  #pitch = 0.4;
  readonly #matrix = mat4.identity();

  /** Shows all of `points` (N, codeSize) with a margin, in space however the view is turned. */
  frame(points: Float32Array, codeSize: number): void {
    Object.assign(this, this.fitOf(points, codeSize));
  }

  /** What `frame` shows. */
  fitOf(points: Float32Array, codeSize: number): Fit {
    const low = [Infinity, Infinity, Infinity];
    const high = [-Infinity, -Infinity, -Infinity];
    points.forEach((value, i) => {
      const axis = i % codeSize;
      if (axis >= 3 || !Number.isFinite(value)) return;
      low[axis] = Math.min(low[axis]!, value);
      high[axis] = Math.max(high[axis]!, value);
    });
    const between = (axis: 0 | 1 | 2, combine: (low: number, high: number) => number) =>
      low[axis]! <= high[axis]! ? combine(low[axis]!, high[axis]!) : 0;
    const middle = (axis: 0 | 1 | 2) => between(axis, (l, h) => (l + h) / 2);
    const half = (axis: 0 | 1 | 2) => between(axis, (l, h) => (h - l) / 2);
    const centre: Point3 = [middle(0), middle(1), middle(2)];
    const most =
      this.dimensions === 2
        ? Math.max(half(1), half(0) / this.aspect)
        : radiusOf(points, codeSize, centre) / (Math.cos(fieldOfView / 2) * Math.min(1, this.aspect));
    return { centre, reach: Math.max(leastReach, (this.dimensions === 2 ? 1.18 : 1.08) * most) };
  }

  /** Shows what lies so much of the way, from 0 to 1, between two fits. */
  between(from: Fit, to: Fit, part: number): void {
    const mixed = (axis: 0 | 1 | 2) => (1 - part) * from.centre[axis] + part * to.centre[axis];
    this.centre = [mixed(0), mixed(1), mixed(2)];
    this.reach = from.reach ** (1 - part) * to.reach ** part;
  }

  /** From the eye to the centre; 1 where nothing looks smaller for being far away. */
  get distance(): number {
    return this.dimensions === 2 ? 1 : this.reach / Math.tan(fieldOfView / 2);
  }

  /** How long the axes are: past the edges of the plane; in space, past the dots, and never to behind the eye. */
  get axisLength(): number {
    if (this.dimensions === 3) return 1.5 * this.reach;
    return vec3.length(this.centre) + 2 * this.reach * Math.max(1, this.aspect);
  }

  /** World to clip space. */
  get matrix(): Float64Array {
    const [x, y] = this.centre;
    if (this.dimensions === 2) {
      const wide = this.reach * this.aspect;
      mat4.ortho(x - wide, x + wide, y - this.reach, y + this.reach, -1e4, 1e4, this.#matrix);
      return this.#matrix;
    }
    const { distance } = this;
    const eye = vec3.addScaled(this.centre, this.#axis(2), distance);
    mat4.perspective(fieldOfView, this.aspect, distance / 100, distance * 10, this.#matrix);
    mat4.multiply(this.#matrix, mat4.lookAt(eye, this.centre, [0, 1, 0]), this.#matrix);
    return this.#matrix;
  }

  /** Where a position is on the screen, and how far it is from the eye; 1 where nothing looks smaller for being far away. */
  see(position: Point3): [x: number, y: number, depth: number] {
    const clip = vec4.transformMat4([...position, 1], this.matrix);
    return [clip[0]! / clip[3]!, clip[1]! / clip[3]!, clip[3]!];
  }

  /** Where a position is on the screen. */
  project(position: Point3): [number, number] {
    const [x, y] = this.see(position);
    return [x, y];
  }

  /** The position under a place on the screen that is as far away as `like`. */
  unproject([x, y]: Place, like: Point3 = this.centre): Point3 {
    if (this.dimensions === 2)
      return [this.centre[0] + x * this.reach * this.aspect, this.centre[1] + y * this.reach, like[2]];
    const clip = vec4.transformMat4([...like, 1], this.matrix);
    const w = clip[3]!;
    const place = vec4.transformMat4([x * w, y * w, clip[2]!, w], mat4.inverse(this.matrix));
    return [place[0]! / place[3]!, place[1]! / place[3]!, place[2]! / place[3]!];
  }

  /** `position`, moved by so much of half the screen's height to the right and upwards. */
  shifted(position: Point3, right: number, up: number): Point3 {
    const by = this.reach;
    if (this.dimensions === 2) return [position[0] + right * by, position[1] + up * by, position[2]];
    const moved = vec3.addScaled(position, this.#axis(0), right * by);
    vec3.addScaled(moved, this.#axis(1), up * by, moved);
    return [moved[0]!, moved[1]!, moved[2]!];
  }

  /** Follows a drag by so much of half the screen: shifts the plane, or turns around the centre. */
  drag(dx: number, dy: number): void {
    if (this.dimensions === 2) {
      const [x, y, z] = this.centre;
      this.centre = [x - dx * this.reach * this.aspect, y - dy * this.reach, z];
    } else {
      this.#yaw -= 2 * dx;
      this.#pitch = Math.min(steepest, Math.max(-steepest, this.#pitch - 1.5 * dy));
    }
  }

  zoom(factor: number): void {
    this.reach = Math.min(1e4, Math.max(1e-4, this.reach * factor));
  }

  /** The screen's axes in space: 0 to the right, 1 upwards, 2 towards who looks. */
  #axis(which: 0 | 1 | 2): Point3 {
    const [sy, cy] = [Math.sin(this.#yaw), Math.cos(this.#yaw)];
    const [sp, cp] = [Math.sin(this.#pitch), Math.cos(this.#pitch)];
    if (which === 0) return [cy, 0, -sy];
    return which === 1 ? [-sp * sy, cp, -sp * cy] : [cp * sy, sp, cp * cy];
  }
}

/** From `centre` to the farthest of `points`. */
function radiusOf(points: Float32Array, codeSize: number, centre: Point3): number {
  let most = 0;
  for (let at = 0; at < points.length; at += codeSize) {
    const place = [0, 1, 2].map((axis) => (axis < codeSize ? points[at + axis]! : 0));
    const distance = vec3.distance(place, centre);
    if (distance > most && distance < Infinity) most = distance;
  }
  return most;
}
