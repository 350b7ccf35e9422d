// The latent space: round dots that face the camera, and thin lines.
//   dot    a square of `size` pixels around each of N centres; 6 vertices an instance
//   line   a list of segments, 2 vertices each

struct View {
  transform: mat4x4f, // world to clip space
  pixel: vec2f,       // size of a pixel in clip space
  distance: f32,      // how far away dots have the size that they are given
}
@group(0) @binding(0) var<uniform> view: View;

struct Dot {
  @location(0) centre: vec3f,
  @location(1) size: f32,
  @location(2) colour: vec4f,
}

struct Fragment {
  @builtin(position) position: vec4f,
  @location(0) place: vec2f, // -1 … 1 across a dot; 0 on a line
  @location(1) colour: vec4f,
}

@vertex
fn dot_corner(@builtin(vertex_index) corner: u32, dot: Dot) -> Fragment {
  let corners = array(vec2f(-1, -1), vec2f(1, -1), vec2f(-1, 1), vec2f(-1, 1), vec2f(1, -1), vec2f(1, 1));
  let place = corners[corner];
  let centre = view.transform * vec4f(dot.centre, 1);
  let near = clamp(view.distance / centre.w, 0.5, 2.0); // what is nearer looks larger
  let offset = place * dot.size * near * view.pixel * centre.w;
  return Fragment(centre + vec4f(offset, 0, 0), place, dot.colour);
}

@vertex
fn line_end(dot: Dot) -> Fragment {
  return Fragment(view.transform * vec4f(dot.centre, 1), vec2f(0), dot.colour);
}

@fragment
fn shade(in: Fragment) -> @location(0) vec4f {
  let radius = length(in.place);
  let edge = fwidth(radius) + 1e-4;
  let alpha = in.colour.a * (1 - smoothstep(1 - 2 * edge, 1, radius));
  if (alpha < 0.02) { discard; }
  let rim = 1 - 0.35 * smoothstep(0.62, 0.8, radius);
  return vec4f(in.colour.rgb * rim * alpha, alpha);
}
