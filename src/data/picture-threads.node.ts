import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from "node:worker_threads";
import { DataError, HestenesError } from "../device/errors.ts";
import type { Message, PictureAnswers, PictureRequest, Problem, Reply } from "./picture-requests.node.ts";

/** Milliseconds that a thread may show no sign of life, at most. */
const patience = 300_000;

/** Threads that read pictures unless told otherwise: one a core, while those of libuv, which decode, are four. */
export const usualThreads = (): number => Math.min(8, availableParallelism());

const threads: (PictureThread | undefined)[] = [];

/** The thread of that number, which is started when it is first asked for, and again after it has ended. */
export function threadOf(index: number): PictureThread {
  const there = threads[index];
  if (there && !there.hasEnded) return there;
  return (threads[index] = new PictureThread());
}

interface Waiting {
  done: (answer: unknown) => void;
  failed: (error: Error) => void;
  onRead: ((read: number) => void) | undefined;
}

/** What was asked for without waiting; `wait` waits for it. */
export interface Begun<Kind extends PictureRequest["kind"]> {
  readonly isDone: boolean;
  wait(): PictureAnswers[Kind];
  /** Says that no one will wait for it. */
  forget(): void;
}

/**
 * A thread that reads, decodes and resizes pictures. It keeps no process alive but while something is awaited from it.
 */
export class PictureThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** Counts the seconds that the thread is alive. */
  readonly #beat = flag();
  readonly #waiting = new Map<number, Waiting>();
  /** Answers that are to be stood still for, those that are there. */
  readonly #expected = new Map<number, Reply | undefined>();
  #last = 0;
  hasEnded = false;

  constructor() {
    try {
      // sharp asks for this on Linux: its libraries have to stay when the thread ends.
      createRequire(import.meta.url)("sharp");
    } catch (cause) {
      throw new HestenesError(
        `pictures are read with the package sharp, which cannot be loaded: ${(cause as Error).message}`,
        { cause },
      );
    }
    const { port1, port2 } = new MessageChannel();
    const suffix = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    this.#worker = new Worker(new URL("../../src/data/picture-thread.mjs", import.meta.url), {
      workerData: {
        module: new URL(`./picture-thread.node${suffix}`, import.meta.url).href,
        port: port2,
        beat: this.#beat,
      },
      transferList: [port2],
      execArgv: [],
    });
    this.#port = port1;
    this.#worker.unref();
    this.#worker.on("error", (error) => this.#end(error.message));
    this.#worker.on("exit", () => this.#end("it ended"));
    port1.on("message", (reply: Reply) => this.#take(reply));
    port1.unref();
  }

  /** Asks, and waits for the answer. Throws DataError about a file, HestenesError where no answer comes. */
  answer<Request extends PictureRequest>(request: Request): PictureAnswers[Request["kind"]] {
    return this.begin(request).wait();
  }

  /** Asks, to wait for the answer later. */
  begin<Request extends PictureRequest>(request: Request): Begun<Request["kind"]> {
    const { id, state } = this.#send(request);
    this.#expected.set(id, undefined);
    return {
      get isDone() {
        return Atomics.load(state, 0) === 1;
      },
      wait: () => {
        this.#stand(state);
        return answerOf(this.#replyTo(id)) as PictureAnswers[Request["kind"]];
      },
      forget: () => void this.#expected.delete(id),
    };
  }

  /** Asks, without standing still. Rejects as `answer` throws; at once, with its reason, where the signal is aborted. */
  async ask<Request extends PictureRequest>(
    request: Request,
    {
      onRead,
      signal,
    }: { onRead?: ((read: number) => void) | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<PictureAnswers[Request["kind"]]> {
    signal?.throwIfAborted();
    if (this.#waiting.size === 0) this.#worker.ref();
    const { id } = this.#send(request);
    const abort = () => this.#waiting.get(id)?.failed(signal!.reason as Error);
    signal?.addEventListener("abort", abort);
    try {
      return await new Promise((resolve, reject) => {
        const done = (answer: unknown) => resolve(answer as PictureAnswers[Request["kind"]]);
        this.#waiting.set(id, { done, failed: reject, onRead });
      });
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker.unref();
    }
  }

  /** Ends the thread, and what it is at. */
  async stop(): Promise<void> {
    this.#end("it was stopped");
    await this.#worker.terminate();
  }

  #send(request: PictureRequest): Message {
    const message: Message = { id: ++this.#last, request, state: flag() };
    const owned = request.kind === "decode" ? [request.bytes.buffer as ArrayBuffer] : [];
    this.#worker.postMessage(message, owned);
    return message;
  }

  /** Stands still until the state is 1: as long as it takes, while the thread lives. */
  #stand(state: Int32Array): void {
    let beat = Atomics.load(this.#beat, 0);
    let since = performance.now();
    while (Atomics.wait(state, 0, 0, 1000) === "timed-out") {
      const now = Atomics.load(this.#beat, 0);
      if (now !== beat) since = performance.now();
      beat = now;
      if (performance.now() - since < patience) continue;
      void this.stop();
      throw new HestenesError(
        `pictures: the thread that reads them has not moved for ${patience / 1000} seconds; there may be too little memory`,
      );
    }
  }

  #replyTo(id: number): Reply {
    for (;;) {
      const there = this.#expected.get(id);
      if (there) {
        this.#expected.delete(id);
        return there;
      }
      const next = receiveMessageOnPort(this.#port) as { message: Reply } | undefined;
      if (!next) throw new HestenesError("pictures: sharp gave no answer; there may be too little memory");
      this.#take(next.message);
    }
  }

  /** Passes a reply on to who awaits it, or keeps it for who will stand still for it. */
  #take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) {
      if (this.#expected.has(reply.id)) this.#expected.set(reply.id, reply);
      return;
    }
    if ("read" in reply) return waiting.onRead?.(reply.read);
    try {
      waiting.done(answerOf(reply));
    } catch (error) {
      waiting.failed(error as Error);
    }
  }

  #end(why: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#port.close();
    for (const { failed } of this.#waiting.values())
      failed(
        new HestenesError(
          `pictures: the thread that reads them failed (${why}); there may be too little memory`,
        ),
      );
    this.#waiting.clear();
  }
}

function answerOf(reply: Reply): unknown {
  if ("problem" in reply) throw errorOf(reply.problem);
  return "answer" in reply ? reply.answer : undefined;
}

function errorOf({ file, offset, problem }: Problem): Error {
  return file === undefined
    ? new HestenesError(`pictures: ${problem}`)
    : new DataError(file, offset, problem);
}

const flag = () => new Int32Array(new SharedArrayBuffer(4));
