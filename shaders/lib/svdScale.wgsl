// What the kernels of a decomposition know of each matrix, four integers of `info`: the bits of its largest |a|, a bound on
// its rank, how many sweeps its rotations took, and 1 while they have not settled.

/** Whether the matrix has no factors: it is not finite, or its rotations did not settle. */
fn lost(bits: u32, unsettled: u32) -> bool { return bits >= 0x7f800000u || unsettled != 0; }

/** The power of two of the largest |a|, of these bits: a · 2^−exponent is between 1 and 2. */
fn exponentOf(bits: u32) -> i32 {
  return select(i32(firstLeadingBit(bits)) - 149, i32(bits >> 23u) - 127, bits >= 0x800000u);
}

/**
 * The bits of x · 2^power from those of x, rounded to nearest: by integers, since adapters may take subnormal numbers
 * for zero, and a power of two that brings the smallest numbers near 1 is none of float32's.
 */
fn scaleBits(x: u32, power: i32) -> u32 {
  let sign = x & 0x80000000u;
  let size = x & 0x7fffffffu;
  if (size == 0) { return x; }
  let normal = size >= 0x800000u;
  let shift = 23 - min(firstLeadingBit(size), 23u);
  let mantissa = select(size << shift, (size & 0x7fffffu) | 0x800000u, normal);
  let exponent = power + select(1 - i32(shift), i32(size >> 23u), normal);
  if (exponent >= 255) { return sign | 0x7f800000u; }
  if (exponent >= 1) { return sign | (u32(exponent) << 23u) | (mantissa & 0x7fffffu); }
  let drop = u32(min(1 - exponent, 25));
  return sign | ((mantissa + (1u << (drop - 1u)) - 1 + ((mantissa >> drop) & 1)) >> drop);
}
