import { make } from "../shared/dom.ts";
import { notice } from "../shared/notices.ts";

/** Says that a newer version was fetched; the page at hand goes on with its own until the visitor wants the new one. */
function offer(worker: ServiceWorker): void {
  const takeOver = () => {
    navigator.serviceWorker.oncontrollerchange = () => location.reload();
    worker.postMessage("take over");
  };
  const reload = make("button", { onclick: takeOver }, "Reload");
  notice("update", "There is a newer version of this site", "What runs here ends when it is loaded.", reload);
}

/** Lets the site work without a network once it was loaded. */
async function register(): Promise<void> {
  const registration = await navigator.serviceWorker.register("./offline.js");
  const isUpdate = () => navigator.serviceWorker.controller !== null;
  if (registration.waiting && isUpdate()) offer(registration.waiting);
  registration.onupdatefound = () => {
    const worker = registration.installing!;
    worker.onstatechange = () => {
      if (worker.state === "installed" && isUpdate()) offer(worker);
    };
  };
}

if ("serviceWorker" in navigator) register().catch(() => undefined); // where it is refused, the page works online
