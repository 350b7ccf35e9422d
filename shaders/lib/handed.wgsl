enable subgroups;
// Lanes of a subgroup that load one vec4 each and hand them round.

override SUBGROUP: u32 = 8; // lanes of a subgroup: 8 or 4
