// Draws polylines as strokes of a WebGL context: two triangles a segment, softened at their edges.

import { linked } from "./glProgram";

type Point = [number, number];

export interface Stroke {
  points: Point[];
  /** Red, green, blue, from 0 to 1. */
  colour: [number, number, number];
  /** How many strokes lie on one another here. */
  strokes: number;
}

/** Where points are on the screen, in CSS pixels, of which each has `ratio` of the screen's. */
export interface View {
  width: number;
  height: number;
  ratio: number;
  /** The point in the middle of the screen, and pixels for each unit of the points. */
  middle: Point;
  scale: number;
}

/** x, y, and the way to the edge of the stroke in both axes: four floats. Then colour and strokes: four bytes. */
const VERTEX_BYTES = 20;
/** A sharp corner isn't drawn farther out than this allows. */
const SHARPEST = 0.5;

const VERTEX = `#version 300 es
uniform vec2 middle; uniform vec2 scale; uniform vec2 pixel; uniform float reach; uniform float opacity;
layout(location=0) in vec2 place; layout(location=1) in vec2 aside; layout(location=2) in vec4 look;
out mediump float across; flat out lowp vec4 paint;
void main() {
  across = gl_VertexID % 2 == 0 ? reach : -reach;
  float alpha = 1.0 - pow(1.0 - opacity, look.a * 255.0);
  paint = vec4(look.rgb * alpha, alpha);
  gl_Position = vec4((place - middle) * scale + aside * across * pixel, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
uniform mediump float reach_in; uniform float ratio;
in mediump float across; flat in lowp vec4 paint;
out vec4 result;
void main() { result = paint * clamp((reach_in - abs(across)) * ratio, 0.0, 1.0); }`;

export class StrokePainter {
  private readonly program: WebGLProgram;
  private readonly array: WebGLVertexArrayObject | null;
  private readonly uniforms: Record<string, WebGLUniformLocation | null> = {};
  private readonly buffers: (WebGLBuffer | null)[];
  private readonly count: number;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    strokes: Stroke[],
    /** The points are kept relative to this one: 32 bits aren't enough for a place on earth. */
    private readonly origin: Point,
  ) {
    this.program = linked(gl, VERTEX, FRAGMENT);
    for (const name of ["middle", "scale", "pixel", "reach", "reach_in", "ratio", "opacity"]) this.uniforms[name] = gl.getUniformLocation(this.program, name);
    this.array = gl.createVertexArray();
    this.buffers = [gl.createBuffer(), gl.createBuffer()];
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[0]);
    gl.bufferData(gl.ARRAY_BUFFER, vertices(strokes, origin), gl.STATIC_DRAW);
    for (const index of [0, 1]) gl.vertexAttribPointer(index, 2, gl.FLOAT, false, VERTEX_BYTES, index * 8);
    gl.vertexAttribPointer(2, 4, gl.UNSIGNED_BYTE, true, VERTEX_BYTES, 16);
    for (const index of [0, 1, 2]) gl.enableVertexAttribArray(index);
    const triangles = trianglesOf(strokes);
    this.count = triangles.length;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers[1]);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STATIC_DRAW);
    gl.bindVertexArray(null);
  }

  remove(): void {
    this.gl.deleteProgram(this.program);
    this.gl.deleteVertexArray(this.array);
    for (const buffer of this.buffers) this.gl.deleteBuffer(buffer);
  }

  paint({ width, height, ratio, middle, scale }: View, widthPx: number, opacity: number): void {
    const { gl, uniforms } = this;
    const reach = widthPx / 2 + 0.5 / ratio;
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    gl.uniform2f(uniforms.middle, middle[0] - this.origin[0], middle[1] - this.origin[1]);
    gl.uniform2f(uniforms.scale, (2 * scale) / width, (-2 * scale) / height);
    gl.uniform2f(uniforms.pixel, 2 / width, -2 / height);
    gl.uniform1f(uniforms.reach, reach);
    gl.uniform1f(uniforms.reach_in, reach);
    gl.uniform1f(uniforms.ratio, ratio);
    gl.uniform1f(uniforms.opacity, opacity);
    gl.drawElements(gl.TRIANGLES, this.count, gl.UNSIGNED_INT, 0);
    gl.bindVertexArray(null);
  }
}

function vertices(strokes: Stroke[], [x, y]: Point): ArrayBuffer {
  const total = strokes.reduce((sum, { points }) => sum + 2 * points.length, 0);
  const [buffer, floats] = [new ArrayBuffer(total * VERTEX_BYTES), VERTEX_BYTES / 4];
  const [numbers, bytes] = [new Float32Array(buffer), new Uint8Array(buffer)];
  let vertex = 0;
  for (const { points, colour, strokes: lying } of strokes) {
    const look = [...colour.map((part) => Math.round(part * 255)), Math.min(lying, 255)];
    points.forEach((point, index) => {
      const aside = corner(points, index);
      for (let side = 0; side < 2; side += 1, vertex += 1) {
        numbers.set([point[0] - x, point[1] - y, aside[0], aside[1]], vertex * floats);
        bytes.set(look, vertex * VERTEX_BYTES + 16);
      }
    });
  }
  return buffer;
}

function trianglesOf(strokes: Stroke[]): Uint32Array {
  const found: number[] = [];
  let first = 0;
  for (const { points } of strokes) {
    for (let at = first; at < first + 2 * (points.length - 1); at += 2) found.push(at, at + 1, at + 2, at + 2, at + 1, at + 3);
    first += 2 * points.length;
  }
  return new Uint32Array(found);
}

/** From a point of a polyline to the edge of a stroke that is two units wide: where the edges of its segments meet. */
function corner(points: Point[], index: number): Point {
  const before = index > 0 ? normal(points[index - 1], points[index]) : null;
  const after = index < points.length - 1 ? normal(points[index], points[index + 1]) : null;
  const [one, other] = [before ?? after ?? [0, 0], after ?? before ?? [0, 0]];
  const sum: Point = [one[0] + other[0], one[1] + other[1]];
  const factor = 2 / Math.max(sum[0] ** 2 + sum[1] ** 2, SHARPEST);
  return [sum[0] * factor, sum[1] * factor];
}

function normal(from: Point, to: Point): Point | null {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  return length ? [-dy / length, dx / length] : null;
}
