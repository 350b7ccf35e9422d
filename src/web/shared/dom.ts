/** The element with this id, of the class that the code needs. */
export function byId<T extends Element>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} with the id ${id}`);
}

/** A new element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Hands a file to the visitor. */
export function download(name: string, content: Uint8Array<ArrayBuffer> | string, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Whether a key is pressed with others that make it the browser's: to zoom, to go back. */
export function isOfBrowser({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return ctrlKey || metaKey || altKey;
}

/** Buttons of which one is pressed; the keyboard's focus stays where it is when they are made anew. */
export function segments(
  id: string,
  labels: string[],
  chosen: number,
  onChoose: (index: number) => void,
): void {
  const buttons = labels.map((label, index) => {
    const button = make("button", { onclick: () => onChoose(index) }, label);
    button.setAttribute("aria-pressed", String(index === chosen));
    return button;
  });
  const host = byId(id, HTMLElement);
  const hadFocus = host.contains(document.activeElement);
  host.replaceChildren(...buttons);
  if (hadFocus) buttons[chosen]?.focus();
}
