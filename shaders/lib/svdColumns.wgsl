enable subgroups;
diagnostic(off, subgroup_uniformity); // what decides is the same for a whole subgroup, which is the workgroup

// A small matrix that the lanes of a subgroup hold among them, four columns a lane. All of it stays in registers and on
// the stack, since no index varies once the loops are unrolled; lanes exchange columns without memory or a barrier.

const WG = 8u; // lanes of a subgroup, which is the workgroup

const ROWS = 32u;

/** The rows of four columns, zero past the last one. */
alias Columns = array<vec4f, ROWS>;

/** Takes the first row away and appends another: in a loop, loads and stores are compiled once and not for each row. */
fn push(x: ptr<function, Columns>, row: vec4f) {
  for (var r = 0u; r < ROWS - 1; r++) { (*x)[r] = (*x)[r + 1]; }
  (*x)[ROWS - 1] = row;
}
