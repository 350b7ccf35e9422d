import { BaseSequencer, type TestSequencerConstructor, type TestSpecification } from "vitest/node";

/**
 * Starts these files before the others that run beside them. vitest begins with those that took longest, and where it has
 * not run them yet, with the largest: a short one that takes long would keep one process waiting for the other in the end.
 */
export function beginningWith(...files: string[]): TestSequencerConstructor {
  return class extends BaseSequencer {
    override async sort(all: TestSpecification[]): Promise<TestSpecification[]> {
      const sorted = await super.sort(all);
      const isEarly = ({ moduleId }: TestSpecification) => files.some((file) => moduleId.endsWith(file));
      return [...sorted.filter(isEarly), ...sorted.filter((one) => !isEarly(one))];
    }
  };
}
