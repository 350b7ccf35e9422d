import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import type * as ffi from "ffi-rs";

/** glibc's flag that keeps a library loaded after its handle is closed. */
export const RTLD_NODELETE = 0x1000;

/** Functions of Linux's C library that Node has none for. */
export interface LibC {
  dup(descriptor: number): number;
  dup2(from: number, to: number): number;
  /** A descriptor of a file in memory. */
  memfd_create(name: string, flags: number): number;
  setenv(name: string, value: string, overwrite: number): number;
}

let library: LibC | undefined | null;

/**
 * The C library; undefined where there is none, where the optional package `ffi-rs`, which calls it, is missing, and in Deno,
 * where its calls lose what promises of Dawn's are rejected with.
 */
export function libC(): LibC | undefined {
  if (library === undefined)
    library = process.platform === "linux" && !("Deno" in globalThis) ? openLibC() : null;
  return library ?? undefined;
}

function openLibC(): LibC | null {
  try {
    const require = createRequire(import.meta.url ?? join(process.cwd(), "bundle.cjs"));
    if (!isMainThread) {
      // Its binary crashes where a thread that ends unloads it.
      const binary = createRequire(require.resolve("ffi-rs")).resolve(
        `@yuuang/ffi-rs-linux-${process.arch}-gnu`,
      );
      process.dlopen({ exports: {} }, binary, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    }
    const { DataType, load, open } = require("ffi-rs") as typeof ffi;
    open({ library: "hestenes-libc", path: "libc.so.6" });
    const call = (funcName: keyof LibC, ...paramsValue: (string | number)[]) =>
      load({
        ...{ library: "hestenes-libc", funcName, retType: DataType.I32, paramsValue },
        paramsType: paramsValue.map((value) => (typeof value === "string" ? DataType.String : DataType.I32)),
      });
    return {
      dup: (descriptor) => call("dup", descriptor),
      dup2: (from, to) => call("dup2", from, to),
      memfd_create: (name, flags) => call("memfd_create", name, flags),
      setenv: (name, value, overwrite) => call("setenv", name, value, overwrite),
    };
  } catch {
    return null;
  }
}
