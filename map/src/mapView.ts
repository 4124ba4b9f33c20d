// The map itself: MapLibre with the network's lines and stops, and the layer of buses.

import { AttributionControl, type GeoJSONSource, Map as LibreMap, NavigationControl, prewarm, setWorkerUrl } from "maplibre-gl";
import { BusLayer } from "./busLayer";
import type { Tiles } from "./api";
import type { City } from "./city";
import { FarLines } from "./farLines";
import { allLines, chosen, type Features, NOTHING, shownStops } from "./features";
import { FAR_ZOOM, forEachStyle, lineWidthPx, mapStyle, setVisible } from "./mapStyle";
import type { Pointed } from "./pointing";
import { Scale } from "./scale";
import { palette } from "./theme";

const CLICK_PX = 14;
/** Draw again once the fastest bus has moved so many pixels. */
const STEP_PX = 0.3;
/** The shortest time between two pictures of the buses while the view stays. */
const BUSES_EVERY_MS = 50;
const FASTEST_M_S = 15;
const STOPS_EVERY_MS = 2000;
const FIRST_PICTURE_MS = 5000;
/** From this zoom on the whole of the lines is fetched for: a little before they are drawn. */
const NEAR_ZOOM = FAR_ZOOM - 0.7;

setWorkerUrl(new URL("maplibre-worker.js", import.meta.url).href);
// The worker starts while somebody signs in.
prewarm();

/** The map before there is a city to show: its first picture compiles the shaders while somebody signs in. */
export function emptyMap(container: HTMLElement): LibreMap {
  const map = new LibreMap({
    container,
    style: mapStyle(null),
    center: [0, 0],
    zoom: 11,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxPitch: 0,
    attributionControl: false,
    fadeDuration: 0,
    maxZoom: 19,
    minZoom: 8,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  return map;
}

export class MapView {
  readonly buses: BusLayer;
  readonly far: FarLines;
  /** Asked first about every click on the map; true if that is all that it shall do. */
  intercept: (pointed: Pointed, x: number, y: number) => boolean = () => false;
  private marked: string[] = [];
  private drawnMs = 0;
  private drawnWallMs = 0;
  private stopsTimer = 0;
  private stopsSetMs = -Infinity;
  private hasAllLines = false;
  private isNearDrawn = false;
  private chosen: Features = NOTHING;

  constructor(
    readonly map: LibreMap,
    private readonly city: City,
    private readonly tiles: Tiles | null,
  ) {
    map.setStyle(mapStyle(tiles));
    map.fitBounds(city.network.bounds, { padding: 40, animate: false });
    if (tiles) map.addControl(new AttributionControl({ compact: false }));
    this.buses = new BusLayer(city, city.network.lines, this.map);
    this.far = new FarLines(this.map, lineWidthPx);
    // Until the whole of the lines are there, the lines from afar stay.
    this.far.isFar = () => !this.isNearDrawn || this.map.getZoom() < FAR_ZOOM;
    this.map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
    this.map.addControl(new Scale(), "bottom-left");
    forEachStyle(this.map, () => {
      this.buses.edge = palette().busEdge;
      this.map.addLayer(this.far.layer(), "lines");
      this.map.addLayer(this.buses.layer());
      this.fill();
    });
    // In the same frame as the map's, so that buses and lines move together.
    this.map.on("render", () => this.drawBuses());
    this.map.on("click", (event) => this.pick(event.point.x, event.point.y));
    this.map.on("mousemove", (event) => {
      this.map.getCanvas().style.cursor = this.buses.at(event.point.x, event.point.y, CLICK_PX) || this.stopAt(event.point.x, event.point.y) ? "pointer" : "";
    });
    this.map.on("zoom", () => (this.setBusSize(), this.addAllLines()));
    this.setBusSize();
    city.addEventListener("counts", () => this.refreshStops());
    city.addEventListener("filter", () => (this.filter(), this.refreshStops()));
    city.addEventListener("selection", () => this.filter());
    const tick = (): void => {
      this.animate();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  /** Until the map rests with all that it has been given, or for a while where nothing is drawn: in a hidden tab. */
  firstPicture(): Promise<void> {
    return new Promise((drawn) => {
      this.map.once("idle", () => drawn());
      setTimeout(drawn, FIRST_PICTURE_MS);
    });
  }

  restyle(): void {
    this.map.setStyle(mapStyle(this.tiles), { diff: false });
  }

  private setBusSize(): void {
    const zoom = this.map.getZoom();
    this.city.busSize = Math.max(7, Math.min(32, 9 + (zoom - 11.5) * 5));
  }

  private drawBuses(): void {
    [this.drawnMs, this.drawnWallMs] = [this.city.shownMs(), performance.now()];
    this.buses.draw();
  }

  /** Draw the buses with the next frame: another colour, or others of them. */
  refreshBuses(): void {
    this.drawnMs = Infinity;
  }

  /** Draw the buses when one has moved far enough to be seen; the rest of the time nothing is drawn. */
  private animate(): void {
    if (performance.now() - this.drawnWallMs < BUSES_EVERY_MS) return;
    const shown = this.city.shownMs();
    const metresAPixel = (78271.5 * Math.cos((this.map.getCenter().lat * Math.PI) / 180)) / 2 ** this.map.getZoom();
    const moved = (Math.abs(shown - this.drawnMs) / 1000) * (FASTEST_M_S / metresAPixel);
    if (moved >= STEP_PX) this.drawBuses();
  }

  home(): void {
    this.map.fitBounds(this.city.network.bounds, { padding: 40 });
  }

  goTo(lngLat: [number, number], zoom = 15.5): void {
    this.map.flyTo({ center: lngLat, zoom: Math.max(zoom, this.map.getZoom()), essential: false });
  }

  showLine(id: string): void {
    const line = this.city.network.shape.features.filter((each) => "line_id" in each.properties && each.properties.line_id === id);
    const places = line.flatMap((each) => each.geometry.coordinates as [number, number][]);
    if (!places.length) return;
    const [xs, ys] = [places.map((place) => place[0]), places.map((place) => place[1])];
    const isWide = this.map.getContainer().clientWidth > 900;
    this.map.fitBounds(
      [
        [Math.min(...xs), Math.min(...ys)],
        [Math.max(...xs), Math.max(...ys)],
      ],
      { padding: isWide ? { top: 90, bottom: 110, left: 60, right: 420 } : { top: 80, bottom: 300, left: 30, right: 30 } },
    );
  }

  // --- picking

  private stopAt(x: number, y: number): string | null {
    if (!this.map.getLayer("stops")) return null;
    const found = this.map.queryRenderedFeatures([[x - 5, y - 5], [x + 5, y + 5]], { layers: ["stops"] });
    return found.length ? String(found[0].properties.id) : null;
  }

  private lineAt(x: number, y: number): string | null {
    const lines = this.map.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: ["lines"] });
    return lines.length ? String(lines[0].properties.line_id) : this.far.at(x, y, 4);
  }

  private pick(x: number, y: number): void {
    const bus = this.buses.at(x, y, CLICK_PX);
    if (this.intercept({ bus: bus?.id ?? null, stop: this.stopAt(x, y) }, x, y)) return;
    if (bus) return this.city.select({ kind: "bus", id: bus.id });
    const stop = this.stopAt(x, y);
    if (stop !== null) return this.city.select({ kind: "stop", id: stop });
    const line = this.lineAt(x, y);
    this.city.select(line === null ? null : { kind: "line", id: line });
  }

  // --- data

  private set(source: string, features: Features): void {
    void (this.map.getSource(source) as GeoJSONSource | undefined)?.setData(features as never);
  }

  /** Give a new style the city's data. */
  private fill(): void {
    [this.hasAllLines, this.isNearDrawn, this.chosen] = [false, false, NOTHING];
    this.set("stops", shownStops(this.city));
    this.addAllLines();
    this.filter();
  }

  /** Close by every pattern is drawn. That is most of a city's data, so it waits until somebody comes close. */
  private addAllLines(): void {
    if (this.hasAllLines || this.map.getZoom() < NEAR_ZOOM || !this.map.getLayer("lines")) return;
    this.hasAllLines = true;
    this.set("lines", allLines(this.city));
    this.map.once("idle", () => {
      this.isNearDrawn = true;
      this.map.triggerRepaint(); // without the lines from afar
    });
  }

  private refreshStops(): void {
    clearTimeout(this.stopsTimer);
    const waitMs = Math.max(0, this.stopsSetMs + STOPS_EVERY_MS - performance.now());
    this.stopsTimer = window.setTimeout(() => {
      this.stopsSetMs = performance.now();
      this.set("stops", shownStops(this.city));
    }, waitMs);
  }

  private filter(): void {
    if (!this.map.getLayer("lines")) return;
    const shown = this.city.shownLines().map((line) => line.id);
    const all = shown.length === this.city.network.lines.length;
    const lines: never = (all ? null : ["in", ["get", "line_id"], ["literal", shown]]) as never;
    for (const layer of ["casings", "lines", "line-names"]) this.map.setFilter(layer, lines);
    this.far.set(this.city);
    this.choose();
  }

  /** Bring out the lines and stops that are selected or marked; the other lines pale. */
  private choose(): void {
    if (!this.map.getLayer("lines")) return;
    const stop = this.city.selected?.kind === "stop" ? [this.city.selected.id] : [];
    const found = chosen(this.city, [...stop, ...this.marked]);
    if (found !== this.chosen) this.set("chosen", (this.chosen = found));
    setVisible(this.map, ["chosen-lines", "chosen-stop"], found !== NOTHING);
    const opacity = palette().lineOpacity * (this.city.selectedLines().length ? 0.3 : 1);
    this.far.opacity = opacity;
    this.map.setPaintProperty("lines", "line-opacity", opacity);
    this.refreshBuses();
  }

  /** Show these stops as the selected one is shown. */
  markStops(ids: string[]): void {
    this.marked = [...ids];
    this.choose();
  }

  setVisible(layers: string[], isVisible: boolean): void {
    setVisible(this.map, layers, isVisible);
  }
}
