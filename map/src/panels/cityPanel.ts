// The city: totals, the fullest buses and stops, the run (scenario, seed, journal), interventions.

import { get } from "../api";
import type { City } from "../city";
import { h } from "../dom";
import { dayAndMinute, number, t } from "../i18n";
import type { Health } from "../records";
import type { Interventions } from "./interventions";
import { badge, facts, link, section } from "./parts";
import type { View } from "./panel";

const MOST = 8;

export class CityPanel implements View {
  private health: Health | null = null;

  constructor(
    private readonly city: City,
    private readonly interventions: Interventions,
  ) {}

  title(): string {
    return t("city");
  }

  async load(): Promise<void> {
    [this.health] = await Promise.all([get<Health>("/health"), this.interventions.load()]);
  }

  draw(): Node[] {
    const { out, aboard, waiting, speed } = this.city.totals();
    return [
      facts([
        [t("busesOut"), number(out)],
        [t("aboard"), number(aboard)],
        [t("waiting"), number(waiting)],
        [t("meanSpeed"), `${number(speed, 1)} km/h`],
      ]),
      section(t("crowdedBuses"), this.fullest()),
      section(t("crowdedStops"), this.crowded()),
      ...(this.health ? [section(t("run"), this.run(this.health))] : []),
      this.interventions.list(),
    ];
  }

  private fullest(): Node {
    const shown = [...this.city.tracks.buses.values()].map((bus) => this.city.recordOf(bus)).filter((record) => this.city.isShown(this.city.network.line.get(record.line_id)));
    const load = (id: string, count: number): number => count / this.city.capacityOf(id);
    shown.sort((one, other) => load(other.bus_id, other.passenger_count) - load(one.bus_id, one.passenger_count));
    return h("ul", { class: "list" }, ...shown.slice(0, MOST).map((record) =>
      h("li", {}, link(this.city, "bus", record.bus_id, badge(this.city.network.line.get(record.line_id)), ` ${record.bus_id}`), ` ${record.passenger_count} / ${this.city.capacityOf(record.bus_id)}`),
    ));
  }

  private crowded(): Node {
    const stops = this.city.shownStops().filter((stop) => stop.waiting);
    stops.sort((one, other) => (other.waiting ?? 0) - (one.waiting ?? 0));
    return h("ul", { class: "list" }, ...stops.slice(0, MOST).map((stop) => h("li", {}, link(this.city, "stop", stop.id, stop.name), ` ${number(stop.waiting ?? 0)}`)));
  }

  private run(health: Health): Node {
    const stretches = health.streams.bus_position?.coverage ?? [];
    const stored = stretches.map((each) => `${dayAndMinute(Date.parse(each.start))} – ${dayAndMinute(Date.parse(each.end))}`);
    const { digest } = this.interventions.journal;
    return facts([
      [t("status"), health.status],
      [t("scenario"), health.run.scenario_digest ? health.run.scenario_digest.slice(0, 12) : t("ordinary")],
      [t("seed"), health.run.seed],
      [t("journal"), digest ? digest.slice(0, 12) : t("ordinary")],
      [t("run"), health.run.run_id],
      [t("stored"), stored[stored.length - 1] ?? "–"],
    ]);
  }
}
