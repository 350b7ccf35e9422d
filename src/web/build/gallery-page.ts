import { html } from "../../report/html.ts";
import { page } from "../../report/page.ts";

/** A trained model of the gallery. */
export interface Exhibit {
  title: string;
  shows: string;
  /** Relative error in percent. */
  testError: number;
  /** Name of its file, beside the page. */
  file: string;
  /** A PNG: test samples above what the model makes of them. */
  picture: Uint8Array;
}

const own = `
.card a { display: block; color: inherit; text-decoration: none; }
.card a:focus-visible { outline: 2px solid var(--accent); outline-offset: 6px; border-radius: 8px; }
.card a > span { display: inline-block; margin-top: 14px; color: var(--accent); font-weight: 600; }
.card a:hover > span { text-decoration: underline; }
.card img { width: 100%; image-rendering: pixelated; }
`;

/** The page of the gallery: a card for each model, whose picture opens it in the page of the site above. */
export function galleryPage(
  exhibits: readonly Exhibit[],
  { steps, version }: { steps: number; version: string },
): string {
  return page({
    kind: "gallery",
    title: "Trained models",
    verdict: "Touch a model's space of codes without training it.",
    lead: "Each card opens a model in this site: move over its plane of codes, and see what it draws there.",
    facts: [`${exhibits.length} models`, "a moving spot of 16 × 16 pixels", `${steps} steps each`],
    main: html`${exhibits.map(
      ({ title, shows, testError, file, picture }) =>
        html`<section class="card">
          <a href="../index.html?with=&amp;model=gallery/${file}">
            <h2>${title}</h2>
            <p class="lead">${shows} Error on pictures that it has not seen: ${testError.toFixed(1)} %.</p>
            <img
              src="data:image/png;base64,${Buffer.from(picture).toString("base64")}"
              alt="Above, spots that the ${title} has not seen; below, what it makes of them"
            />
            <span>Open it</span>
          </a>
        </section> `,
    )}`,
    footer: `Made by npm run gallery with hestenes ${version}.`,
    style: own,
  });
}
