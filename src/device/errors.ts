/** Every error that hestenes throws on purpose. Names are written out: minifiers give classes others. */
export class HestenesError extends Error {
  override get name(): string {
    return "HestenesError";
  }
}

/** Operands whose shapes do not fit an operation. */
export class ShapeError extends HestenesError {
  override get name(): string {
    return "ShapeError";
  }
}

/** An argument outside the values that a function takes. */
export class ArgumentError extends HestenesError {
  override get name(): string {
    return "ArgumentError";
  }
}

/** A kernel that is launched with bindings, parameters or constants other than its WGSL declares. */
export class KernelError extends HestenesError {
  override get name(): string {
    return "KernelError";
  }
}

/** No WebGPU adapter, or none of the name asked for. */
export class NoAdapterError extends HestenesError {
  override get name(): string {
    return "NoAdapterError";
  }
}

/** A buffer or grid past what the adapter can do; the message names limit and size. */
export class LimitError extends HestenesError {
  override get name(): string {
    return "LimitError";
  }
}

/** The device ran out of memory. */
export class OutOfMemoryError extends HestenesError {
  override get name(): string {
    return "OutOfMemoryError";
  }
}

/** WebGPU refused a command: a bug in a kernel or its launcher, with the compiler's or validator's words. */
export class ValidationError extends HestenesError {
  override get name(): string {
    return "ValidationError";
  }
}

/** The device was lost or closed; nothing on it can be used any more. */
export class DeviceLostError extends HestenesError {
  override get name(): string {
    return "DeviceLostError";
  }
}

/** A value that was freed, or a graph whose gradients were taken already, is used again. */
export class LifetimeError extends HestenesError {
  override get name(): string {
    return "LifetimeError";
  }
}

/** A NaN or an infinity where numbers are needed; the message names the tensor. */
export class NumericalError extends HestenesError {
  override get name(): string {
    return "NumericalError";
  }
}

/** A file that is truncated, mislabelled or hostile: which one, and the byte at which it went wrong, where it is one. */
export class DataError extends HestenesError {
  readonly file: string;
  readonly offset: number | undefined;
  /** The message without file and byte. */
  readonly problem: string;

  constructor(file: string, offset: number | undefined, problem: string) {
    super(`${file}${offset === undefined ? "" : `, byte ${offset}`}: ${problem}`);
    this.file = file;
    this.offset = offset;
    this.problem = problem;
  }

  override get name(): string {
    return "DataError";
  }
}

/** A download that no address could serve whole and unchanged; the message lists what each of them did. */
export class DownloadError extends HestenesError {
  override get name(): string {
    return "DownloadError";
  }
}

/** Something that another process is using. */
export class BusyError extends HestenesError {
  override get name(): string {
    return "BusyError";
  }
}
