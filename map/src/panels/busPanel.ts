// A bus: load over the last hour, speed, next stops with times, doors, air, trip.

import { get, getAll } from "../api";
import { gauge, timeLine } from "../charts";
import type { City } from "../city";
import { h } from "../dom";
import { hourMinute, number, t } from "../i18n";
import type { BusPosition, Sensors, Trip } from "../records";
import { css, loadColour } from "../theme";
import { badge, type Fact, facts, link, section } from "./parts";
import type { View } from "./panel";

const HOUR_MS = 3_600_000;
const MOST_STOPS = 8;

export class BusPanel implements View {
  private air: Sensors | null = null;
  private trip: Trip | null = null;
  private past: BusPosition[] = [];

  constructor(
    private readonly city: City,
    readonly id: string,
  ) {}

  private get record(): BusPosition | null {
    const bus = this.city.tracks.buses.get(this.id);
    return bus ? this.city.recordOf(bus) : null;
  }

  title(): Node {
    const line = this.record ? this.city.network.line.get(this.record.line_id) : undefined;
    return h("span", {}, badge(line), ` ${t("bus")} ${this.id}`);
  }

  async load(): Promise<void> {
    const endMs = this.city.toldMs();
    const moment = this.city.replay ? { timestamp: new Date(endMs).toISOString() } : { mode: "latest" };
    const tripId = this.record?.trip_id;
    [this.past, this.air, this.trip] = await Promise.all([
      getAll<BusPosition>(`/bus-position/${encodeURIComponent(this.id)}`, {
        start: new Date(endMs - HOUR_MS).toISOString(),
        end: new Date(endMs + 1).toISOString(),
      }),
      get<Sensors>(`/sensors/bus/${encodeURIComponent(this.id)}`, moment),
      tripId && !this.city.replay ? get<Trip>(`/trips/${encodeURIComponent(tripId)}`).catch(() => null) : null,
    ]);
  }

  draw(): Node[] {
    const record = this.record;
    if (!record) return [h("p", {}, t("loading"))];
    return [facts(this.facts(record)), ...this.charts(), ...this.nextStops()];
  }

  private facts(record: BusPosition): Fact[] {
    const { network } = this.city;
    const line = network.line.get(record.line_id);
    const capacity = this.city.capacityOf(this.id);
    const load = record.passenger_count / capacity;
    const towards = line?.patterns.find((pattern) => pattern.direction === record.direction)?.destination ?? "";
    const found: Fact[] = [
      [t("line"), link(this.city, "line", record.line_id, line?.name ?? record.line_id)],
      [t("load"), gauge(load, css(loadColour(load)), `${record.passenger_count} / ${capacity} ${t("aboard")}`)],
    ];
    if (!record.trip_id) found.push([t("trip"), t("parked")]);
    else
      found.push(
        [t("direction"), towards],
        [t("speed"), `${number(record.speed, 1)} km/h`],
        [t("nextStop"), link(this.city, "stop", record.next_stop_id, `${network.stopName(record.next_stop_id)}, ${number(record.distance_to_next_stop)} m`)],
        [t("trip"), record.trip_id],
      );
    if (this.air)
      found.push(
        [t("doors"), t(this.air.door_status === "open" ? "open" : "closed")],
        [t("climate"), `${number(this.air.temperature, 1)} °C, ${number(this.air.humidity)} %`],
        [t("co2"), `${number(this.air.co2_level ?? 0)} ppm`],
      );
    found.push([t("time"), hourMinute(Date.parse(record.time))]);
    return found;
  }

  private charts(): Node[] {
    if (this.past.length < 2) return [];
    const points = this.past.map((each) => ({ timeMs: Date.parse(each.time), value: each.passenger_count }));
    return [section(t("loadLastHour"), timeLine(points, t("loadLastHour")))];
  }

  private nextStops(): Node[] {
    const ahead = (this.trip?.stops ?? []).filter((stop) => stop.expected_time !== null).slice(0, MOST_STOPS);
    if (!ahead.length) return [];
    const rows = ahead.map((stop) =>
      h("li", {}, h("time", {}, hourMinute(Date.parse(stop.expected_time ?? ""))), link(this.city, "stop", stop.stop_id, this.city.network.stopName(stop.stop_id))),
    );
    return [section(t("nextStops"), h("ol", { class: "times" }, ...rows))];
  }
}
