// The city: totals, the fullest buses and stops, the run (scenario, seed, journal), interventions.

import { get } from "../api";
import type { City } from "../city";
import { h } from "../dom";
import { dayAndMinute, type Key, number, t } from "../i18n";
import type { Health } from "../records";
import type { Interventions } from "./interventions";
import { badge, facts, link, section } from "./parts";
import type { View } from "./panel";

const MOST = 8;
const COST_EVERY_MS = 60_000;

interface Measure {
  measure: string;
  unit: string;
  undisturbed: number | null;
  disturbed: number | null;
}

/** What the interventions have changed up to `time`: first of all lines together, then of each. */
interface Cost {
  time: string;
  lines: { line_id: string | null; name: string; measures: Measure[] }[];
  left_out: string[];
}

/** The measures that are shown, by the names that the server gives them. */
const COSTS: [string, Key][] = [
  ["time that people waited", "timeWaited"],
  ["mean wait", "meanWait"],
  ["left behind by full buses", "leftBehind"],
  ["passengers who gave up", "gaveUp"],
  ["headway CV", "regularity"],
];

export class CityPanel implements View {
  private health: Health | null = null;
  private cost: Cost | null = null;
  private costOf = "";
  private costAskedMs = -Infinity;

  constructor(
    private readonly city: City,
    private readonly interventions: Interventions,
  ) {}

  title(): string {
    return t("city");
  }

  async load(): Promise<void> {
    [this.health] = await Promise.all([get<Health>("/health"), this.interventions.load()]);
    await this.loadCost();
  }

  /** The server simulates the lines that are disturbed, which takes it a few seconds: so not often. */
  private async loadCost(): Promise<void> {
    const { digest } = this.interventions.journal;
    if (!digest || (digest === this.costOf && performance.now() - this.costAskedMs < COST_EVERY_MS)) return;
    [this.costOf, this.costAskedMs] = [digest, performance.now()];
    this.cost = await get<Cost>("/interventions/cost");
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
      ...(this.cost?.lines.length ? [section(t("againstUndisturbed"), ...this.costs(this.cost))] : []),
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

  private costs({ time, lines: [whole, ...lines], left_out }: Cost): Node[] {
    const value = (measure: Measure | undefined, of: "undisturbed" | "disturbed"): number | null => measure?.[of] ?? null;
    const text = (each: number | null, unit = "", sign = false): string => {
      if (each === null) return "–";
      const digits = unit === "s" ? 1 : unit ? 0 : 2;
      const shown = Number(each.toFixed(digits)) || 0; // never -0.00
      return `${sign && shown > 0 ? "+" : ""}${number(shown, digits)}`;
    };
    const rows = COSTS.map(([name, key]) => {
      const found = whole.measures.find((each) => each.measure === name);
      const [before, after] = [value(found, "undisturbed"), value(found, "disturbed")];
      const more = before === null || after === null ? null : after - before;
      return h("tr", {}, h("th", { scope: "row" }, t(key)), ...[text(before, found?.unit), text(after, found?.unit), text(more, found?.unit, true)].map((cell) => h("td", { class: "n" }, cell)));
    });
    const head = ["", t("undisturbed"), t("disturbed"), "±"].map((name) => (name ? h("th", { scope: "col", class: "n" }, name) : h("td", {})));
    const waited = (line: Cost["lines"][number]): string => {
      const found = line.measures.find((each) => each.measure === COSTS[0][0]);
      return text((found?.disturbed ?? 0) - (found?.undisturbed ?? 0), "min", true);
    };
    const ofLine = lines.slice(0, MOST).map((line) => h("li", {}, link(this.city, "line", line.line_id ?? "", badge(this.city.network.line.get(line.line_id ?? ""), line.name)), ` ${waited(line)} ${t("personMinutes")}`));
    return [
      h("table", { class: "cost" }, h("caption", {}, `${t("upTo")} ${dayAndMinute(Date.parse(time))}`), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)),
      h("ul", { class: "list" }, ...ofLine),
      ...(left_out.length ? [h("p", { class: "note" }, `${t("notCompared")} ${left_out.length}`)] : []),
    ];
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
