/** The power of two that brings the largest |a|, of these bits, near 1; 0 where a is not finite. */
fn scaleOf(bits: u32) -> f32 {
  let exponent = clamp(254 - i32(bits >> 23u), 27, 227);
  return select(bitcast<f32>(u32(exponent) << 23u), 0.0, bits >= 0x7f800000u);
}
