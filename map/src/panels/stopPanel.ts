// A stop: people waiting over the day, the next arrivals of all lines, the lines that stop here.

import { get, getAll, Refused } from "../api";
import { timeLine } from "../charts";
import type { City } from "../city";
import { h } from "../dom";
import { hourMinute, number, t } from "../i18n";
import type { Arrival, PeopleCount, Sensors } from "../records";
import { badge, type Fact, facts, link, section } from "./parts";
import type { View } from "./panel";

const SPAN_MS = 12 * 3_600_000;
const MOST_ARRIVALS = 10;

export class StopPanel implements View {
  private past: PeopleCount[] = [];
  private arrivals: Arrival[] | null = null;
  private air: Sensors | null = null;

  constructor(
    private readonly city: City,
    readonly id: string,
  ) {}

  title(): Node {
    return h("span", {}, this.city.network.stopName(this.id));
  }

  async load(): Promise<void> {
    const endMs = this.city.toldMs();
    const id = encodeURIComponent(this.id);
    const moment = this.city.replay ? { timestamp: new Date(endMs).toISOString() } : { mode: "latest" };
    const [past, air, coming] = await Promise.all([
      getAll<PeopleCount>(`/people-count/${id}`, { start: new Date(endMs - SPAN_MS).toISOString(), end: new Date(endMs + 1).toISOString() }),
      get<Sensors>(`/sensors/stop/${id}`, moment).catch(absent),
      this.city.replay ? null : get<{ arrivals: Arrival[] }>(`/arrivals/${id}`, { limit: MOST_ARRIVALS }),
    ]);
    [this.past, this.air, this.arrivals] = [past, air, coming?.arrivals ?? null];
  }

  draw(): Node[] {
    const stop = this.city.network.stop.get(this.id);
    const known: Fact[] = [
      [t("stop"), this.id],
      [t("waiting"), stop?.waiting ?? "–"],
    ];
    if (this.air) known.push([t("climate"), `${number(this.air.temperature, 1)} °C, ${number(this.air.humidity)} %`]);
    const points = this.past.map((each) => ({ timeMs: Date.parse(each.time), value: each.count }));
    return [
      facts(known),
      ...(this.arrivals ? [section(t("nextArrivals"), this.arrivalList(this.arrivals))] : []),
      ...(points.length > 1 ? [section(t("waitingToday"), timeLine(points, t("waitingToday")))] : []),
      section(
        t("linesHere"),
        h("ul", { class: "list" }, ...(stop?.lineIds ?? []).map((id) => {
          const line = this.city.network.line.get(id);
          return h("li", {}, link(this.city, "line", id, badge(line, id), ` ${nameOnly(line?.name ?? id, line?.label ?? "")}`));
        })),
      ),
    ];
  }

  private arrivalList(arrivals: Arrival[]): Node {
    if (!arrivals.length) return h("p", { class: "note" }, t("noArrivals"));
    return h("ol", { class: "times" }, ...arrivals.map((each) => {
      const minutes = Math.max(0, Math.round(each.wait_s / 60));
      const wait = minutes ? `${minutes} ${t("minutes")}` : t("now");
      const planned = each.planned_time ? ` (${t("planned")} ${hourMinute(Date.parse(each.planned_time))})` : "";
      return h(
        "li",
        { title: `${hourMinute(Date.parse(each.expected_time))}${planned}` },
        h("time", {}, wait),
        link(this.city, "bus", each.bus_id, badge(this.city.network.line.get(each.line_id), each.line_id), ` ${each.destination}`),
      );
    }));
  }
}

/** Nothing, for an entity without data at that moment. */
function absent(error: unknown): null {
  if (error instanceof Refused && error.status === 404) return null;
  throw error;
}

export function nameOnly(name: string, label: string): string {
  return name.startsWith(label) ? name.slice(label.length).replace(/^[ :]+/, "") : name;
}
