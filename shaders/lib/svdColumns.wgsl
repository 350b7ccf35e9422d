enable subgroups;
diagnostic(off, subgroup_uniformity); // what decides is the same for a whole subgroup, which is the workgroup

// A small matrix that the lanes of a subgroup hold among them, four columns a lane. All of it stays in registers and on
// the stack, since no index varies once the loops are unrolled; lanes exchange columns without memory or a barrier.

const WG = 8u; // lanes of a subgroup, which is the workgroup

const ROWS = 32u;

/** The rows of four columns, zero past the last one. */
alias Columns = array<vec4f, ROWS>;

/** Takes the first four rows away and appends others: in loops, loads and stores are compiled once and not for each row. */
fn push(x: ptr<function, Columns>, rows: mat4x4f) {
  for (var r = 0u; r < ROWS - 4; r++) { (*x)[r] = (*x)[r + 4]; }
  (*x)[ROWS - 4] = rows[0];
  (*x)[ROWS - 3] = rows[1];
  (*x)[ROWS - 2] = rows[2];
  (*x)[ROWS - 1] = rows[3];
}

/** The last three of four rows, and another. */
fn shift(rows: mat4x4f, row: vec4f) -> mat4x4f { return mat4x4f(rows[1], rows[2], rows[3], row); }
