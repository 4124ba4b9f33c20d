// Draws buses as points of a WebGL context: an arrow in the direction of travel, close by with the number of its line.

import { linked } from "./glProgram";

/** Numbers of a bus: x, y (pixels from the middle), bearing, size, red, green, blue, cell of the atlas or -1. */
export const FLOATS = 8;
export const CELLS_A_ROW = 16;

const VERTEX = `#version 300 es
uniform vec2 half_size; uniform float ratio;
layout(location=0) in vec4 place; layout(location=1) in vec4 look;
out vec3 colour; out vec2 turn; out float cell; out float size;
void main() {
  gl_Position = vec4(place.x / half_size.x, -place.y / half_size.y, 0.0, 1.0);
  gl_PointSize = place.w * ratio; size = place.w * ratio;
  turn = vec2(sin(place.z), cos(place.z)); colour = look.rgb; cell = look.a;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
uniform vec3 edge; uniform sampler2D atlas;
in vec3 colour; in vec2 turn; in float cell; in float size;
out vec4 result;
void main() {
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  vec2 q = vec2(p.x * turn.y + p.y * turn.x, p.y * turn.y - p.x * turn.x);
  float soft = 3.0 / size;
  float body = length(q - vec2(0.0, 0.10)) - 0.56;
  float nose = max(abs(q.x) * 0.83 + (-q.y) * 0.56 - 0.535, q.y - 0.1);
  float shape = min(body, nose);
  float outer = 1.0 - smoothstep(0.10, 0.10 + soft, shape);
  float inner = 1.0 - smoothstep(-0.04, -0.04 + soft, shape);
  if (outer <= 0.0) discard;
  vec3 paint = mix(edge, colour, inner);
  if (cell >= 0.0) {
    vec2 corner = vec2(mod(cell, ${CELLS_A_ROW}.0), floor(cell / ${CELLS_A_ROW}.0));
    vec2 inCell = (gl_PointCoord - vec2(0.5, 0.55)) * 1.25 + 0.5;
    float ink = texture(atlas, (corner + clamp(inCell, 0.02, 0.98)) / ${CELLS_A_ROW}.0).a;
    float light = dot(colour, vec3(0.299, 0.587, 0.114));
    paint = mix(paint, vec3(light > 0.5 ? 0.04 : 1.0), ink);
  }
  result = vec4(paint * outer, outer);
}`;

/** What is painted, and on how large a picture: in CSS pixels, of which each has `ratio` of the screen's. */
export interface Scene {
  /** `FLOATS` numbers for each bus. */
  data: Float32Array;
  count: number;
  width: number;
  height: number;
  ratio: number;
  edge: [number, number, number];
  isNumbered: boolean;
}

export class BusPainter {
  private readonly program: WebGLProgram;
  private readonly array: WebGLVertexArrayObject | null;
  private readonly buffer: WebGLBuffer | null;
  private readonly uniforms: Record<string, WebGLUniformLocation | null> = {};
  private texture: WebGLTexture | null = null;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    /** The numbers of lines, a cell each. */
    private readonly atlas: () => HTMLCanvasElement,
  ) {
    this.program = linked(gl, VERTEX, FRAGMENT);
    for (const name of ["half_size", "ratio", "edge", "atlas"]) this.uniforms[name] = gl.getUniformLocation(this.program, name);
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    for (const [index, offset] of [[0, 0], [1, 16]]) {
      gl.enableVertexAttribArray(index);
      gl.vertexAttribPointer(index, 4, gl.FLOAT, false, FLOATS * 4, offset);
    }
    gl.bindVertexArray(null);
  }

  paint({ data, count, width, height, ratio, edge, isNumbered }: Scene): void {
    const { gl, uniforms } = this;
    // Numbers are only read close by: the first picture, from afar, doesn't wait for them.
    if (isNumbered) this.texture ??= this.numbers();
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data.subarray(0, count * FLOATS), gl.DYNAMIC_DRAW);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.uniform1i(uniforms.atlas, 0);
    gl.uniform2f(uniforms.half_size, width / 2, height / 2);
    gl.uniform1f(uniforms.ratio, ratio);
    gl.uniform3f(uniforms.edge, ...edge);
    gl.drawArrays(gl.POINTS, 0, count);
    gl.bindVertexArray(null);
  }

  private numbers(): WebGLTexture | null {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, this.atlas());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    return texture;
  }
}
