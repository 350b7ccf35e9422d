// matmul for 5 to 8 columns; `tile` is in matmul.wgsl.
// requires lib/tallTile.wgsl
// requires lib/activation.wgsl
// requires lib/slices.wgsl
// requires matmul.wgsl
