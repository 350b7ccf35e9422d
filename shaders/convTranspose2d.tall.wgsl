// convTranspose2d for 5 to 8 columns; its kernels are in convTranspose2d.wgsl.
// requires lib/tallTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires convTranspose2d.wgsl
