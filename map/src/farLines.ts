// The lines from afar: one pattern of each line that is shown, without the bends that can't be seen.
// The library would cut them into tiles and keep each to its tile with a pass over the whole screen, which drawn in
// software takes as long as the lines themselves.

import type { CustomLayerInterface, Map as LibreMap } from "maplibre-gl";
import { bundled, overlaid, type Route } from "./bundles";
import type { City } from "./city";
import { mercator } from "./network";
import { distance, simplified } from "./simplify";
import { type Stroke, StrokePainter } from "./strokePainter";
import { palette } from "./theme";

/** Pixels of a map of zoom 0. */
const WORLD_PX = 512;
/** What a line may be beside its true place, in pixels at the lower end of a zoom level. */
const TOLERANCE_PX = 1;

interface FarLine extends Stroke {
  lineId: string;
}

export class FarLines {
  opacity = 1;
  /** How many stretches of lines the last picture has. */
  drawn = 0;
  /** Whether they are drawn at the present zoom. */
  isFar: () => boolean = () => true;
  private lines: FarLine[] = [];
  private state = "";
  private readonly painters = new Map<number, StrokePainter>();

  constructor(
    private readonly map: LibreMap,
    private readonly widthPx: (zoom: number) => number,
  ) {
    map.on("webglcontextrestored", () => this.clear());
  }

  /** Take the lines that are shown now, in the colours of the theme, unless these are drawn already. */
  set(city: City): void {
    const shown = new Set(city.shownLines().map((line) => line.id));
    const state = [palette().lineOpacity, ...shown].join();
    if (state === this.state) return;
    this.state = state;
    const routes: Route[] = [];
    for (const { geometry, properties } of city.network.shape.features) {
      if (geometry.type !== "LineString" || !("pattern_id" in properties) || !shown.has(properties.line_id)) continue;
      const main = city.network.line.get(properties.line_id)?.patterns.find((pattern) => pattern.isMain)?.id;
      if (properties.pattern_id === main) routes.push({ lineId: properties.line_id, colour: properties.color, coordinates: geometry.coordinates });
    }
    this.lines = bundled(routes).map(({ route, colours, coordinates }) => ({
      lineId: route.lineId,
      colour: overlaid(colours, palette().lineOpacity),
      strokes: colours.length,
      points: coordinates.map(mercator),
    }));
    this.clear();
    this.map.triggerRepaint();
  }

  layer(): CustomLayerInterface {
    this.clear();
    return { id: "lines-far", type: "custom", render: (gl) => this.draw(gl as WebGL2RenderingContext) };
  }

  /** The line that is nearest to a point of the map, at most `mostPx` away. */
  at(x: number, y: number, mostPx: number): string | null {
    if (!this.isFar() || this.map.getLayoutProperty("lines-far", "visibility") === "none") return null;
    const { lng, lat } = this.map.unproject([x, y]);
    const place = mercator([lng, lat]);
    let [best, least]: [string | null, number] = [null, mostPx / this.scale()];
    for (const { lineId, points } of this.lines)
      for (let index = 1; index < points.length; index += 1) {
        const away = distance(place, points[index - 1], points[index]);
        if (away <= least) [best, least] = [lineId, away];
      }
    return best;
  }

  private clear(): void {
    for (const painter of this.painters.values()) painter.remove();
    this.painters.clear();
  }

  private scale(): number {
    return WORLD_PX * 2 ** this.map.getZoom();
  }

  private draw(gl: WebGL2RenderingContext): void {
    const { width, clientWidth, clientHeight } = this.map.getCanvas();
    this.drawn = this.isFar() && clientWidth ? this.lines.length : 0;
    if (!this.drawn) return;
    const { lng, lat } = this.map.unproject([clientWidth / 2, clientHeight / 2]);
    const view = { width: clientWidth, height: clientHeight, ratio: width / clientWidth, middle: mercator([lng, lat]), scale: this.scale() };
    const zoom = this.map.getZoom();
    this.painter(gl, Math.floor(zoom)).paint(view, this.widthPx(zoom), this.opacity);
  }

  private painter(gl: WebGL2RenderingContext, level: number): StrokePainter {
    let painter = this.painters.get(level);
    if (!painter) {
      const tolerance = TOLERANCE_PX / (WORLD_PX * 2 ** level);
      const strokes = this.lines.map((line) => ({ ...line, points: simplified(line.points, tolerance) }));
      this.painters.set(level, (painter = new StrokePainter(gl, strokes, this.lines[0].points[0])));
    }
    return painter;
  }
}
