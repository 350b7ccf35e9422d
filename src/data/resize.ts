/** Pixels [height, width, channels], bytes. */
export interface Picture {
  height: number;
  width: number;
  channels: number;
  data: Uint8Array;
}

/** Which pixels of a row make one pixel of the resized row, and how much each counts; the weights sum to 1. */
export interface Mix {
  first: number;
  weights: number[];
}

/**
 * Bilinear resampling to height × width, each axis by itself. Where the picture shrinks the triangle widens with it,
 * so that every pixel counts and fine detail does not alias.
 */
export function resize(picture: Picture, height: number, width: number): Picture {
  const { channels, data } = picture;
  if (height === picture.height && width === picture.width) return picture;
  const across = mixes(picture.width, width);
  const down = mixes(picture.height, height);
  const narrow = new Float32Array(picture.height * width * channels);
  for (let row = 0; row < picture.height; row++) {
    across.forEach(({ first, weights }, column) => {
      for (let c = 0; c < channels; c++) {
        const from = (row * picture.width + first) * channels + c;
        const sum = weights.reduce((total, weight, i) => total + weight * data[from + i * channels]!, 0);
        narrow[(row * width + column) * channels + c] = sum;
      }
    });
  }
  const stride = width * channels;
  const out = new Uint8Array(height * stride);
  down.forEach(({ first, weights }, row) => {
    for (let i = 0; i < stride; i++) {
      const sum = weights.reduce((total, weight, j) => total + weight * narrow[(first + j) * stride + i]!, 0);
      out[row * stride + i] = Math.round(sum);
    }
  });
  return { height, width, channels, data: out };
}

/** How a row of `from` pixels becomes one of `to`. */
export function mixes(from: number, to: number): Mix[] {
  const scale = from / to;
  const reach = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(from - 1, Math.floor(centre + reach));
    const raw = Array.from({ length: last - first + 1 }, (_, j) => 1 - Math.abs(first + j - centre) / reach);
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: raw.map((weight) => weight / total) };
  });
}
