import tseslint from "typescript-eslint";

/** The layers of src, lowest first: a file may import from its own layer and from those before it. */
const layers = [
  "device",
  "tensor",
  "ops",
  "nn",
  "optim",
  "latent",
  "data",
  "metrics",
  "models",
  "train",
  "export",
  "runs",
  "report",
  "sweep",
  "reproduce",
  "cli",
  "web",
];

/** Layers, and the folder of the web application, that run in Node as a whole. */
const inNode = ["sweep", "reproduce", "cli", "web/build"];

/** What a file needs Node for. One that imports any of it has a name that ends in `.node.ts`, except in `inNode`. */
const ofNode = [
  {
    regex: "^node:|^(commander|pngjs|sharp|vite|webgpu)$|[.]node[.]ts$",
    message: "This needs Node: call the file that imports it *.node.ts, too, or do without it in pages.",
  },
  {
    group: inNode.map((room) => `**/${room.split("/").at(-1)}/*`),
    message: `What runs in pages imports nothing from ${inNode.join(", ")}.`,
  },
];

const restrict = (files, ignores, patterns) => ({
  files,
  ignores,
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

/** The lint rules that forbid `layer` to import from any layer after it, and all but its Node files to need Node. */
function oneWay(layer) {
  const later = layers.slice(layers.indexOf(layer) + 1).map((name) => ({
    group: [`../${name}/*`, `../../${name}/*`],
    message: `Imports point one way: ${layers.join(" ← ")}; ${layer} may not import ${name}.`,
  }));
  const all = `src/${layer}/**/*.ts`;
  if (inNode.includes(layer)) return [restrict([all], [], later)];
  const node = `src/${layer}/**/*.node.ts`;
  return [
    restrict([all], [node, "src/web/build/**", "src/web/docs/.vitepress/config.ts"], [...later, ...ofNode]),
    restrict([node], [], later),
  ];
}

export default tseslint.config(
  { ignores: ["dist/", "runs/", "node_modules", "**/*.mjs", "eslint.config.js"] },
  ...tseslint.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "No default exports." },
      ],
    },
  },
  ...layers.flatMap(oneWay),
  { files: ["*.config.ts", "src/web/docs/.vitepress/**/*.ts"], rules: { "no-restricted-syntax": "off" } },
);
