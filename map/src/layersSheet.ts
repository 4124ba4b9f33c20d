// Layers and filters: what is shown, by which measure buses are coloured, which lines.

import { send } from "./api";
import type { City, Colouring } from "./city";
import { byId, h } from "./dom";
import { type Key, t } from "./i18n";
import type { MapView } from "./mapView";

const COLOURINGS: [Colouring, Key][] = [["load", "byLoad"], ["line", "byLine"], ["speed", "bySpeed"]];

export class LayersSheet {
  private sheet: HTMLElement | null = null;
  private readonly hidden = new Set<string>(["heat"]);
  private nightShown = true;

  constructor(
    private readonly city: City,
    private readonly view: () => MapView,
    private readonly recoloured: () => void,
  ) {
    byId("open-layers").setAttribute("aria-expanded", "false");
    byId("open-layers").addEventListener("click", () => this.toggle());
  }

  /** After a change of language or theme. */
  redraw(): void {
    this.apply();
    if (this.sheet) (this.close(), this.open());
  }

  private toggle(): void {
    if (this.sheet) this.close();
    else this.open();
  }

  private close(): void {
    this.sheet?.remove();
    this.sheet = null;
    byId("open-layers").setAttribute("aria-expanded", "false");
  }

  private open(): void {
    const layer = (key: Key, name: string, layers: string[]): Node =>
      this.check(key, !this.hidden.has(name), (isShown) => {
        if (isShown) this.hidden.delete(name);
        else this.hidden.add(name);
        this.view().setVisible(layers, isShown);
      });
    const lines = h("input", { type: "text", value: [...(this.city.onlyLines ?? [])].join(", "), placeholder: t("filterHint"), change: (event) => this.filter((event.target as HTMLInputElement).value) });
    this.sheet = h(
      "section",
      { class: "sheet", id: "layers", "aria-label": t("layers"), keydown: (event) => (event as KeyboardEvent).key === "Escape" && (this.close(), byId("open-layers").focus()) },
      h("fieldset", {}, h("legend", {}, t("colourBy")), ...COLOURINGS.map(([value, key]) => this.radio(value, key))),
      h(
        "fieldset",
        {},
        h("legend", {}, t("layers")),
        layer("showLines", "lines", LAYERS.lines),
        layer("showStops", "stops", LAYERS.stops),
        layer("showHeat", "heat", LAYERS.heat),
        this.check("showParked", this.city.showParked, (isShown) => {
          this.city.showParked = isShown;
          this.city.announce("filter");
        }),
        this.check("showNight", this.nightShown, (isShown) => this.city.showNight((this.nightShown = isShown))),
      ),
      h("label", { class: "column" }, t("onlyLines"), lines),
      h("button", { type: "button", click: () => void this.signOut() }, t("signOut")),
    );
    byId("open-layers").setAttribute("aria-expanded", "true");
    document.body.append(this.sheet);
    this.sheet.querySelector("input")?.focus();
  }

  private async signOut(): Promise<void> {
    await send("DELETE", "/session");
    location.reload();
  }

  private apply(): void {
    for (const [name, layers] of Object.entries(LAYERS)) this.view().setVisible(layers, !this.hidden.has(name));
  }

  private radio(value: Colouring, key: Key): Node {
    const choose = (): void => {
      this.city.colouring = value;
      this.recoloured();
    };
    return h("label", {}, h("input", { type: "radio", name: "colouring", value, checked: this.city.colouring === value, change: choose }), t(key));
  }

  private check(key: Key, checked: boolean, changed: (isChecked: boolean) => void): Node {
    return h("label", {}, h("input", { type: "checkbox", checked, change: (event) => changed((event.target as HTMLInputElement).checked) }), t(key));
  }

  private filter(text: string): void {
    const wanted = text.split(/[\s,;]+/).filter(Boolean).map((each) => each.toLowerCase());
    const found = this.city.network.lines.filter((line) => wanted.includes(line.id.toLowerCase()) || wanted.includes(line.label.toLowerCase()));
    this.city.setOnlyLines(found.length ? new Set(found.map((line) => line.id)) : null);
  }
}

const LAYERS = {
  lines: ["casings", "lines-far", "lines", "line-names"],
  stops: ["stops", "stop-names"],
  heat: ["heat"],
};
