// What the map shows as a table, for screen readers and for who prefers rows.

import type { City, Selection } from "./city";
import { byId, h } from "./dom";
import { clockTime, type Key, number, t } from "./i18n";
import { byNature } from "./network";

type Of = "buses" | "stops" | "lines";
const MOST = 500;

interface Content {
  heads: Key[];
  rows: { selection: Selection; cells: string[] }[];
}

export class TableView {
  private readonly dialog = byId<HTMLDialogElement>("table");
  private of: Of = "buses";

  constructor(
    private readonly city: City,
    private readonly open: (selection: Selection) => void,
  ) {
    byId("open-table").addEventListener("click", () => {
      this.draw();
      this.dialog.showModal();
    });
  }

  private draw(): void {
    const { heads, rows } = this.content();
    const choice = (of: Of): Node =>
      h("button", { type: "button", id: `table-${of}`, "aria-pressed": String(of === this.of), click: () => (this.choose(of)) }, t(of));
    this.dialog.replaceChildren(
      h(
        "div",
        { class: "head" },
        h("h2", { id: "table-title" }, t("table")),
        h("div", { class: "choices", role: "group", "aria-label": t("table") }, choice("buses"), choice("stops"), choice("lines")),
        h("button", { type: "button", "aria-label": t("close"), click: () => this.dialog.close() }, "✕"),
      ),
      h(
        "div",
        { class: "rows", tabindex: 0, role: "region", "aria-labelledby": "table-title" },
        h(
          "table",
          {},
          h("caption", {}, `${t("tableCaption")}, ${clockTime(this.city.toldMs())}: ${number(Math.min(MOST, rows.length))} ${t("shownOf")} ${number(rows.length)}`),
          h("thead", {}, h("tr", {}, ...heads.map((key) => h("th", { scope: "col" }, t(key))))),
          h("tbody", {}, ...rows.slice(0, MOST).map(({ selection, cells }) =>
            h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "link", click: () => (this.dialog.close(), this.open(selection)) }, cells[0])), ...cells.slice(1).map((cell) => h("td", {}, cell))),
          )),
        ),
      ),
    );
  }

  private choose(of: Of): void {
    this.of = of;
    this.draw();
    byId(`table-${of}`).focus();
  }

  private content(): Content {
    if (this.of === "buses") return this.buses();
    return this.of === "stops" ? this.stops() : this.lines();
  }

  private buses(): Content {
    const { network } = this.city;
    const records = [...this.city.tracks.buses.values()].map((bus) => this.city.recordOf(bus)).filter((each) => each.trip_id && this.city.isShown(network.line.get(each.line_id)));
    records.sort((one, other) => byNature(one.bus_id, other.bus_id));
    const rows = records.map((each) => ({
      selection: { kind: "bus" as const, id: each.bus_id },
      cells: [each.bus_id, network.line.get(each.line_id)?.name ?? each.line_id, `${each.passenger_count} / ${this.city.capacityOf(each.bus_id)}`, `${number(each.speed, 1)} km/h`, `${network.stopName(each.next_stop_id)}, ${number(each.distance_to_next_stop)} m`],
    }));
    return { heads: ["bus", "line", "load", "speed", "nextStop"], rows };
  }

  private stops(): Content {
    const rows = this.city.shownStops().map((stop) => ({ selection: { kind: "stop" as const, id: stop.id }, cells: [stop.name, stop.id, number(stop.waiting ?? 0), stop.lineIds.join(", ")] }));
    return { heads: ["name", "stop", "waiting", "lines"], rows };
  }

  private lines(): Content {
    const buses = [...this.city.tracks.buses.values()].map((bus) => this.city.recordOf(bus));
    const rows = this.city.shownLines().map((line) => {
      const mine = buses.filter((each) => each.line_id === line.id && each.trip_id);
      return { selection: { kind: "line" as const, id: line.id }, cells: [line.name, number(mine.length), number(mine.reduce((sum, each) => sum + each.passenger_count, 0))] };
    });
    return { heads: ["line", "busesOut", "aboard"], rows };
  }
}
