// The papers whose tables can be run again: a line for each file. The names of the first may be given without its own.
export { vrrae } from "./vrrae.ts";
export { varianceLoss } from "./varianceLoss.ts";
export { maskaae } from "./maskaae.ts";
