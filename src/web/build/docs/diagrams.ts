import type { ModelName } from "../../../models/known.ts";

/** The way of a sample through each model, and below it what else is computed: values, and in brackets what makes them. */
const ways: Readonly<Record<ModelName, readonly string[]>> = {
  ae: ["x → [encoder] → z, k numbers → [decoder] → x̂"],
  "long-ae": ["x → [encoder] → z, L numbers → [decoder] → x̂"],
  rrae: ["x → [encoder] → H → [SVD] → V S Uᵀ → [cut at k] → Vₖ Sₖ Uₖᵀ → [decoder] → x̂"],
  vrrae: ["x → [encoder] → H → [SVD, cut at k] → α, U → [+ ε σ(α)] → z → [· Uᵀ] → [decoder] → x̂"],
  vae: ["x → [encoder] → h → [mean, variance] → μ, σ² → [+ ε σ] → z → [decoder] → x̂"],
  "vae-identity": ["x → [encoder] → μ → [+ ε σ] → z → [decoder] → x̂", "h → [variance] → σ²"],
  "rrae-vae": [
    "x → [encoder] → H → [SVD, cut at k] → α, U → [mean, variance] → μ, σ² → z → [· Uᵀ] → [decoder] → x̂",
  ],
  irmae: ["x → [encoder] → h → [W₁] → … → [Wₗ] → z → [decoder] → x̂"],
  lorae: ["x → [encoder] → h → [W] → z → [decoder] → x̂", "W → [SVD] → Σ s → loss"],
  contractive: ["x → [encoder] → [sigmoid] → z → [decoder] → x̂", "∂z / ∂x → [‖·‖²] → loss"],
  sparse: ["x → [encoder] → [sigmoid] → z → [decoder] → x̂", "mean of z → [KL from ρ] → loss"],
  "likelihood-vae": [
    "x → [encoder] → μ, σ² → [+ ε σ] → z → [decoder] → x̂",
    "error of x̂ → [running mean] → γ²",
  ],
  "two-stage": ["x → [encoder] → z → [decoder] → x̂", "z → [second encoder] → u → [second decoder] → ẑ"],
  rae: ["x → [encoder] → z → [decoder] → x̂", "z → [½ ‖·‖²] → loss"],
  "rae-l2": ["x → [encoder] → z → [decoder] → x̂", "W of the decoder → [Σ W²] → loss"],
  "rae-gp": ["x → [encoder] → z → [decoder] → x̂", "z + h v → [decoder] → x̃ → [‖x̃ − x̂‖² / h²] → loss"],
  "rae-sn": ["x → [encoder, spectral] → z → [decoder, spectral] → x̂", "z → [½ ‖·‖²] → loss"],
  "wae-mmd": ["x → [encoder] → z → [decoder] → x̂", "z, p ~ N(0, I) → [MMD] → loss"],
  "wae-gan": ["x → [encoder] → z → [decoder] → x̂", "z, p ~ N(0, I) → [critic] → real or not?"],
  aae: ["x → [encoder] → z → [decoder] → x̂", "z, p ~ N(0, I) → [critic] → real or not?"],
  "info-vae": ["x → [encoder] → μ, σ² → [+ ε σ] → z → [decoder] → x̂", "z, p ~ N(0, I) → [MMD] → loss"],
  "factor-vae": [
    "x → [encoder] → μ, σ² → [+ ε σ] → z → [decoder] → x̂",
    "z, z permuted → [critic] → of one sample?",
  ],
  "vae-flow": ["x → [encoder] → μ, σ² → [+ ε σ] → z₀ → [flow] → z → [decoder] → x̂"],
  "mask-aae": ["x → [encoder] → z → [· α] → ẑ → [decoder] → x̂", "ẑ, p · α → [critic] → real or not?"],
  "flex-ae": [
    "x → [encoder] → z → [decoder] → x̂",
    "n ~ N(0, I) → [generator] → G(n), z → [critic] → real or not?",
  ],
  "flex-ae-sr": [
    "x → [encoder] → z → [decoder] → x̂",
    "n ~ N(0, I) → [generator] → G(n), z → [critic] → real or not?",
    "between two z → [decoder] → x̃ → [image critic] → real or not?",
  ],
};

const [rise, gap, letter] = [58, 22, 8.2];

/** A drawing of a model: an SVG that takes the colours of its page. */
export function diagramOf(model: ModelName): string {
  const rows = ways[model].map((way, row) => rowOf(way.split(" → "), 30 + rise * row));
  const width = Math.max(...rows.map((row) => row.width));
  const [w, h] = [Math.ceil(width), rise * rows.length];
  const label = ways[model].join("; ").replaceAll("[", "").replaceAll("]", "");
  return `<svg class="diagram" role="img" aria-label="${label}" viewBox="0 0 ${w} ${h}" style="max-width: ${w}px">${rows.map(({ text }) => text).join("")}</svg>`;
}

function rowOf(parts: readonly string[], y: number): { text: string; width: number } {
  let x = 4;
  const drawn = parts.map((part, i) => {
    const isMade = part.startsWith("[");
    const words = isMade ? part.slice(1, -1) : part;
    const wide = letter * [...words].length + (isMade ? 22 : 6);
    const arrow = i === 0 ? "" : `<path d="M${x} ${y}h${gap - 6}m-5 -4l5 4l-5 4" />`;
    if (i > 0) x += gap;
    const box = isMade ? `<rect x="${x}" y="${y - 17}" width="${wide}" height="34" rx="7" />` : "";
    const text = `<text x="${x + wide / 2}" y="${y + 5}">${words}</text>`;
    x += wide;
    return arrow + box + text;
  });
  return { text: drawn.join(""), width: x + 4 };
}
