// What is disturbed by decision, drawn where it is: closed and slow roads, closed and crowded stops, broken buses.

import { type GeoJSONSource, type LayerSpecification, type Map as LibreMap, Popup } from "maplibre-gl";
import type { City } from "./city";
import { h } from "./dom";
import { t } from "./i18n";
import { forEachStyle, setVisible } from "./mapStyle";
import { type Intervention, type Interventions, textOf } from "./panels/interventions";

const EVERY_MS = 60_000;
const REACH_PX = 8;
const LAYERS = ["disturbed-roads", "disturbed-places"];
const COLOUR = ["match", ["get", "kind"], "slow_zone", "#e07b00", "surge", "#8a3ffc", "#d1001f"];
const EMPTY = { type: "FeatureCollection" as const, features: [] };

interface Feature {
  type: "Feature";
  geometry: { type: string; coordinates: unknown };
  properties: { id: string; kind: string };
}

export class DisruptionsLayer {
  private popup: Popup | null = null;
  private isDrawn = false;

  constructor(
    private readonly map: LibreMap,
    private readonly city: City,
    private readonly interventions: Interventions,
    guard: (action: () => Promise<void>) => void,
  ) {
    forEachStyle(map, () => this.add());
    interventions.addEventListener("loaded", () => this.draw());
    city.addEventListener("positions", () => this.draw());
    city.addEventListener("mode", () => this.draw());
    const load = (): void => guard(() => interventions.load());
    load();
    setInterval(load, EVERY_MS);
  }

  /** Tell what is disturbed at a point of the map, with a button that ends it. Returns whether anything is. */
  open(x: number, y: number): boolean {
    if (!this.map.getLayer(LAYERS[0])) return false;
    const [found] = this.map.queryRenderedFeatures([[x - REACH_PX, y - REACH_PX], [x + REACH_PX, y + REACH_PX]], { layers: LAYERS });
    const shown = this.interventions.journal.items.find((each) => each.id === String(found?.properties.id));
    this.popup?.remove();
    if (!shown) return false;
    const end = async (): Promise<void> => {
      await this.interventions.end(shown.id);
      this.popup?.remove();
    };
    const button = this.interventions.isAllowed ? h("button", { type: "button", click: () => void end() }, t("end")) : "";
    this.popup = new Popup({ maxWidth: "280px", locale: { "Popup.Close": t("close") } } as never)
      .setLngLat(this.map.unproject([x, y]))
      .setDOMContent(h("div", { class: "disturbed" }, h("p", {}, textOf(shown)), button))
      .addTo(this.map);
    return true;
  }

  private add(): void {
    this.map.addSource("disturbed", { type: "geojson", data: EMPTY });
    const roads: LayerSpecification = { id: LAYERS[0], type: "line", source: "disturbed", filter: ["==", ["geometry-type"], "LineString"], layout: { "line-join": "round", visibility: "none" }, paint: { "line-color": COLOUR as never, "line-width": 7, "line-opacity": 0.85, "line-dasharray": [1, 0.6] } };
    const places: LayerSpecification = { id: LAYERS[1], type: "circle", source: "disturbed", filter: ["==", ["geometry-type"], "Point"], layout: { visibility: "none" }, paint: { "circle-color": COLOUR as never, "circle-opacity": 0.35, "circle-radius": 15, "circle-stroke-color": COLOUR as never, "circle-stroke-width": 3 } };
    for (const layer of [roads, places]) this.map.addLayer(layer, "stops");
    this.draw();
  }

  private draw(): void {
    const source = this.map.getSource("disturbed") as GeoJSONSource | undefined;
    // A replay shows another moment than the journal's present.
    const going = this.city.replay ? [] : this.interventions.journal.items.filter((each) => each.state === "active" || each.state === "planned");
    const features = going.flatMap((each) => this.features(each));
    if (!features.length && !this.isDrawn) return; // it would be cut into tiles and drawn anew at each tick
    this.isDrawn = features.length > 0;
    source?.setData({ type: "FeatureCollection", features } as never);
    if (source) setVisible(this.map, LAYERS, this.isDrawn);
  }

  private features(each: Intervention): Feature[] {
    const [[kind, fields]] = Object.entries(each.disruption);
    const properties = { id: each.id, kind };
    const feature = (type: string, coordinates: unknown): Feature => ({ type: "Feature", geometry: { type, coordinates }, properties });
    if (Array.isArray(fields.between)) return this.stretches(String(fields.line), fields.between.map(String)).map((places) => feature("LineString", places));
    const bus = this.city.live.buses.get(String(fields.bus))?.newest;
    const stop = this.city.network.stop.get(String(fields.stop));
    const place = stop?.lngLat ?? (bus && [bus.longitude, bus.latitude]);
    return place ? [feature("Point", place)] : [];
  }

  private stretches(line: string, [from, to]: string[]): [number, number][][] {
    const found: [number, number][][] = [];
    for (const pattern of this.city.network.line.get(line)?.patterns ?? []) {
      const ends = [pattern.stopIds.indexOf(from), pattern.stopIds.indexOf(to)].sort((one, other) => one - other);
      if (ends[0] >= 0 && ends[1] > ends[0]) found.push(pattern.stretch(pattern.stopDistancesM[ends[0]], pattern.stopDistancesM[ends[1]]));
    }
    return found;
  }
}
