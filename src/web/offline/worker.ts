/** The part of a service worker's scope that is used here; the library of types for pages does not have it. */
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listen: (event: LongEvent) => void): void;
  addEventListener(type: "message", listen: () => void): void;
  addEventListener(type: "fetch", listen: (event: FetchEvent) => void): void;
}

interface LongEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** Written by the build: the files that all pages need, and a hash of their contents. */
declare const SITE: { readonly version: string; readonly files: readonly string[] };

const scope = globalThis as unknown as Scope;
const folder = scope.registration.scope;
const prefix = `hestenes ${folder} `;
const current = prefix + SITE.version;

/** Fetches the files of this version; those whose names have their hashes are taken over from the version before. */
async function install(): Promise<void> {
  const cache = await caches.open(current);
  await Promise.all(
    SITE.files.map(async (file) => {
      const kept = file.startsWith("assets/") ? await caches.match(file, { ignoreVary: true }) : undefined;
      const response = kept ?? (await fetch(file, { cache: "no-cache" }));
      if (!response.ok) throw new Error(`${file} came with status ${response.status}`);
      const { body, headers } = response; // without the mark of a redirection, which pages refuse
      await cache.put(file, new Response(body, { headers }));
    }),
  );
}

async function dropOthers(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(prefix) && name !== current);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** The kept file, else what the network has; the benchmark's peers are kept once they were used. */
async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(current);
  const { origin, pathname } = new URL(request.url);
  const isPage = request.mode === "navigate";
  const wanted = isPage && origin + pathname === folder ? "index.html" : request;
  const kept = await cache.match(wanted, { ignoreSearch: isPage, ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && pathname.includes("/assets/")) await cache.put(request, response.clone());
  return response;
}

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(dropOthers()));
scope.addEventListener("message", () => void scope.skipWaiting());
scope.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(folder)) event.respondWith(answer(event.request));
});
