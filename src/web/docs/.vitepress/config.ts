import { defineConfig } from "vitepress";
import { anywhere, nowhere } from "../../build/docs/anywhere.ts";
import { apiEntries } from "../../build/docs/api.ts";
import { contents } from "../../build/docs/contents.ts";
import { work } from "../../build/docs/folders.ts";

const sections = contents.map(({ items, ...section }) => ({ ...section, items: [...items] }));
const api = { text: "The API", collapsed: true, items: apiEntries() };

export default defineConfig({
  title: "hestenes",
  description:
    "WebGPU compute kernels with a differentiable SVD inside, and the autoencoders that need one: in Node and in the browser.",
  lang: "en",
  base: nowhere,
  srcDir: work,
  cacheDir: "../../../node_modules/.cache/vitepress",
  markdown: { math: true, theme: { light: "github-light", dark: "github-dark" } },
  head: [["link", { rel: "icon", href: `${nowhere}icon.svg`, type: "image/svg+xml" }]],
  vite: { plugins: [anywhere()], build: { chunkSizeWarningLimit: 4000 } },
  themeConfig: {
    logo: "/icon.svg",
    search: { provider: "local" },
    outline: { level: [2, 3] },
    nav: [
      { text: "Start", link: "/start" },
      { text: "Models", link: "/models" },
      { text: "Recipes", link: "/recipe-pictures" },
      { text: "API", link: "/api/core" },
    ],
    sidebar: [...sections, api],
    docFooter: { prev: "Before", next: "Next" },
  },
});
