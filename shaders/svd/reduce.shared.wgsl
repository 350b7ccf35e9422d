// svd/reduce for lavapipe; its entry points are in svd/reduce.wgsl.
// requires lib/svdTakeOut.shared.wgsl
// requires svd/reduce.wgsl
