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

/** What ends the name of a phase's loss. */
export const OF_PHASE = ".loss";

/**
 * What tells most about a step, first: the loss and its parts; where there are several phases, the loss of each, under the
 * phase's name, without its parts.
 */
export function lossesToTell(losses: Readonly<Record<string, number>>): [name: string, value: number][] {
  const all = Object.entries(losses);
  const ofPhases = all.filter(([name]) => name.endsWith(OF_PHASE));
  return ofPhases.length === 0
    ? all
    : ofPhases.map(([name, value]) => [name.slice(0, -OF_PHASE.length), value]);
}
