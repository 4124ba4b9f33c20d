// The organiser's view: requests and errors, connections, feeders, from /metrics and /health.

import { ask, get } from "../api";
import { h } from "../dom";
import { number, t, wallTime } from "../i18n";
import type { Health } from "../records";
import { facts, section } from "./parts";
import type { View } from "./panel";

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples in Prometheus's text format. */
export function samplesIn(text: string): Sample[] {
  const found: Sample[] = [];
  for (const line of text.split("\n")) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value.replace(/\\(.)/g, "$1")]);
    found.push({ name: match[1], labels: Object.fromEntries(labels) as Record<string, string>, value: Number(match[3]) });
  }
  return found;
}

interface Tally {
  name: string;
  requests: number;
  errors: number;
  seconds: number;
}

const MOST_ERRORS = 12;
const PREFIX = "bus_simulator_";

export class OperationsPanel implements View {
  private health: Health | null = null;
  private samples: Sample[] = [];

  title(): string {
    return t("operations");
  }

  async load(): Promise<void> {
    const [health, metrics] = await Promise.all([get<Health>("/health"), ask("/metrics").then((answer) => answer.text())]);
    [this.health, this.samples] = [health, samplesIn(metrics)];
  }

  draw(): Node[] {
    if (!this.health) return [h("p", { class: "note" }, t("loading"))];
    const byGroup = this.tallies("http_requests_by_group_total", "group");
    const connections = this.of("websocket_connections").reduce((sum, each) => sum + each.value, 0);
    return [
      facts([
        [t("status"), this.health.status],
        [t("connections"), number(connections)],
        [t("requests"), number(this.of("http_requests_total").reduce((sum, each) => sum + each.value, 0))],
      ]),
      section(t("feeders"), facts(this.health.feeders.map((each) => [each.name, `${each.state}, ${t("lag")} ${number(each.lag_s)} s`]))),
      ...(byGroup.length ? [section(t("byGroup"), table(t("group"), byGroup, false))] : []),
      section(t("limits"), this.limits()),
      section(t("lastErrorsOfGroups"), this.lastErrors()),
      section(t("byRoute"), table(t("route"), this.tallies("http_requests_total", "route"), true)),
      section(t("lastErrors"), this.errors()),
      section(t("stored"), facts(this.of("rows").map((each) => [each.labels.stream, number(each.value)]))),
    ];
  }

  private of(name: string): Sample[] {
    return this.samples.filter((sample) => sample.name === PREFIX + name);
  }

  private tallies(metric: string, label: string): Tally[] {
    const found = new Map<string, Tally>();
    for (const { labels, value } of this.of(metric)) {
      const name = labels[label];
      const tally = found.get(name) ?? { name, requests: 0, errors: 0, seconds: NaN };
      tally.requests += value;
      if (Number(labels.status) >= 400) tally.errors += value;
      found.set(name, tally);
    }
    if (label === "route") for (const { labels, value } of this.of("http_request_duration_seconds_sum")) {
      const tally = found.get(labels.route);
      if (tally) tally.seconds = value / tally.requests;
    }
    return [...found.values()].sort((one, other) => other.requests - one.requests);
  }

  private limits(): Node {
    const limit = (per: string): string => number(this.of("limit_requests").find((each) => each.labels.per === per)?.value ?? 0);
    const text = (per: string): string => (limit(per) === "0" ? t("unlimited") : limit(per));
    return facts([
      [t("perSecond"), text("second")],
      [t("perDay"), text("day")],
    ]);
  }

  /** The newest errors, each with its group. */
  private lastErrors(): Node {
    const errors = this.of("last_error_timestamp_seconds").sort((one, other) => other.value - one.value);
    if (!errors.length) return h("p", { class: "note" }, t("noErrors"));
    return h("ul", { class: "list" }, ...errors.slice(0, MOST_ERRORS).map(({ labels, value }) => h("li", {}, h("time", {}, wallTime(value * 1000)), ` ${labels.group}: ${labels.status} ${labels.route}`)));
  }

  private errors(): Node {
    const errors = this.of("http_requests_total").filter((sample) => Number(sample.labels.status) >= 400);
    if (!errors.length) return h("p", { class: "note" }, t("noErrors"));
    return h("ul", { class: "list" }, ...errors.map((each) => h("li", {}, `${each.labels.status} ${each.labels.route}: ${number(each.value)}`)));
  }
}

function table(of: string, tallies: Tally[], withMean: boolean): Node {
  const cell = (value: string): Node => h("td", { class: "n" }, value);
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, of), h("th", { scope: "col", class: "n" }, t("requests")), h("th", { scope: "col", class: "n" }, t("errors")), withMean && h("th", { scope: "col", class: "n" }, t("mean")))),
    h("tbody", {}, ...tallies.map((each) => h("tr", {}, h("th", { scope: "row" }, each.name), cell(number(each.requests)), cell(number(each.errors)), withMean && cell(Number.isNaN(each.seconds) ? "–" : `${number(each.seconds * 1000, 1)} ms`)))),
  );
}
