import { byId, segments } from "../shared/dom.ts";

/** Buttons of which one is pressed; the keyboard's focus stays where it is when they are made anew. */
export function choices(
  id: string,
  labels: string[],
  chosen: number,
  onChoose: (index: number) => void,
): void {
  const host = byId(id, HTMLElement);
  const hadFocus = host.contains(document.activeElement);
  segments(id, labels, chosen, onChoose);
  if (hadFocus) (host.children[chosen] as HTMLElement | undefined)?.focus();
}
