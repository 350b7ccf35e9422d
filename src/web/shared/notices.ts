import { byId, make } from "./dom.ts";

/** Errors whose messages are in words for who looks at the page. */
const inWords = /^(?:Argument|Data|DeviceLost|Limit|NoAdapter|Numerical|OutOfMemory|Shape|Worker)Error$/;

/**
 * Says something at the top of the page; one that has the same key is replaced. It can be closed, unless there is `more`
 * to read or to press in it.
 */
export function notice(key: string, title: string, text: string, ...more: HTMLElement[]): void {
  const rest = more.length > 0 ? more : [closing(key)];
  const box = make("div", { className: "notice" }, make("h2", {}, title), make("p", {}, text), ...rest);
  box.dataset.key = key;
  dismiss(key);
  byId("notices", HTMLElement).append(box);
}

function closing(key: string): HTMLElement {
  return make("button", { className: "quiet close", onclick: () => dismiss(key) }, "Close");
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
    technical("What the browser says", error.message),
  );
}

/** What only some want to read. */
function technical(title: string, text: string): HTMLElement {
  return make("details", {}, make("summary", {}, title), make("p", {}, text));
}

/** Whether an error says that the browser offers no WebGPU. */
export function isNoAdapter(error: unknown): boolean {
  return error instanceof Error && error.name === "NoAdapterError";
}

/** Shows an error: in words, and what a library or the browser found wrong where it is asked for. */
export function sayError(error: unknown): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === "NoAdapterError") return sayNoWebGpu(new Error(message));
  if (!inWords.test(name)) {
    const text = "Something in this page went wrong. Try it again; if it does not help, reload the page.";
    return notice(
      "error",
      "That did not work",
      text,
      technical("What went wrong", `${name}: ${message}`),
      closing("error"),
    );
  }
  const [, words = message, found] = /^(.*[.!?]) \((.+)\)$/s.exec(message) ?? [];
  const more = found === undefined ? [] : [technical("What was found in it", found), closing("error")];
  notice("error", "That did not work", words, ...more);
}

/** Says in the bar and in the page's own words that nothing can be done here, and why; what is of no use then is hidden. */
export function sayUnusable(error: unknown, words: string): void {
  document.body.classList.add("unusable");
  const lacks = isNoAdapter(error);
  byId("device", HTMLElement).textContent = lacks ? "no WebGPU" : "not opened";
  byId("progress", HTMLElement).textContent = lacks ? words : "This page could not be opened; see above.";
  sayError(error);
}
