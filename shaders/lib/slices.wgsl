// Long sums are cut into slices, which lanes or workgroups add up beside each other.

/**
 * Where slice i begins of n things that are cut into `count` slices; the first n % count of them have one more. It is
 * not i · n / count, as that product may be past 2^32 where i, n and the result are far below.
 */
fn sliceStart(i: u32, n: u32, count: u32) -> u32 { return i * (n / count) + min(i, n % count); }
