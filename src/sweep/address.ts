import { ArgumentError } from "../device/errors.ts";

const schemes = ["redis:", "rediss:", "postgres:", "postgresql:"];

/** The address of a queue. Throws ArgumentError, without the password that may be in it, for what is none. */
export function queueAddress(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    url = undefined;
  }
  if (url && schemes.includes(url.protocol) && url.hostname !== "") return url;
  throw new ArgumentError(
    "--queue takes an address such as redis://HOST:6379 or postgres://USER:PASSWORD@HOST/DATABASE",
  );
}

/** The address as it may be shown: with dots in the place of the password. */
export function redacted(text: string): string {
  const url = queueAddress(text);
  if (url.password !== "") url.password = "...";
  for (const key of [...url.searchParams.keys()])
    if (/pass|secret|key/i.test(key)) url.searchParams.set(key, "...");
  return url.href;
}

/** Takes the address and its password, in whatever form it is written, out of words of a server or a library. */
export function scrubber(text: string): (words: string) => string {
  const url = queueAddress(text);
  const secrets = [text, url.href, url.password, decoded(url.password), ...url.searchParams.values()];
  const known = [...new Set(secrets)].filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  return (words) =>
    known.reduce((all, secret) => all.replaceAll(secret, secret === text ? redacted(text) : "..."), words);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
