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
  "runs",
  "report",
  "reproduce",
  "cli",
  "web",
];

/** The lint rule that forbids `layer` to import from any layer after it. */
function oneWay(layer) {
  const later = layers.slice(layers.indexOf(layer) + 1);
  return {
    files: [`src/${layer}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: later.map((name) => ({
            group: [`../${name}/*`, `../../${name}/*`],
            message: `Imports point one way: ${layers.join(" ← ")}; ${layer} may not import ${name}.`,
          })),
        },
      ],
    },
  };
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
  ...layers.slice(0, -1).map(oneWay),
  { files: ["*.config.ts"], rules: { "no-restricted-syntax": "off" } },
);
