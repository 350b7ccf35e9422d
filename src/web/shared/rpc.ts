/** What one side can be asked to do: names of asynchronous functions. */
type Api<T> = { [K in keyof T]: (...args: never[]) => Promise<unknown> };

interface Request {
  id: number;
  method: string;
  args: unknown[];
}

type Reply = { id: number; result: unknown } | { id: number; error: { name: string; message: string } };
type FromWorker = Reply | { event: unknown };

/** A worker's side of the wire; the library of types for pages does not have it. */
interface WorkerScope {
  onmessage: ((message: MessageEvent<Request>) => void) | null;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as WorkerScope;

/** In a worker: answers requests with `api`, from now on. */
export function serve<T extends Api<T>>(api: T): void {
  scope.onmessage = ({ data: { id, method, args } }) => {
    const run = api[method as keyof T] as unknown as (...args: unknown[]) => Promise<unknown>;
    void Promise.resolve()
      .then(() => run(...args))
      .then(
        (result) => scope.postMessage({ id, result }),
        (error: unknown) => {
          const { name, message } = error instanceof Error ? error : new Error(String(error));
          scope.postMessage({ id, error: { name, message } });
        },
      );
  };
}

/** In a worker: tells the page something that it did not ask for. */
export function tell(event: unknown): void {
  scope.postMessage({ event });
}

/** An error of the worker's, under its own name. */
export class RemoteError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** In a page: the worker, as something to call. */
export class Remote<T extends Api<T>, Event> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #next = 0;

  constructor(worker: Worker, onEvent: (event: Event) => void) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("event" in data) return onEvent(data.event as Event);
      const call = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("error" in data) call?.reject(new RemoteError(data.error.name, data.error.message));
      else call?.resolve(data.result as never);
    };
    worker.onerror = (event) => {
      // One that could not be loaded gives a plain event, without words.
      const why = event instanceof ErrorEvent ? event.message : "the part of it that computes did not load";
      const error = new RemoteError("WorkerError", `This page broke (${why}). Reload it.`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  /** Asks the worker for `method`, and resolves or rejects as it does there. */
  call<K extends keyof T & string>(method: K, ...args: Parameters<T[K]>): ReturnType<T[K]> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, args } satisfies Request);
    }) as ReturnType<T[K]>;
  }
}
