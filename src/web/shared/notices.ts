import { byId, make } from "./dom.ts";

/**
 * Says something at the top of the page; one that has the same key is replaced. It can be closed, unless there is `more`
 * to read or to press in it.
 */
export function notice(key: string, title: string, text: string, ...more: HTMLElement[]): void {
  const close = make("button", { className: "quiet close", onclick: () => dismiss(key) }, "Close");
  const rest = more.length > 0 ? more : [close];
  const box = make("div", { className: "notice" }, make("h2", {}, title), make("p", {}, text), ...rest);
  box.dataset.key = key;
  dismiss(key);
  byId("notices", HTMLElement).append(box);
}

/** Takes back what was said under these keys. */
export function dismiss(...keys: string[]): void {
  for (const key of keys)
    for (const old of document.querySelectorAll(`#notices > [data-key="${key}"]`)) old.remove();
}

/** Says what to do where there is no WebGPU. */
export function sayNoWebGpu(error: Error): void {
  const steps = [
    "Use a current Chrome or Edge (113 or later), Safari 26 or Firefox 141, or later.",
    "Turn on “Use graphics acceleration when available” in the browser's settings, then restart it.",
    "On Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu and a Vulkan driver.",
    "The page has to come over https or from localhost.",
  ];
  notice(
    "webgpu",
    "This page needs WebGPU, and the browser does not offer it",
    "WebGPU lets a page compute on the graphics processor. Here is what usually helps:",
    make("ul", {}, ...steps.map((step) => make("li", {}, step))),
    make("p", { className: "hint" }, `The browser says: ${error.message}`),
  );
}

/** Shows an error in words; unexpected ones too. */
export function sayError(error: unknown): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === "NoAdapterError") sayNoWebGpu(new Error(message));
  else notice("error", "That did not work", message);
}

/** Says in the bar and in the page's own words that nothing can be done here, and why; what is of no use then is hidden. */
export function sayUnusable(error: unknown, words: string): void {
  document.body.classList.add("unusable");
  const lacks = error instanceof Error && error.name === "NoAdapterError";
  byId("device", HTMLElement).textContent = lacks ? "no WebGPU" : "not opened";
  byId("progress", HTMLElement).textContent = lacks ? words : "This page could not be opened; see above.";
  sayError(error);
}
