// What an optimizer knows of the step at hand, in device memory so that recorded steps move on.
// The names of the words are those of src/optim/clock.ts.

struct Clock {
  step: u32,         // updates so far, the one at hand included
  rate: f32,         // learning rate of this update
  correction1: f32,  // 1 - beta1^step
  correction2: f32,  // 1 - beta2^step
  scale: f32,        // factor that brings the gradient's norm under the clip
  norm: f32,         // Euclidean norm of the whole gradient, before
  frozen: u32,       // 1: a gradient is not finite, leave everything as it is
  skipped: u32,      // how often that was so
}
