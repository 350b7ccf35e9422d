import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
} from "@vitest/expect";

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from "@vitest/runner";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

/** vitest's own matchers, without what of vitest needs Node. */
export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT) as object,
);
