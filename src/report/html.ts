/** A piece of a page that is markup already and is not escaped again. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = Html | string | number | undefined | readonly Part[];

/**
 * A template whose values are escaped, in text and in quoted attributes alike; values made by `html` itself are
 * taken as they are, lists one after the other, and `undefined` is left out.
 */
export function html(fixed: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(fixed.map((text, i) => text + markupOf(values[i])).join(""));
}

function markupOf(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.markup;
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  return part.map(markupOf).join("");
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
