/** One test of a file, as the page knows it. */
export interface PageTest {
  id: string;
  /** The groups that it stands in, outermost first, and its own name. */
  path: string[];
}

/** A file of tests, or why it cannot be loaded. */
export interface PageFile {
  name: string;
  tests: PageTest[];
  error: string | undefined;
}

/** How a test went; `error` is the stack of what it threw, undefined where it passed. */
export interface PageResult {
  id: string;
  error: string | undefined;
}

/** What the tests of a file gave that ran. */
export interface FileResult {
  name: string;
  ran: number;
  failed: string[];
}
