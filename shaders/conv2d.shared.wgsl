// conv2d with lanes that share what they load; its kernels are in conv2d.wgsl.
// requires lib/sharedTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires lib/slices.wgsl
// requires conv2d.wgsl
