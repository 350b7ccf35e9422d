import { open, rm, stat } from "node:fs/promises";
import { DownloadError } from "../device/errors.ts";

/** One try that failed, and whether another at the same address may do better. */
export class TransferError extends DownloadError {
  readonly again: boolean;

  constructor(problem: string, again: boolean) {
    super(problem);
    this.again = again;
  }
}

interface ReceiveOptions {
  signal: AbortSignal | undefined;
  /** Longest silence, in milliseconds. */
  timeout: number;
  /** Told how many bytes `part` holds. */
  report: (received: number) => void;
}

/**
 * Brings `part` to `size` bytes from `url`: what it holds is kept when the server can go on from there, otherwise it is
 * written anew. Nothing past `size` bytes is accepted. Throws TransferError.
 */
export async function receive(
  url: string,
  part: string,
  size: number,
  options: ReceiveOptions,
): Promise<void> {
  let held = await stat(part).then(
    (info) => info.size,
    () => 0,
  );
  if (held === size) return;
  if (held > size) {
    await rm(part);
    held = 0;
  }
  const watch = new Watch(options);
  try {
    const response = await ask(url, held, watch);
    const start = await startOf(response, held, size, part);
    await write(response, part, start, size, watch, options.report);
  } finally {
    watch.stop();
  }
}

/** Ends a connection that was silent for too long, or when the caller's signal says so. */
class Watch {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  constructor({ signal, timeout }: ReceiveOptions) {
    const silence = new AbortController();
    this.signal = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
    const reason = new Error(`nothing came for ${timeout / 1000} seconds`);
    this.#timer = setTimeout(() => silence.abort(reason), timeout);
  }

  sawSomething(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function ask(url: string, from: number, watch: Watch): Promise<Response> {
  const headers = { "accept-encoding": "identity", ...(from > 0 && { range: `bytes=${from}-` }) };
  try {
    return await fetch(url, { headers, signal: watch.signal });
  } catch (error) {
    throw new TransferError(`no connection (${reasonOf(error)})`, true);
  }
}

/** Where the response's body goes in the file; throws when it is not the rest, or the whole, of what is wanted. */
async function startOf(response: Response, held: number, size: number, part: string): Promise<number> {
  const { status, headers } = response;
  const refuse = async (problem: string, again: boolean): Promise<never> => {
    await response.body?.cancel();
    throw new TransferError(problem, again);
  };
  if (status === 416) {
    await rm(part, { force: true });
    return refuse("the server refuses to go on from what was received; starting anew", held > 0);
  }
  if (status !== 200 && status !== 206) {
    return refuse(`the server answered ${status}`, status >= 500 || status === 429 || status === 408);
  }
  const start = status === 206 ? held : 0;
  const range = headers.get("content-range");
  if (status === 206 && range !== `bytes ${held}-${size - 1}/${size}`) {
    await rm(part, { force: true });
    return refuse(`the server sends "${range}" where bytes ${held}-${size - 1}/${size} are wanted`, held > 0);
  }
  const length = headers.get("content-length");
  if (length !== null && Number(length) !== size - start) {
    return refuse(`the server offers ${length} bytes where ${size - start} are expected`, false);
  }
  return start;
}

async function write(
  response: Response,
  part: string,
  start: number,
  size: number,
  watch: Watch,
  report: (received: number) => void,
): Promise<void> {
  const file = await open(part, start > 0 ? "a" : "w");
  let held = start;
  try {
    for await (const chunk of body(response)) {
      watch.sawSomething();
      if (held + chunk.length > size) {
        await file.truncate(0);
        throw new TransferError(`the server sends more than the ${size} bytes expected`, false);
      }
      await file.writeFile(chunk);
      held += chunk.length;
      report(held);
    }
  } finally {
    await file.close();
  }
  if (held < size) throw new TransferError(`the connection ended after ${held} of ${size} bytes`, true);
}

/** The body's chunks; a connection that breaks is a TransferError, unlike a disk that is full. */
async function* body(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read().catch((error: unknown) => {
      throw new TransferError(`the connection broke (${reasonOf(error)})`, true);
    });
    if (!next?.value) return;
    yield next.value;
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}
