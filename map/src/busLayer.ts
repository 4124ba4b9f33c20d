// Where buses are on the screen, for each picture. While the view stays they drive on a canvas above the map's,
// without a new picture of the lines and stops below. While the map moves they are drawn into its own picture: to lay
// a second canvas over the whole of it takes as long as to draw all buses.

import type { CustomLayerInterface, Map as LibreMap } from "maplibre-gl";
import { BusPainter, CELLS_A_ROW, FLOATS, type Scene } from "./busPainter";
import type { Bus } from "./tracks";

const CELL = 64;
const NUMBERED_ZOOM = 14.2;

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
  private data = new Float32Array(4096 * FLOATS);
  private readonly canvas = document.createElement("canvas");
  private above: { gl: WebGL2RenderingContext; painter: BusPainter } | null = null;
  private within: BusPainter | null = null;
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
      this.above = null;
    });
    this.canvas.addEventListener("webglcontextrestored", () => this.setUp());
    map.on("webglcontextrestored", () => (this.within = null));
    // The last picture of a movement has the buses in it: one without them has to follow.
    map.on("moveend", () => map.triggerRepaint());
  }

  private setUp(): void {
    const gl = this.canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, stencil: false });
    if (!gl) throw new Error("no WebGL");
    this.above = { gl, painter: new BusPainter(gl, () => this.atlas()) };
  }

  /** The layer for the map's own picture, on top of all others. */
  layer(): CustomLayerInterface {
    return { id: "buses", type: "custom", render: (gl) => this.drawWithin(gl as WebGL2RenderingContext) };
  }

  private drawWithin(gl: WebGL2RenderingContext): void {
    const isMoving = this.map.isMoving();
    this.canvas.hidden = isMoving;
    if (!isMoving) return;
    this.within ??= new BusPainter(gl, () => this.atlas());
    const scene = this.scene();
    if (scene) this.within.paint(scene);
  }

  /** Draw all buses where they are now on the canvas above the map, unless they are in the map's picture. */
  draw(): void {
    const { canvas, above } = this;
    if (canvas.hidden || !above) return;
    const { width, height } = this.map.getCanvas();
    if (canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      above.gl.viewport(0, 0, width, height);
    }
    const scene = this.scene();
    if (!scene) return;
    above.gl.clear(above.gl.COLOR_BUFFER_BIT);
    above.painter.paint(scene);
  }

  private scene(): Scene | null {
    const { width, clientWidth, clientHeight } = this.map.getCanvas();
    if (!clientWidth) return null;
    const isNumbered = this.map.getZoom() >= NUMBERED_ZOOM;
    const count = this.place(this.map, isNumbered);
    this.frames += 1;
    return { data: this.data, count, width: clientWidth, height: clientHeight, ratio: width / clientWidth, edge: this.edge, isNumbered };
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

