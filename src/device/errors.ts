/** Every error that hestenes throws on purpose. */
export class HestenesError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** Operands whose shapes do not fit an operation. */
export class ShapeError extends HestenesError {}

/** An argument outside the values that a function takes. */
export class ArgumentError extends HestenesError {}

/** A kernel that is launched with bindings, parameters or constants other than its WGSL declares. */
export class KernelError extends HestenesError {}

/** No WebGPU adapter, or none of the name asked for. */
export class NoAdapterError extends HestenesError {}

/** A buffer or grid past what the adapter can do; the message names limit and size. */
export class LimitError extends HestenesError {}

/** The device ran out of memory. */
export class OutOfMemoryError extends HestenesError {}

/** WebGPU refused a command: a bug in a kernel or its launcher, with the compiler's or validator's words. */
export class ValidationError extends HestenesError {}

/** The device was lost or closed; nothing on it can be used any more. */
export class DeviceLostError extends HestenesError {}

/** A value that was freed, or a graph whose gradients were taken already, is used again. */
export class LifetimeError extends HestenesError {}

/** A NaN or an infinity where numbers are needed; the message names the tensor. */
export class NumericalError extends HestenesError {}

/** A file that is truncated, mislabelled or hostile: which one, and the byte at which it went wrong. */
export class DataError extends HestenesError {
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, problem: string) {
    super(`${file}, byte ${offset}: ${problem}`);
    this.file = file;
    this.offset = offset;
  }
}

/** A download that no address could serve whole and unchanged; the message lists what each of them did. */
export class DownloadError extends HestenesError {}

/** Something that another process is using. */
export class BusyError extends HestenesError {}
