// A line: space-time diagram, headways and bunching, load by segment, its buses.

import { getAll } from "../api";
import { bars, type Journey, spaceTime } from "../charts";
import type { City } from "../city";
import { h } from "../dom";
import { number, t } from "../i18n";
import { byNature, mercator, type Line, type Pattern } from "../network";
import type { BusPosition, StopVisit } from "../records";
import { css, loadColour } from "../theme";
import { badge, facts, link, section } from "./parts";
import type { View } from "./panel";
import { headwaysOf } from "./headways";
import { nameOnly } from "./stopPanel";

const HOUR_MS = 3_600_000;

export class LinePanel implements View {
  private direction: 0 | 1 = 0;
  private visits: StopVisit[] = [];
  private positions = new Map<string, BusPosition>();

  constructor(
    private readonly city: City,
    readonly id: string,
  ) {}

  private get line(): Line | undefined {
    return this.city.network.line.get(this.id);
  }

  private get pattern(): Pattern | undefined {
    const patterns = this.line?.patterns.filter((each) => each.direction === this.direction) ?? [];
    return patterns.find((each) => each.isMain) ?? patterns[0];
  }

  title(): Node {
    const line = this.line;
    return h("span", {}, badge(line, this.id), ` ${nameOnly(line?.name ?? this.id, line?.label ?? "")}`);
  }

  async load(): Promise<void> {
    const endMs = this.city.toldMs();
    const range = { start: new Date(endMs - HOUR_MS).toISOString(), end: new Date(endMs + 1).toISOString() };
    const [visits, positions] = await Promise.all([
      getAll<StopVisit>(`/stop-visits/line/${encodeURIComponent(this.id)}`, range),
      getAll<BusPosition>("/bus-position", { ...range, line_id: this.id }),
    ]);
    this.visits = visits;
    this.positions.clear();
    for (const each of positions) this.positions.set(`${each.bus_id} ${each.time}`, each);
  }

  draw(): Node[] {
    this.follow();
    const pattern = this.pattern;
    const mine = this.visits.filter((visit) => visit.direction === this.direction);
    const found = headwaysOf(mine);
    return [
      facts([
        [t("busesOnLine"), `${this.buses().filter((bus) => bus.trip_id).length} / ${this.buses().length}`],
        [t("aboard"), this.buses().reduce((sum, bus) => sum + bus.passenger_count, 0)],
        [t("leftBehind"), this.visits.reduce((sum, visit) => sum + visit.left_behind, 0)],
      ]),
      this.chooser(),
      ...(pattern ? [section(t("spaceTime"), this.diagram(pattern))] : []),
      section(
        t("headways"),
        facts([
          [t("headway"), found ? `${number(found.meanS / 60, 1)} ${t("minutes")}` : "–"],
          [t("regularity"), found ? number(found.variation, 2) : "–"],
          [t("bunching"), found ? `${number(found.bunchedShare * 100)} %` : "–"],
        ]),
      ),
      ...(pattern ? [section(t("loadBySegment"), this.segments(pattern, mine))] : []),
      section(t("buses"), h("ul", { class: "chips" }, ...this.buses().map((bus) => this.chip(bus)))),
    ];
  }

  private buses(): BusPosition[] {
    const found = [...this.city.tracks.buses.values()].filter((bus) => bus.lineId === this.id).map((bus) => this.city.recordOf(bus));
    return found.sort((one, other) => byNature(one.bus_id, other.bus_id));
  }

  /** Add the ticks that have come since the last request, so that the diagram is live. */
  private follow(): void {
    for (const record of this.buses()) this.positions.set(`${record.bus_id} ${record.time}`, record);
  }

  private chooser(): Node {
    const choice = (direction: 0 | 1): Node => {
      const towards = this.line?.patterns.find((each) => each.direction === direction)?.destination ?? t(direction ? "inbound" : "outbound");
      const choose = (event: Event): void => {
        this.direction = direction;
        const body = (event.target as HTMLElement).closest("#details-body > div");
        body?.replaceChildren(...this.draw());
        body?.querySelector<HTMLElement>(`[data-direction="${direction}"]`)?.focus();
      };
      return h("button", { type: "button", "aria-pressed": String(this.direction === direction), "data-direction": direction, click: choose }, `→ ${towards}`);
    };
    return h("div", { class: "choices", role: "group", "aria-label": t("direction") }, choice(0), choice(1));
  }

  private diagram(pattern: Pattern): Node {
    const toMs = this.city.toldMs();
    const journeys = new Map<string, Journey & { most: number }>();
    const records = [...this.positions.values()].sort((one, other) => (one.time < other.time ? -1 : 1));
    for (const record of records) {
      if (record.direction !== this.direction || !record.trip_id) continue;
      const [x, y] = mercator([record.longitude, record.latitude]);
      const distanceM = pattern.distanceTo(record.next_stop_id, record.distance_to_next_stop, x, y);
      if (Number.isNaN(distanceM)) continue;
      const journey = journeys.get(record.trip_id) ?? { colour: "", points: [], most: 0 };
      journey.points.push({ timeMs: Date.parse(record.time), distanceM });
      journey.most = Math.max(journey.most, record.passenger_count / this.city.capacityOf(record.bus_id));
      journey.colour = css(loadColour(journey.most));
      journeys.set(record.trip_id, journey);
    }
    const ends: [string, string] = [this.city.network.stopName(pattern.stopIds[0]), pattern.destination];
    return spaceTime([...journeys.values()], pattern.stopDistancesM, ends, toMs - HOUR_MS, toMs, t("spaceTime"));
  }

  private segments(pattern: Pattern, visits: StopVisit[]): Node {
    const values = pattern.stopIds.map((id, index) => {
      const loads = visits.filter((visit) => visit.stop_id === id && visit.sequence === index + 1).map((visit) => visit.passenger_count);
      return { name: this.city.network.stopName(id), value: loads.length ? loads.reduce((sum, load) => sum + load, 0) / loads.length : 0 };
    });
    return bars(values, t("loadBySegment"));
  }

  private chip(bus: BusPosition): Node {
    const chip = link(this.city, "bus", bus.bus_id, bus.bus_id);
    chip.style.borderColor = bus.trip_id ? css(loadColour(bus.passenger_count / this.city.capacityOf(bus.bus_id))) : "";
    return h("li", {}, chip);
  }
}
