import { ArgumentError } from "../../device/errors.ts";
import { mostBytes } from "../shared/bytes.ts";

/**
 * The file of a model at an address, which may be of another site where that lets pages read it. No cookies go there.
 *
 * @throws ArgumentError in words for what is no address, does not answer, refuses, or has more than `most` bytes.
 */
export async function modelAt(address: string, most = mostBytes): Promise<File> {
  const url = URL.parse(address, location.href);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new ArgumentError(
      `“${address}” is no address that a page can load a model from. Give one that begins with https://.`,
    );
  const where = url.host === location.host ? url.pathname : url.href;
  let answer: Response;
  try {
    answer = await fetch(url, { credentials: "omit" });
  } catch (error) {
    throw new ArgumentError(
      `${where} cannot be loaded: nothing answers there, or its server does not let pages of other sites read it. Download ` +
        `the file, and drop it here. (${(error as Error).message})`,
    );
  }
  if (!answer.ok)
    throw new ArgumentError(
      `${where} cannot be loaded: its server answers ${answer.status}. Is the address right?`,
    );
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = Number(answer.headers.get("content-length") ?? 0);
  const refuseLarge = () => {
    if (bytes > most)
      throw new ArgumentError(
        `${where} is too large for a page: ${Math.round(most / 1e6).toLocaleString("en")} MB are the most.`,
      );
  };
  refuseLarge();
  bytes = 0;
  const reader = answer.body!.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.length;
      refuseLarge();
      parts.push(part.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (error instanceof ArgumentError) throw error;
    throw new ArgumentError(
      `${where} was not loaded to its end. Try it again. (${(error as Error).message})`,
    );
  }
  return new File(parts, decodeURIComponent(url.pathname.split("/").at(-1) || "model.safetensors"));
}
