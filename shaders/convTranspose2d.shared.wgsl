// convTranspose2d with lanes that share what they load; its kernels are in convTranspose2d.wgsl.
// requires lib/sharedTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires convTranspose2d.wgsl
