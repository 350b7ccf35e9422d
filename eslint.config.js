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

/** Layers whose files run in Node alone, or say by their names which of them do. */
const inNode = ["device", "runs", "report", "reproduce", "cli"];

const noNode = {
  group: ["*.node.ts"],
  message:
    "This runs in pages too, and *.node.ts in Node alone: import it from runs, report, reproduce or cli.",
};

/** The lint rule that forbids `layer` to import from any layer after it. */
function oneWay(layer) {
  const later = layers.slice(layers.indexOf(layer) + 1);
  return {
    files: [`src/${layer}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...later.map((name) => ({
              group: [`../${name}/*`, `../../${name}/*`],
              message: `Imports point one way: ${layers.join(" ← ")}; ${layer} may not import ${name}.`,
            })),
            ...(inNode.includes(layer) ? [] : [noNode]),
          ],
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
  {
    files: ["src/web/**/*.ts"],
    ignores: ["src/web/build/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [noNode] }] },
  },
  { files: ["*.config.ts"], rules: { "no-restricted-syntax": "off" } },
);
