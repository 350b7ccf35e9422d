import { Latest } from "../shared/latest.ts";
import { dismiss, notice, sayError } from "../shared/notices.ts";

/** What puts a run in the place of the one at hand; its argument says whether no other was asked for since. */
type Start = (isLast: () => boolean) => Promise<void>;

interface Run {
  start: Start;
  /** The visitor's file that it begins with. */
  file: string | undefined;
}

/** New runs, one after the other; of those asked for meanwhile, the last. A file whose turn another one took is named. */
export class Runs {
  readonly #runs = new Latest<Run>(
    ({ start }, isLast) => start(isLast).catch(sayError),
    ({ file }) => file !== undefined && this.#sayPassedOver(file),
  );
  #passedOver: string[] = [];

  /** Starts a run once those before it are over; `file` names what the visitor gave for it. */
  give(start: Start, file?: string): void {
    if (!this.#runs.isBusy) {
      this.#passedOver = [];
      dismiss("passed-over");
    }
    this.#runs.give({ start, file });
  }

  /** Resolves once every run that was asked for is set up or passed over. */
  settled(): Promise<void> {
    return this.#runs.settled();
  }

  #sayPassedOver(file: string): void {
    this.#passedOver.push(file);
    const [them, their] = this.#passedOver.length === 1 ? ["it", "its"] : ["them", "their"];
    notice(
      "passed-over",
      "Not loaded",
      `${this.#passedOver.join(", ")}: another run was asked for meanwhile, and took ${their} place. ` +
        `Give ${them} again to load ${them}.`,
    );
  }
}
