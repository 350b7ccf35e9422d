// conv2d for 5 to 8 columns; its kernels are in conv2d.wgsl.
// requires lib/tallTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires lib/slices.wgsl
// requires conv2d.wgsl
