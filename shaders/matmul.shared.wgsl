// matmul with lanes that share what they load; `tile` is in matmul.wgsl.
// requires lib/sharedTile.wgsl
// requires lib/activation.wgsl
// requires lib/slices.wgsl
// requires matmul.wgsl
