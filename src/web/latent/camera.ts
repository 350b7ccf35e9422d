import { mat4, vec3, vec4 } from "wgpu-matrix";

export type Point3 = readonly [number, number, number];

const fieldOfView = 0.7;

/**
 * How the latent space is looked at: from above on the plane of the first two coordinates, or from a turning place
 * in space on the first three. Positions of the screen are in clip space, −1 … 1.
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
  #matrix = mat4.identity();

  /** Shows all of `points` (N, codeSize) with a margin. */
  frame(points: Float32Array, codeSize: number): void {
    const axes = Math.min(3, codeSize);
    const low = [Infinity, Infinity, Infinity];
    const high = [-Infinity, -Infinity, -Infinity];
    points.forEach((value, i) => {
      const axis = i % codeSize;
      if (axis >= axes || !Number.isFinite(value)) return;
      low[axis] = Math.min(low[axis]!, value);
      high[axis] = Math.max(high[axis]!, value);
    });
    const middle = low.map((l, axis) => (axis < axes && Number.isFinite(l) ? (l + high[axis]!) / 2 : 0));
    const half = low.map((l, axis) => (axis < axes && Number.isFinite(l) ? (high[axis]! - l) / 2 : 0));
    this.centre = middle as unknown as Point3;
    this.reach =
      1.18 * Math.max(1e-3, half[1]!, half[0]! / this.aspect, this.dimensions === 3 ? half[2]! : 0);
  }

  /** World to clip space. */
  get matrix(): Float32Array {
    const [x, y, z] = this.centre;
    if (this.dimensions === 2) {
      const wide = this.reach * this.aspect;
      mat4.ortho(x - wide, x + wide, y - this.reach, y + this.reach, -1e4, 1e4, this.#matrix);
      return this.#matrix;
    }
    const distance = (1.7 * this.reach) / Math.tan(fieldOfView / 2);
    const eye = vec3.add(this.centre, [
      distance * Math.cos(this.#pitch) * Math.sin(this.#yaw),
      distance * Math.sin(this.#pitch),
      distance * Math.cos(this.#pitch) * Math.cos(this.#yaw),
    ]);
    mat4.perspective(fieldOfView, this.aspect, distance / 100, distance * 10, this.#matrix);
    mat4.multiply(this.#matrix, mat4.lookAt(eye, [x, y, z], [0, 1, 0]), this.#matrix);
    return this.#matrix;
  }

  /** Where a position is on the screen. */
  project(position: Point3): [number, number] {
    const clip = vec4.transformMat4([...position, 1], this.matrix);
    const w = clip[3]!;
    return [clip[0]! / w, clip[1]! / w];
  }

  /** The position in the plane under a place on the screen; from above only. */
  unproject([x, y]: readonly [number, number]): [number, number] {
    return [this.centre[0] + x * this.reach * this.aspect, this.centre[1] + y * this.reach];
  }

  /** Follows a drag by so much of the screen: shifts the plane, or turns around the centre. */
  drag(dx: number, dy: number): void {
    if (this.dimensions === 2) {
      const [x, y, z] = this.centre;
      this.centre = [x - dx * this.reach * this.aspect, y - dy * this.reach, z];
    } else {
      this.#yaw -= 2 * dx;
      this.#pitch = Math.min(1.5, Math.max(-1.5, this.#pitch - 1.5 * dy));
    }
  }

  zoom(factor: number): void {
    this.reach = Math.min(1e4, Math.max(1e-4, this.reach * factor));
  }
}
