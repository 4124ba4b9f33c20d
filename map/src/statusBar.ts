// The clock, its pace, the totals of what is shown, and the legend.

import type { City } from "./city";
import { byId, h, svg } from "./dom";
import { clockTime, dayName, number, t } from "./i18n";
import { css, loadColour } from "./theme";

export class StatusBar {
  constructor(private readonly city: City) {
    setInterval(() => this.tellTime(), 250);
    for (const name of ["positions", "counts", "filter", "mode"]) city.addEventListener(name, () => this.tellTotals());
    const observer = new ResizeObserver(() => {
      for (const id of ["bar", "time"]) document.documentElement.style.setProperty(`--${id}-height`, `${byId(id).offsetHeight}px`);
    });
    for (const id of ["bar", "time"]) observer.observe(byId(id));
    this.draw();
  }

  draw(): void {
    this.tellTime();
    this.tellTotals();
    this.legend();
  }

  private tellTime(): void {
    const now = this.city.toldMs();
    const { clock, replay } = this.city;
    const [time, day] = [clockTime(now), dayName(now)];
    if (byId("clock").textContent !== time) {
      byId("clock").textContent = time;
      byId<HTMLTimeElement>("clock").dateTime = new Date(now).toISOString();
    }
    if (byId("day").textContent !== day) byId("day").textContent = day;
    const pace = byId("pace");
    const text = replay ? `${t("replay")} ×${number(replay.rate())}` : clock.paused ? t("paused") : clock.isMax ? t("fullSpeed") : clock.rate === 1 ? "" : `×${number(clock.rate, clock.rate < 1 ? 2 : 0)}`;
    pace.hidden = text === "";
    pace.classList.toggle("replaying", replay !== null);
    if (pace.textContent !== text) pace.textContent = text;
  }

  private tellTotals(): void {
    const { out, aboard, waiting, speed } = this.city.totals();
    const item = (value: string, name: string): Node => h("li", {}, h("b", {}, value), ` ${name}`);
    byId("totals").replaceChildren(
      item(number(out), t("busesOut")),
      item(number(aboard), t("aboard")),
      item(number(waiting), t("waiting")),
      item(`${number(speed, 1)} km/h`, t("meanSpeed").toLowerCase()),
    );
  }

  private legend(): void {
    const { colouring } = this.city;
    if (colouring === "line") return byId("legend").replaceChildren(t("byLine"));
    const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map((at) => svg("stop", { offset: at, "stop-color": css(loadColour(at)) }));
    const [left, right, title] = colouring === "load" ? [t("empty"), t("full"), t("legendLoad")] : ["45 km/h", "0 km/h", t("speed")];
    byId("legend").replaceChildren(
      h("strong", {}, title),
      svg("svg", { viewBox: "0 0 150 10", preserveAspectRatio: "none", "aria-hidden": true }, svg("linearGradient", { id: "ramp" }, ...stops), svg("rect", { width: 150, height: 10, fill: "url(#ramp)" })),
      h("div", {}, h("span", {}, left), h("span", {}, right)),
    );
  }
}
