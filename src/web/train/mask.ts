import { make } from "../shared/dom.ts";

/** A model's mask as bars: how much of each number of its codes it lets through now, within how much at first. */
export class MaskBars {
  readonly element = make("div", { hidden: true });
  readonly #count = make("span", {});
  readonly #bars = make("div", { className: "mask" });

  constructor() {
    this.#bars.setAttribute("role", "img");
    this.element.append(
      make("h3", { className: "soft" }, "What its mask lets through: ", this.#count),
      this.#bars,
      make(
        "p",
        { className: "hint" },
        "A bar for each number of the code, by which it is multiplied. The outline is where the bar began. Training moves each one to 1 or to 0, and a number at 0 is switched off.",
      ),
    );
  }

  /** Shows `mask`, from 0 to 1, of which so many are `open`; nothing where there is none. */
  show(mask: Float32Array | undefined, open: number): void {
    this.element.hidden = mask === undefined;
    if (!mask) return;
    const bars = this.#bars;
    if (bars.childElementCount !== mask.length)
      bars.replaceChildren(...Array.from(mask, (alpha) => barFrom(alpha)));
    mask.forEach((alpha, i) => {
      (bars.children[i] as HTMLElement).style.setProperty("--alpha", alpha.toFixed(3));
    });
    this.#count.replaceChildren(make("b", {}, String(open)), ` of ${mask.length} numbers`);
    bars.setAttribute(
      "aria-label",
      `Mask, number by number: ${Array.from(mask, (alpha) => alpha.toFixed(2)).join(", ")}`,
    );
  }
}

function barFrom(alpha: number): HTMLElement {
  const bar = make("i");
  bar.style.setProperty("--first", alpha.toFixed(3));
  return bar;
}
