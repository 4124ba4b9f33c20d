// Buses on a canvas above the map's: an arrow in the direction of travel, coloured, and close by the number of
// its line. Places are computed here for each picture, in screen pixels. While the view stays, buses drive
// without a new picture of the lines and stops below them.

import type { Map as LibreMap } from "maplibre-gl";
import type { Bus } from "./tracks";

const FLOATS = 8; // x, y (pixels from the middle), bearing, size, red, green, blue, cell of the atlas or -1
const CELL = 64;
const CELLS_A_ROW = 16;
const NUMBERED_ZOOM = 14.2;

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

export interface Look {
  red: number;
  green: number;
  blue: number;
  size: number;
}

export interface BusSource {
  /** The buses to draw, the ones on top last, each with `place` set for the instant. */
  visibleBuses(): Iterable<Bus>;
  look(bus: Bus, into: Look): void;
}

export class BusLayer {
  /** What was drawn last, for finding the bus under a pointer: pixels from the middle of the map. */
  drawn: { bus: Bus; x: number; y: number }[] = [];
  frames = 0;
  private program: WebGLProgram | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private buffer: WebGLBuffer | null = null;
  private texture: WebGLTexture | null = null;
  private uniforms: Record<string, WebGLUniformLocation | null> = {};
  private data = new Float32Array(4096 * FLOATS);
  private readonly canvas = document.createElement("canvas");
  private gl: WebGL2RenderingContext | null = null;
  private readonly cellOf = new Map<string, number>();
  edge: [number, number, number] = [1, 1, 1];

  constructor(
    private readonly source: BusSource,
    private readonly lines: { id: string; label: string }[],
    private readonly map: LibreMap,
  ) {
    this.canvas.className = "buses";
    map.getCanvasContainer().append(this.canvas);
    this.setUp();
    this.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.gl = null;
    });
    this.canvas.addEventListener("webglcontextrestored", () => this.setUp());
  }

  private setUp(): void {
    const gl = this.canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, stencil: false });
    if (!gl) throw new Error("no WebGL");
    this.gl = gl;
    this.program = link(gl);
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
    this.texture = null;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** The numbers of lines, which are only read close by: from afar there is no time to draw them. */
  private numbers(gl: WebGL2RenderingContext): WebGLTexture | null {
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, this.atlas());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    return texture;
  }

  /** Draw all buses where they are now. */
  draw(): void {
    const { gl, canvas } = this;
    const { width, height, clientWidth, clientHeight } = this.map.getCanvas();
    if (!gl || !clientWidth) return;
    if (canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      gl.viewport(0, 0, width, height);
    }
    const isNumbered = this.map.getZoom() >= NUMBERED_ZOOM;
    if (isNumbered) this.texture ??= this.numbers(gl);
    const count = this.place(this.map, isNumbered);
    this.frames += 1;
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.data.subarray(0, count * FLOATS), gl.DYNAMIC_DRAW);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.uniform1i(this.uniforms.atlas, 0);
    gl.uniform2f(this.uniforms.half_size, clientWidth / 2, clientHeight / 2);
    gl.uniform1f(this.uniforms.ratio, width / clientWidth);
    gl.uniform3f(this.uniforms.edge, ...this.edge);
    gl.drawArrays(gl.POINTS, 0, count);
    gl.bindVertexArray(null);
  }

  /** The bus nearest to a point of the map, in pixels from its top left corner; none farther than `mostPx`. */
  at(x: number, y: number, mostPx: number): Bus | null {
    const canvas = this.map.getCanvas();
    const [dx, dy] = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
    let best: Bus | null = null;
    let bestAway = mostPx;
    for (const each of this.drawn) {
      const away = Math.hypot(each.x - dx, each.y - dy);
      if (away <= bestAway) [best, bestAway] = [each.bus, away];
    }
    return best;
  }

  private place(map: LibreMap, isNumbered: boolean): number {
    const canvas = map.getCanvas();
    const middle = map.unproject([canvas.clientWidth / 2, canvas.clientHeight / 2]);
    const sine = Math.sin((middle.lat * Math.PI) / 180);
    const [cx, cy] = [middle.lng / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
    const scale = 512 * 2 ** map.getZoom();
    const [mostX, mostY] = [canvas.clientWidth / 2 + 30, canvas.clientHeight / 2 + 30];
    const look: Look = { red: 0, green: 0, blue: 0, size: 0 };
    this.drawn.length = 0;
    let count = 0;
    for (const bus of this.source.visibleBuses()) {
      const x = (bus.place.x - cx) * scale;
      const y = (bus.place.y - cy) * scale;
      if (Math.abs(x) > mostX || Math.abs(y) > mostY) continue;
      this.source.look(bus, look);
      if ((count + 1) * FLOATS > this.data.length) this.grow();
      const cell = isNumbered && look.size > 14 ? (this.cellOf.get(bus.lineId) ?? -1) : -1;
      this.data.set([x, y, bus.place.bearing, look.size, look.red, look.green, look.blue, cell], count * FLOATS);
      this.drawn.push({ bus, x, y });
      count += 1;
    }
    return count;
  }

  private grow(): void {
    const larger = new Float32Array(this.data.length * 2);
    larger.set(this.data);
    this.data = larger;
  }

  /** The numbers of lines as white text, a cell each. */
  private atlas(): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = CELL * CELLS_A_ROW;
    const pen = canvas.getContext("2d");
    if (!pen) return canvas;
    pen.fillStyle = "#fff";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    this.lines.slice(0, CELLS_A_ROW ** 2).forEach(({ id, label }, cell) => {
      this.cellOf.set(id, cell);
      pen.font = `700 ${label.length > 3 ? 17 : label.length > 2 ? 22 : 27}px system-ui, sans-serif`;
      pen.fillText(label, ((cell % CELLS_A_ROW) + 0.5) * CELL, (Math.floor(cell / CELLS_A_ROW) + 0.5) * CELL, CELL * 0.7);
    });
    return canvas;
  }
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("no WebGL");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "WebGL program");
  return program;
}
