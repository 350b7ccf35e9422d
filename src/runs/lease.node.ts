import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ArgumentError, BusyError } from "../device/errors.ts";
import {
  guardFolder,
  isSystemError,
  makeFolder,
  mended,
  underGuard,
  writeFileAtomic,
  type Guard,
} from "./files.node.ts";
import {
  asideName,
  create,
  described,
  holderOf,
  leaseNames,
  nameOf,
  removeEmpty,
  rename,
  restore,
  seenName,
  type Holder,
} from "./lease-folder.node.ts";
import { hasEnded, ownIdentity, type Identity } from "./machine.node.ts";

// A lease on a run folder, for processes on any number of machines that share it.
//
// The folder `.lease` holds one folder, COUNT-TOKEN. Whatever happens to the lease is a renaming of that one from the name
// that was last seen: its holder counts up, now and then and before each write; another who takes it over counts up and
// puts a token of its own. A file server makes renamings one after the other, and of two from the same name the second
// fails. So nothing depends on clocks, on exclusive creation or on what a client of NFS still has in its cache: who has an
// old view of the lease fails to rename it.
//
// What is written goes into COUNT-TOKEN first and from there to its place, by one more renaming. A process that slept
// through its lease, however long between two calls, no longer finds that folder, nor what it put there.

export interface LeaseOptions {
  /** Seconds without a sign after which others may take the lease over; HESTENES_LEASE or 60 unless given. */
  silence?: number | undefined;
  /** Called once if it takes a while to see whether the holder of the lease is alive. */
  onWait?: ((notice: string) => void) | undefined;
  /** Whom the lease is for: this process, unless a test plays another machine. */
  identity?: Identity | undefined;
}

/** The folders that this process holds a lease of, or is about to. */
const held = new Set<string>();

/** The right to write in a folder. */
export class Lease implements Guard {
  readonly #folder: string;
  readonly #made: readonly string[];
  readonly #token: string;
  readonly #holder: Holder;
  readonly #open = new Map<string, number>();
  #count: number;
  #isLost = false;
  readonly #timer: NodeJS.Timeout;
  readonly #unguard: () => void;

  constructor(folder: string, made: readonly string[], token: string, count: number, holder: Holder) {
    this.#folder = folder;
    this.#made = made;
    this.#token = token;
    this.#count = count;
    this.#holder = holder;
    this.#note("taken");
    underGuard(this, () => {
      for (const name of fs.readdirSync(this.stage))
        if (name !== asideName) fs.rmSync(join(this.stage, name), { recursive: true, force: true });
      fs.rmSync(join(folder, leaseNames[1]), { force: true }); // of an earlier version
      fs.writeFileSync(join(this.stage, "holder.json"), JSON.stringify(holder) + "\n");
    });
    this.#timer = setInterval(() => this.#beat(), (1000 * holder.silence) / 12).unref();
    this.#unguard = guardFolder(folder, this);
    process.on("exit", this.release);
  }

  get stage(): string {
    return join(this.#folder, leaseNames[0], nameOf(this.#count, this.#token));
  }

  /** Shows that this process is alive. Throws BusyError where another has taken the lease over. */
  check(): void {
    if (!this.#isLost && this.#renew()) return this.#note("write");
    throw new BusyError(
      `the run in ${this.#folder} was taken over by ${described(holderOf(this.#folder))}, which had seen no sign of ` +
        `this process for ${this.#holder.silence} seconds; nothing more is written from here`,
    );
  }

  append(path: string, text: string): void {
    let file = this.#open.get(path);
    if (file === undefined) {
      const before = mended(path);
      writeFileAtomic(path, before); // a file that an earlier holder has open is another one from now on
      file = fs.openSync(path, "a");
      this.#open.set(path, file);
    }
    this.check();
    fs.writeSync(file, text);
  }

  replaced(path: string): void {
    const file = this.#open.get(path);
    if (file !== undefined) fs.closeSync(file);
    this.#open.delete(path);
  }

  /** Gives the folder free, and removes what this lease made of it and is still empty. */
  readonly release = (): void => {
    if (!held.delete(this.#folder)) return;
    process.off("exit", this.release);
    clearInterval(this.#timer);
    this.#unguard();
    for (const file of this.#open.values()) fs.closeSync(file);
    if (this.#isLost) return;
    restore(this.#folder, this.stage);
    if (!this.#renew("free.")) return;
    this.#note("released");
    fs.rmSync(join(this.#folder, leaseNames[0], nameOf(this.#count, `free.${this.#token}`)), {
      recursive: true,
    });
    removeEmpty([join(this.#folder, leaseNames[0]), ...this.#made]);
  };

  #beat(): void {
    try {
      if (!this.#isLost) this.#renew();
    } catch (error) {
      if (!isSystemError(error)) throw error; // the server is out of reach: later, or the next write tells
    }
  }

  #renew(prefix = ""): boolean {
    const next = nameOf(this.#count + 1, prefix + this.#token);
    if (!rename(this.#folder, nameOf(this.#count, this.#token), next)) {
      this.#isLost = true;
      this.#note("lost");
      return false;
    }
    this.#count++;
    return true;
  }

  /** Writes down who did what, and when by a clock that all processes of a machine share, where a file for that is named. */
  #note(event: "taken" | "write" | "lost" | "released"): void {
    const log = process.env.HESTENES_LEASE_LOG;
    if (!log) return;
    const { host, pid } = this.#holder;
    const line = { at: Number(process.hrtime.bigint()), event, folder: this.#folder, count: this.#count };
    fs.appendFileSync(log, JSON.stringify({ ...line, token: this.#token, host, pid }) + "\n");
  }
}

/**
 * Takes the lease of a folder, which is made where it is missing. That of a process that has ended, or that gave no sign
 * for the time that it stated itself, is taken over; whether it gives one takes up to that long to see.
 *
 * @throws BusyError if a process, this one included, works there.
 */
export async function takeLease(folder: string, options: LeaseOptions = {}): Promise<Lease> {
  const path = resolve(folder);
  if (held.has(path)) throw new BusyError(`this process trains in ${folder} already`);
  held.add(path);
  try {
    return await take(
      path,
      { ...(options.identity ?? ownIdentity()), silence: silenceOf(options) },
      options.onWait,
    );
  } catch (error) {
    held.delete(path);
    throw error;
  }
}

async function take(folder: string, own: Holder, onWait: LeaseOptions["onWait"]): Promise<Lease> {
  const token = randomBytes(8).toString("hex");
  const made = makeFolder(folder);
  const pause = Math.min(1000, own.silence * 50);
  let seen: string | undefined;
  let quiet = 0;
  let last = performance.now();
  for (;;) {
    const name = seenName(folder);
    if (name === undefined) {
      if (create(folder, token, own)) return new Lease(folder, made, token, 1, own);
      await sleep(pause); // a client of a file server may not see for a while what another put there
      continue;
    }
    const holder = holderOf(folder);
    const isChanged = name !== seen;
    // What passed while this process slept itself does not count.
    quiet = isChanged ? 0 : quiet + Math.min(performance.now() - last, 2 * pause);
    last = performance.now();
    const isFree = name.includes("-free.") || (holder && hasEnded(holder, own));
    if (isFree || quiet > 1000 * (holder?.silence ?? own.silence)) {
      const count = Number.parseInt(name) + 1;
      if (rename(folder, name, nameOf(count, token))) return new Lease(folder, made, token, count, own);
      await sleep(pause);
      continue;
    }
    if (isChanged && seen !== undefined) throw busy(folder, holder);
    if (!isChanged && quiet > 3 * pause && onWait) {
      onWait(`Waiting for a sign of ${described(holder)} in ${folder}, up to ${holder?.silence} seconds.`);
      onWait = undefined;
    }
    seen = name;
    await sleep(pause);
  }
}

/** Seconds without a sign after which a process counts as gone. Throws ArgumentError for what HESTENES_LEASE cannot be. */
export function silenceOf({
  silence = Number(process.env.HESTENES_LEASE || 60),
}: Pick<LeaseOptions, "silence"> = {}): number {
  if (silence >= 0.1) return silence;
  throw new ArgumentError(`HESTENES_LEASE is to be a number of seconds, not "${process.env.HESTENES_LEASE}"`);
}

function busy(folder: string, holder: Holder | undefined): BusyError {
  return new BusyError(`${described(holder)} trains in ${folder}; wait for it, or give another folder`);
}

/** Whether somebody holds the lease of the folder, or held it when a machine failed; and who. */
export function leaseOn(folder: string): { host: string; pid: number } | undefined {
  const holder = holderOf(folder);
  return holder && !hasEnded(holder, ownIdentity()) ? { host: holder.host, pid: holder.pid } : undefined;
}
