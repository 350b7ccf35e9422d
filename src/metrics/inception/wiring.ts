/** How far a convolution's windows reach over the edge, and how far apart they stand. */
export type Reach = "same" | "valid" | "halving";

/** Pools over 3 × 3 pixels: "halving" windows stand two apart, none over the edge; the others are as many as pixels. */
export type Pool = "halving maximum" | "maximum" | "mean";

/** What the network is made of, for values of any kind: tensors, or only their numbers of channels. */
export interface Parts<T> {
  /** Convolution with K filters of height R and width S, batch normalisation and ReLU, by the name of its weights. */
  conv: (x: T, name: string, filters: readonly [K: number, R: number, S: number], reach?: Reach) => T;
  pool: (x: T, kind: Pool) => T;
  /** Side by side, along the channels. */
  join: (parts: readonly T[]) => T;
}

/**
 * Inception-v3 from images (N, 299, 299, 3), with values from −1 to 1, to the last feature maps (N, 8, 8, 2048), whose
 * mean over the pixels are the features of the FID ("pool3"). Source: Szegedy et al., "Rethinking the Inception
 * architecture", 2016, with the names of weights of torchvision's `inception_v3`. `last` is the pool of the last block:
 * the network of the first FIDs (TensorFlow, 2015-12-05) has a maximum there, torchvision a mean.
 */
export function inceptionV3<T>({ conv, pool, join }: Parts<T>, image: T, last: "maximum" | "mean"): T {
  let x = conv(image, "Conv2d_1a_3x3", [32, 3, 3], "halving");
  x = conv(x, "Conv2d_2a_3x3", [32, 3, 3], "valid");
  x = pool(conv(x, "Conv2d_2b_3x3", [64, 3, 3]), "halving maximum");
  x = conv(x, "Conv2d_3b_1x1", [80, 1, 1]);
  x = pool(conv(x, "Conv2d_4a_3x3", [192, 3, 3], "valid"), "halving maximum");
  x = mixed5(x, "Mixed_5b", 32);
  x = mixed5(x, "Mixed_5c", 64);
  x = mixed5(x, "Mixed_5d", 64);
  x = mixed6a(x, "Mixed_6a");
  x = mixed6(x, "Mixed_6b", 128);
  x = mixed6(x, "Mixed_6c", 160);
  x = mixed6(x, "Mixed_6d", 160);
  x = mixed6(x, "Mixed_6e", 192);
  x = mixed7a(x, "Mixed_7a");
  x = mixed7(x, "Mixed_7b", "mean");
  return mixed7(x, "Mixed_7c", last);

  /** Filters of one, five, and twice three pixels (figure 5 of the paper). */
  function mixed5(x: T, block: string, pooled: number): T {
    const five = conv(x, `${block}.branch5x5_1`, [48, 1, 1]);
    let three = conv(x, `${block}.branch3x3dbl_1`, [64, 1, 1]);
    three = conv(three, `${block}.branch3x3dbl_2`, [96, 3, 3]);
    return join([
      conv(x, `${block}.branch1x1`, [64, 1, 1]),
      conv(five, `${block}.branch5x5_2`, [64, 5, 5]),
      conv(three, `${block}.branch3x3dbl_3`, [96, 3, 3]),
      conv(pool(x, "mean"), `${block}.branch_pool`, [pooled, 1, 1]),
    ]);
  }

  /** Halves the sides (figure 10). */
  function mixed6a(x: T, block: string): T {
    let twice = conv(x, `${block}.branch3x3dbl_1`, [64, 1, 1]);
    twice = conv(twice, `${block}.branch3x3dbl_2`, [96, 3, 3]);
    return join([
      conv(x, `${block}.branch3x3`, [384, 3, 3], "halving"),
      conv(twice, `${block}.branch3x3dbl_3`, [96, 3, 3], "halving"),
      pool(x, "halving maximum"),
    ]);
  }

  /** Filters of 7 × 7 pixels as 1 × 7 and 7 × 1, with `own` channels between them (figure 6). */
  function mixed6(x: T, block: string, own: number): T {
    let once = conv(x, `${block}.branch7x7_1`, [own, 1, 1]);
    once = conv(once, `${block}.branch7x7_2`, [own, 1, 7]);
    let twice = conv(x, `${block}.branch7x7dbl_1`, [own, 1, 1]);
    twice = conv(twice, `${block}.branch7x7dbl_2`, [own, 7, 1]);
    twice = conv(twice, `${block}.branch7x7dbl_3`, [own, 1, 7]);
    twice = conv(twice, `${block}.branch7x7dbl_4`, [own, 7, 1]);
    return join([
      conv(x, `${block}.branch1x1`, [192, 1, 1]),
      conv(once, `${block}.branch7x7_3`, [192, 7, 1]),
      conv(twice, `${block}.branch7x7dbl_5`, [192, 1, 7]),
      conv(pool(x, "mean"), `${block}.branch_pool`, [192, 1, 1]),
    ]);
  }

  /** Halves the sides once more. */
  function mixed7a(x: T, block: string): T {
    const three = conv(x, `${block}.branch3x3_1`, [192, 1, 1]);
    let seven = conv(x, `${block}.branch7x7x3_1`, [192, 1, 1]);
    seven = conv(seven, `${block}.branch7x7x3_2`, [192, 1, 7]);
    seven = conv(seven, `${block}.branch7x7x3_3`, [192, 7, 1]);
    return join([
      conv(three, `${block}.branch3x3_2`, [320, 3, 3], "halving"),
      conv(seven, `${block}.branch7x7x3_4`, [192, 3, 3], "halving"),
      pool(x, "halving maximum"),
    ]);
  }

  /** Filters of 1 × 3 and 3 × 1 pixels beside each other (figure 7). */
  function mixed7(x: T, block: string, kind: "maximum" | "mean"): T {
    const fork = (x: T, name: string) => [conv(x, `${name}a`, [384, 1, 3]), conv(x, `${name}b`, [384, 3, 1])];
    const three = conv(x, `${block}.branch3x3_1`, [384, 1, 1]);
    const twice = conv(x, `${block}.branch3x3dbl_1`, [448, 1, 1]);
    return join([
      conv(x, `${block}.branch1x1`, [320, 1, 1]),
      ...fork(three, `${block}.branch3x3_2`),
      ...fork(conv(twice, `${block}.branch3x3dbl_2`, [384, 3, 3]), `${block}.branch3x3dbl_3`),
      conv(pool(x, kind), `${block}.branch_pool`, [192, 1, 1]),
    ]);
  }
}
