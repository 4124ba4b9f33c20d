// The map page: sign in, load the network once, then follow the live records.

import type { Map as LibreMap } from "maplibre-gl";
import { get, type Session, SignedOut } from "./api";
import { City, type Selection } from "./city";
import { DisruptionsLayer } from "./disruptionsLayer";
import { byId } from "./dom";
import { Feed, Polling, type Source } from "./feed";
import { language, setLanguage, t, translatePage } from "./i18n";
import { LayersSheet } from "./layersSheet";
import { emptyMap, MapView } from "./mapView";
import { Network, type NetworkShape } from "./network";
import { CityPanel } from "./panels/cityPanel";
import { Interventions } from "./panels/interventions";
import { OperationsPanel } from "./panels/operationsPanel";
import { Panel, type View } from "./panels/panel";
import { Pointing } from "./pointing";
import type { AllAtOnce, BusPosition, ClockState, PeopleCount } from "./records";
import { Search } from "./search";
import { session } from "./signIn";
import { StatusBar } from "./statusBar";
import { TableView } from "./tableView";
import { applyTheme, onSystemTheme, toggleTheme } from "./theme";
import { TimeBar } from "./time/timeBar";

const CLOCK_EVERY_MS = 30_000;
const TICK_MS = 30_000;

function trouble(text: string): void {
  byId("trouble").textContent = text;
  byId("trouble").hidden = text === "";
}

type Snapshot = [ClockState, AllAtOnce<BusPosition>, AllAtOnce<PeopleCount>];

function snapshot(): Promise<Snapshot> {
  return Promise.all([
    get<ClockState>("/clock"),
    get<AllAtOnce<BusPosition>>("/bus-position", { mode: "latest" }),
    get<AllAtOnce<PeopleCount>>("/people-count", { mode: "latest" }),
  ]);
}

class App {
  private readonly city: City;
  private readonly view: MapView;
  private readonly panel: Panel;
  private readonly bar: StatusBar;
  private readonly layers: LayersSheet;
  private readonly time: TimeBar;
  private readonly interventions: Interventions;
  private readonly pointing: Pointing;
  private feed: Source | null = null;
  private isSigningIn = false;
  private readonly isPolling: boolean;
  private readonly lost = new Set<string>();

  constructor(map: LibreMap, network: Network, found: Session, newest: Snapshot) {
    this.city = new City(network);
    this.add(newest); // before there is a view, which then draws all at once
    this.view = new MapView(map, this.city, found.map_tiles);
    this.interventions = new Interventions(
      this.city,
      () => this.panel.refresh(),
      () => this.pointing.buttons(),
    );
    this.pointing = new Pointing(this.city, this.interventions, (stops) => this.view.markStops(stops));
    const disruptions = new DisruptionsLayer(this.view.map, this.city, this.interventions, (action) => void this.guard(action));
    this.view.intercept = (pointed, x, y) => this.pointing.take(pointed) || disruptions.open(x, y);
    this.interventions.isAllowed = found.may_intervene;
    this.isPolling = found.by_headers === true;
    this.panel = new Panel(this.city, () => void this.signInAgain(), (view) => this.actions(view));
    this.time = new TimeBar(this.city, found, (error) => this.report(error));
    this.bar = new StatusBar(this.city);
    this.layers = new LayersSheet(this.city, () => this.view, () => (this.bar.draw(), this.view.refreshBuses()));
    new Search(this.city, (selection) => this.open(selection));
    new TableView(this.city, (selection) => this.open(selection));
    this.buttons();
    Object.assign(window, { mapPage: { city: this.city, view: this.view } });
  }

  async start(newest: Snapshot): Promise<void> {
    // What isn't in the first picture waits for it.
    await this.view.firstPicture();
    this.addTickBefore(newest);
    this.follow();
    setInterval(() => this.guard(() => this.city.clock.refresh()), CLOCK_EVERY_MS);
  }

  /** Select something and move the map to it. */
  private open(selection: Selection): void {
    this.city.select(selection);
    if (selection.kind === "line") this.view.showLine(selection.id);
    const stop = this.city.network.stop.get(selection.id);
    if (selection.kind === "stop" && stop) this.view.goTo(stop.lngLat);
    const bus = this.city.tracks.buses.get(selection.id)?.newest;
    if (selection.kind === "bus" && bus) this.view.goTo([bus.longitude, bus.latitude]);
  }

  private actions(view: View): Node[] {
    return view instanceof OperationsPanel || this.city.replay ? [] : this.interventions.forms();
  }

  private report(error: unknown): void {
    if (error instanceof SignedOut) return void this.signInAgain();
    trouble(error instanceof Error ? error.message : String(error));
    setTimeout(() => trouble(""), 6000);
  }

  /** The positions of a tick earlier, so that buses drive at once. */
  private addTickBefore([, { time }]: Snapshot): void {
    const before = new Date(Date.parse(time) - TICK_MS).toISOString();
    void this.guard(async () => this.city.addPositions((await get<AllAtOnce<BusPosition>>("/bus-position", { timestamp: before })).items));
  }

  private add([clock, positions, counts]: Snapshot): void {
    this.city.clock.set(clock);
    this.city.addPositions(positions.items);
    this.city.addCounts(counts.items);
  }

  private follow(): void {
    this.feed?.close();
    if (this.isPolling) {
      this.feed = new Polling(() => void this.guard(async () => this.add(await snapshot())));
      return;
    }
    this.feed = new Feed(this.city.network.lines.map((line) => line.id), {
      positions: (records) => this.city.addPositions(records),
      counts: (records) => this.city.addCounts(records),
      connected: (isConnected) => {
        trouble(isConnected ? "" : t("disconnected"));
        if (!isConnected) void this.guard(() => this.city.clock.refresh());
      },
    });
  }

  private async guard(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      if (this.lost.delete("api")) trouble("");
    } catch (error) {
      if (error instanceof SignedOut) return this.signInAgain();
      this.lost.add("api");
      trouble(t("disconnected"));
    }
  }

  private async signInAgain(): Promise<void> {
    if (this.isSigningIn) return;
    this.isSigningIn = true;
    this.feed?.close();
    const found = await session(t("signedOut"));
    this.isSigningIn = false;
    this.interventions.isAllowed = found.may_intervene;
    this.time.allow(found);
    trouble("");
    await this.guard(async () => {
      const newest = await snapshot();
      this.add(newest);
      this.addTickBefore(newest);
    });
    this.follow();
    this.panel.refresh();
  }

  private buttons(): void {
    const toggle = (id: string, kind: new (...parts: never[]) => View, make: () => View): void =>
      byId(id).addEventListener("click", () => {
        const isOpen = this.panel.isOpen(kind);
        this.city.select(null);
        this.panel.show(isOpen ? null : make());
      });
    toggle("open-city", CityPanel, () => new CityPanel(this.city, this.interventions));
    toggle("open-operations", OperationsPanel, () => new OperationsPanel());
    byId("home").addEventListener("click", () => this.view.home());
    byId("theme").addEventListener("click", () => (toggleTheme(), this.restyle()));
    byId("language").addEventListener("click", () => {
      setLanguage(language === "en" ? "es" : "en");
      this.bar.draw();
      this.layers.redraw();
      this.time.draw();
      this.panel.refresh();
    });
    onSystemTheme(() => this.restyle());
  }

  private restyle(): void {
    this.view.restyle();
    this.view.map.once("style.load", () => this.layers.redraw());
  }
}

async function start(): Promise<void> {
  applyTheme();
  onSystemTheme(applyTheme);
  translatePage();
  const map = emptyMap(byId("map"));
  const found = await session();
  trouble(t("connecting"));
  const [shape, newest] = await Promise.all([get<NetworkShape>("/network.geojson"), snapshot()]);
  trouble("");
  await new App(map, new Network(shape), found, newest).start(newest);
}

start().catch((error: unknown) => trouble(error instanceof Error ? error.message : String(error)));
