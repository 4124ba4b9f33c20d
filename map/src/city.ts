// What the map shows: the network, the buses and people of an instant, filters and the selection.

import type { BusSource, Look } from "./busLayer";
import type { Line, Network, Stop } from "./network";
import type { BusPosition, PeopleCount } from "./records";
import { SimulatedClock } from "./simulatedClock";
import { loadColour, palette, rgb } from "./theme";
import { type Bus, Tracks } from "./tracks";

export type Kind = "bus" | "stop" | "line";
export interface Selection {
  kind: Kind;
  id: string;
}

export type Colouring = "load" | "line" | "speed";
const TICK_MS = 30_000;
const FASTEST_KMH = 45;

export class City extends EventTarget implements BusSource {
  readonly clock = new SimulatedClock();
  readonly live: Tracks;
  /** What is shown instead of the present, while there is a replay. */
  replay: { tracks: Tracks; nowMs(): number; rate(): number } | null = null;
  selected: Selection | null = null;
  colouring: Colouring = "load";
  showParked = true;
  onlyLines: Set<string> | null = null;
  countedAtMs = 0;
  private readonly colours = new Map<string, [number, number, number]>();
  private readonly hiddenNight = new Set<string>();
  private capacities = new Map<string, number>();

  constructor(readonly network: Network) {
    super();
    this.live = new Tracks(network, 5 * 60_000);
    for (const line of network.lines) this.colours.set(line.id, rgb(line.colour));
  }

  // --- time

  /** The instant that is drawn: buses are shown a tick late, so that the next tick says where they drive. */
  shownMs(): number {
    if (this.replay) return this.replay.nowMs();
    const lateMs = TICK_MS + 1500 * Math.max(1, this.clock.rate);
    if (this.clock.isMax) return this.live.newestMs - TICK_MS;
    return Math.min(this.clock.nowMs() - lateMs, this.live.newestMs);
  }

  /** The instant that the clock of the page tells. */
  toldMs(): number {
    return this.replay ? this.replay.nowMs() : this.clock.nowMs();
  }

  get pace(): number {
    return this.replay ? this.replay.rate() : this.clock.rate;
  }

  get tracks(): Tracks {
    return this.replay ? this.replay.tracks : this.live;
  }

  // --- records

  addPositions(records: BusPosition[]): void {
    const newest = Math.max(...records.map((record) => Date.parse(record.time)));
    if (newest < this.live.newestMs - 10 * TICK_MS) this.live.dropAfter(newest);
    this.live.keepMs = (4 + 0.1 * Math.min(this.clock.rate, 600)) * TICK_MS;
    for (const record of records) {
      if (record.capacity) this.capacities.set(record.bus_id, record.capacity);
      this.live.add(record);
    }
    this.clock.reach(newest);
    this.announce("positions");
  }

  addCounts(records: PeopleCount[]): void {
    if (this.replay) return;
    this.setCounts(records);
  }

  setCounts(records: { stop_id: string; count: number; time: string }[]): void {
    for (const { stop_id, count } of records) {
      const stop = this.network.stop.get(stop_id);
      if (stop) stop.waiting = count;
    }
    if (records.length) this.countedAtMs = Date.parse(records[0].time);
    this.announce("counts");
  }

  /** A bus's record of the instant that is told: the newest, in a replay that of the moment. */
  recordOf(bus: Bus): BusPosition {
    return this.replay ? bus.moveTo(this.replay.nowMs()) : bus.newest;
  }

  capacityOf(busId: string): number {
    return this.capacities.get(busId) ?? 80;
  }

  // --- what is shown

  isShown(line: Line | undefined): boolean {
    if (!line) return false;
    if (this.selected?.kind === "line" && this.selected.id === line.id) return true;
    return (this.onlyLines === null || this.onlyLines.has(line.id)) && !this.hiddenNight.has(line.id);
  }

  shownLines(): Line[] {
    return this.network.lines.filter((line) => this.isShown(line));
  }

  showNight(isShown: boolean): void {
    this.hiddenNight.clear();
    if (!isShown) for (const line of this.network.lines) if (line.night) this.hiddenNight.add(line.id);
    this.announce("filter");
  }

  setOnlyLines(ids: Set<string> | null): void {
    this.onlyLines = ids;
    this.announce("filter");
  }

  select(selection: Selection | null): void {
    if (selection?.kind === this.selected?.kind && selection?.id === this.selected?.id) return;
    this.selected = selection;
    this.announce("selection");
  }

  selectedLines(): string[] {
    if (!this.selected) return [];
    if (this.selected.kind === "line") return [this.selected.id];
    if (this.selected.kind === "stop") return this.network.stop.get(this.selected.id)?.lineIds ?? [];
    const bus = this.tracks.buses.get(this.selected.id);
    return bus ? [bus.lineId] : [];
  }

  *visibleBuses(): Iterable<Bus> {
    const shown = this.shownMs();
    const ids = new Set(this.shownLines().map((line) => line.id));
    const dimmed = this.selected?.kind === "line" ? this.selected.id : null;
    let last: Bus | null = null;
    for (const bus of this.tracks.buses.values()) {
      if (!ids.has(bus.lineId) || (dimmed !== null && bus.lineId !== dimmed)) continue;
      const record = bus.moveTo(shown);
      if (!record.trip_id && !this.showParked) continue;
      if (this.selected?.kind === "bus" && this.selected.id === bus.id) last = bus;
      else yield bus;
    }
    if (last) yield last;
  }

  /** Pixels from which a bus is drawn; set with the zoom. */
  busSize = 9;

  look(bus: Bus, into: Look): void {
    const record = this.replay ? bus.shown : bus.newest;
    const isParked = !record.trip_id;
    const colour = isParked ? palette().parked : this.colourOf(bus, record);
    [into.red, into.green, into.blue] = colour;
    const isSelected = this.selected?.kind === "bus" && this.selected.id === bus.id;
    into.size = isSelected ? this.busSize * 1.5 + 6 : isParked ? this.busSize * 0.55 : this.busSize;
  }

  private colourOf(bus: Bus, record: BusPosition): [number, number, number] {
    if (this.colouring === "line") return this.colours.get(bus.lineId) ?? [0.5, 0.5, 0.5];
    if (this.colouring === "speed") return loadColour(1 - record.speed / FASTEST_KMH);
    return loadColour(record.passenger_count / this.capacityOf(bus.id));
  }

  // --- totals

  totals(): { out: number; aboard: number; waiting: number; speed: number } {
    let [out, aboard, waiting, speed] = [0, 0, 0, 0];
    for (const bus of this.tracks.buses.values()) {
      if (!this.isShown(this.network.line.get(bus.lineId))) continue;
      const record = this.recordOf(bus);
      aboard += record.passenger_count;
      if (record.trip_id) [out, speed] = [out + 1, speed + record.speed];
    }
    for (const stop of this.shownStops()) waiting += stop.waiting ?? 0;
    return { out, aboard, waiting, speed: out ? speed / out : 0 };
  }

  shownStops(): Stop[] {
    const ids = new Set(this.shownLines().map((line) => line.id));
    return this.network.stops.filter((stop) => stop.lineIds.some((id) => ids.has(id)));
  }

  announce(name: "positions" | "counts" | "filter" | "selection" | "mode" | "connection"): void {
    this.dispatchEvent(new Event(name));
  }
}
