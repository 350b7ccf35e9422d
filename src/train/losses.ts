/** The losses of one step by name: `loss` and its parts, or `phase.loss` and so on where there are several phases. */
export interface StepLosses {
  step: number;
  epoch: number;
  losses: Record<string, number>;
}

/** The loss that stands for a step: that of the first phase. */
export function mainLoss(losses: Readonly<Record<string, number>>): number {
  return losses.loss ?? Object.values(losses)[0] ?? NaN;
}
