import type { Schedule } from "../../src/optim/schedules.ts";

/** An optimizer as plain numbers. */
export interface Rules {
  kind: "adaBelief" | "adam" | "rmsProp" | "sgd";
  rate: number;
  betas?: [number, number];
  epsilon?: number;
  epsilonRoot?: number;
  weightDecay?: number;
  momentum?: number;
  nesterov?: boolean;
  clip?: number;
  schedule?: Schedule;
}

/** The learning rate after `t` updates, in float64. */
export function rateAfter(t: number, rate: number, schedule: Schedule): number {
  const warmup = (schedule.warmup ?? 0) + (schedule.kind === "warmup" ? schedule.steps : 0);
  if (t < warmup) return (rate * (t + 1)) / warmup;
  const since = t - warmup;
  switch (schedule.kind) {
    case "constant":
    case "warmup":
      return rate;
    case "cosine": {
      const { steps, floor = 0 } = schedule;
      const angle = Math.PI * Math.min(1, since / steps);
      return rate * (floor + (1 - floor) * 0.5 * (1 + Math.cos(angle)));
    }
    case "exponential":
      return rate * schedule.decay ** (since / schedule.every);
    case "steps":
      return rate * schedule.factor ** schedule.milestones.filter((milestone) => milestone <= since).length;
  }
}

/** x², infinite where float32 has no such number. */
function squared(x: number): number {
  return Math.fround(x * x) === Infinity ? Infinity : x * x;
}

/** `theta` after `steps` updates, in float64; formulas as in the papers and Optax. */
export function update(
  theta: number[],
  steps: number,
  gradientOf: (t: number, size: number) => number[],
  rules: Rules,
): number[] {
  const { betas: [b1, b2] = [0, 0], epsilon = 0, epsilonRoot = 0, momentum = 0, weightDecay = 0 } = rules;
  const m = theta.map(() => 0);
  const v = theta.map(() => 0);
  for (let t = 0; t < steps; t++) {
    const gradient = gradientOf(t, theta.length);
    const norm = Math.hypot(...gradient);
    const scale = rules.clip === undefined || norm <= rules.clip ? 1 : rules.clip / norm;
    const rate = rateAfter(t, rules.rate, rules.schedule ?? { kind: "constant" });
    gradient.forEach((unclipped, i) => {
      const g = unclipped * scale;
      const adaptive = () => m[i]! / (1 - b1 ** (t + 1)) / (Math.sqrt(v[i]! / (1 - b2 ** (t + 1))) + epsilon);
      let direction: number;
      switch (rules.kind) {
        case "adaBelief":
          m[i] = b1 * m[i]! + (1 - b1) * g;
          v[i] = b2 * v[i]! + (1 - b2) * squared(g - m[i]) + epsilonRoot;
          direction = adaptive();
          break;
        case "adam":
          m[i] = b1 * m[i]! + (1 - b1) * g;
          v[i] = b2 * v[i]! + (1 - b2) * squared(g);
          direction = adaptive();
          break;
        case "rmsProp":
          v[i] = b2 * v[i]! + (1 - b2) * squared(g);
          direction = g / (Math.sqrt(v[i]) + epsilon);
          break;
        case "sgd":
          m[i] = momentum * m[i]! + g;
          direction = rules.nesterov ? g + momentum * m[i] : m[i];
          break;
      }
      theta[i]! -= rate * (direction + weightDecay * theta[i]!);
    });
  }
  return theta;
}
