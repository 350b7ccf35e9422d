// mixture with lanes that share what they load; its entry points are in mixture.wgsl.
// requires lib/sharedTile.wgsl
// requires lib/activation.wgsl
// requires lib/slices.wgsl
// requires mixture.wgsl
