// The map's style: the ground, the lines and stops of a network, and tiles below them.

import type { Map as LibreMap, StyleSpecification } from "maplibre-gl";
import type { Tiles } from "./api";
import { type Features, NOTHING } from "./features";
import { palette } from "./theme";

const FONT = ["system-ui"];
/** Below this zoom a line is one stroke, without its variants and its way back. */
export const FAR_ZOOM = 12.5;
/** How many pixels wide a line is by zoom; between these it grows by a power of the base. */
const LINE_WIDTHS: [number, number][] = [[10, 0.9], [13, 1.8], [16, 4], [19, 10]];
const WIDTH_BASE = 1.5;
/** How far a tile's lines reach over its edge: half the widest stroke. They are drawn twice there. */
const BUFFER_PX = 24;

/** A stop in the Gulf of Guinea: to draw it compiles the shaders that a city needs. */
const SAMPLE_STOP = collection({ type: "Point", coordinates: [0, 0] }, { id: "", name: "", waiting: 0, label: "" });

function collection(geometry: { type: string; coordinates: unknown }, properties: Record<string, unknown>): Features {
  return { type: "FeatureCollection", features: [{ type: "Feature", geometry, properties }] };
}

/** The style before its sources have the city's data: a style that holds them would be copied and compared. */
export function mapStyle(tiles: Tiles | null): StyleSpecification {
  const colours = palette();
  const sources: StyleSpecification["sources"] = {
    lines: { type: "geojson", data: NOTHING as never, tolerance: 1, buffer: BUFFER_PX },
    chosen: { type: "geojson", data: NOTHING as never, buffer: BUFFER_PX },
    stops: { type: "geojson", data: SAMPLE_STOP as never },
  };
  if (tiles) sources.tiles = { type: "raster", tiles: [tiles.url], tileSize: 256, attribution: escaped(tiles.credit) };
  const waiting = ["sqrt", ["get", "waiting"]];
  const strokes = { "line-color": ["get", "color"], "line-opacity": colours.lineOpacity, "line-width": ["interpolate", ["exponential", WIDTH_BASE], ["zoom"], ...LINE_WIDTHS.flat()] };
  const radius = (base: number, factor: number): unknown => ["+", base, ["*", factor, waiting]];
  return {
    version: 8,
    sources,
    // The ground is the page's: a layer of it would take as long as all lines.
    layers: [
      ...(tiles ? [{ id: "tiles", type: "raster", source: "tiles", paint: { "raster-opacity": 0.7 } }] : []),
      { id: "casings", type: "line", source: "lines", minzoom: FAR_ZOOM, layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": colours.casing, "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 12, 2, 16, 12, 19, 40] } },
      { id: "lines", type: "line", source: "lines", minzoom: FAR_ZOOM, layout: { "line-join": "round" }, paint: strokes },
      { id: "heat", type: "heatmap", source: "stops", layout: { visibility: "none" }, paint: { "heatmap-weight": ["min", 1, ["/", ["get", "waiting"], 60]], "heatmap-radius": ["interpolate", ["linear"], ["zoom"], 10, 8, 14, 30, 17, 80], "heatmap-opacity": 0.75 } },
      { id: "chosen-lines", type: "line", source: "chosen", filter: ["==", ["geometry-type"], "LineString"], layout: { visibility: "none",  "line-join": "round", "line-cap": "round" }, paint: { "line-color": ["get", "color"], "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 10, 3, 16, 7, 19, 14] } },
      { id: "stops", type: "circle", source: "stops", paint: { "circle-color": colours.stop, "circle-opacity": 0.9, "circle-stroke-color": colours.stopEdge, "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 11, 0, 14, 1.5], "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, radius(0.2, 0.14), 12, radius(0.5, 0.28), 14, radius(2.5, 0.7), 17, radius(5, 1.4)] } },
      { id: "chosen-stop", type: "circle", source: "chosen", filter: ["==", ["geometry-type"], "Point"], layout: { visibility: "none" }, paint: { "circle-color": "#ffb703", "circle-stroke-color": colours.stopEdge, "circle-stroke-width": 2, "circle-radius": 9 } },
      { id: "line-names", type: "symbol", source: "lines", minzoom: 13, layout: { "symbol-placement": "line", "symbol-spacing": 320, "text-field": ["get", "label"], "text-font": FONT, "text-size": 11, "text-padding": 4 }, paint: { "text-color": colours.text, "text-halo-color": colours.halo, "text-halo-width": 1.6 } },
      { id: "stop-names", type: "symbol", source: "stops", minzoom: 14.6, layout: { "text-field": ["get", "label"], "text-font": FONT, "text-size": 12, "text-anchor": "top", "text-offset": [0, 0.9], "text-max-width": 9, "symbol-sort-key": ["-", 0, ["get", "waiting"]] }, paint: { "text-color": colours.text, "text-halo-color": colours.halo, "text-halo-width": 1.6 } },
    ],
  } as StyleSpecification;
}

/** How many pixels wide a line is at a zoom. */
export function lineWidthPx(zoom: number): number {
  const next = LINE_WIDTHS.findIndex(([at]) => at > zoom);
  if (next <= 0) return next ? LINE_WIDTHS[LINE_WIDTHS.length - 1][1] : LINE_WIDTHS[0][1];
  const [[from, one], [to, other]] = [LINE_WIDTHS[next - 1], LINE_WIDTHS[next]];
  return one + ((other - one) * (WIDTH_BASE ** (zoom - from) - 1)) / (WIDTH_BASE ** (to - from) - 1);
}

/** Show layers, or spare the map their source's tiles: also an empty one takes time in each picture. */
export function setVisible(map: LibreMap, layers: readonly string[], isVisible: boolean): void {
  for (const layer of layers) map.setLayoutProperty(layer, "visibility", isVisible ? "visible" : "none");
}

/** Do something once the style is there, and again for each style that takes its place. */
export function forEachStyle(map: LibreMap, action: () => void): void {
  map.on("style.load", action);
  if (map.getLayer("stops")) action();
}

/** A text for the library's attribution, which is markup. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
