// Interventions: what is going on by decision, and forms that make more, beside what they disturb.

import { get, Refused, send } from "../api";
import type { City } from "../city";
import { h } from "../dom";
import { dayAndMinute, type Key, t } from "../i18n";
import { section } from "./parts";

export interface Intervention {
  id: string;
  takes_effect: string;
  ends: string | null;
  state: "planned" | "active" | "ended" | "withdrawn";
  disruption: Record<string, Record<string, unknown>>;
}

export interface Journal {
  digest: string;
  items: Intervention[];
}

interface Field {
  name: string;
  label: Key;
  value: string | number;
  choices?: [string, string][];
}

interface Form {
  title: Key;
  kind: string;
  fixed: Record<string, unknown>;
  fields: Field[];
  /** Makes the body's fields of those in the form. */
  make?: (values: Record<string, string | number>) => Record<string, unknown>;
}

export class Interventions extends EventTarget {
  isAllowed = false;
  journal: Journal = { digest: "", items: [] };

  constructor(
    private readonly city: City,
    private readonly changed: () => void,
    /** Buttons that begin pointing at the map. */
    private readonly pointing: () => Node[],
  ) {
    super();
  }

  async load(): Promise<void> {
    try {
      this.journal = await get<Journal>("/interventions");
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error; // functions on AWS have no journal
    }
    this.dispatchEvent(new Event("loaded"));
  }

  /** Make a disruption, and say when it takes effect. */
  async make(disruption: Record<string, Record<string, unknown>>): Promise<string> {
    const made = await send<Intervention>("POST", "/interventions", disruption);
    await this.load();
    return `${t("made")} ${dayAndMinute(Date.parse(made.takes_effect))}`;
  }

  async end(id: string): Promise<void> {
    await send("DELETE", `/interventions/${encodeURIComponent(id)}`);
    await this.load();
    this.changed();
  }

  /** The forms that suit what is selected; without a selection those for the whole city. */
  forms(): Node[] {
    if (!this.isAllowed) return [];
    const selected = this.city.selected;
    const forms = selected === null ? cityForms() : selected.kind === "bus" ? busForms(selected.id) : selected.kind === "stop" ? stopForms(selected.id) : this.lineForms(selected.id);
    const buttons = selected === null ? this.pointing() : [];
    return [section(t("intervene"), ...buttons, ...forms.map((form) => this.form(form)))];
  }

  list(): Node {
    const items = [...this.journal.items].reverse();
    if (!items.length) return section(t("interventions"), h("p", { class: "note" }, t("noInterventions")));
    return section(t("interventions"), h("ul", { class: "list" }, ...items.map((each) => this.item(each))));
  }

  private item(each: Intervention): Node {
    const span = `${dayAndMinute(Date.parse(each.takes_effect))}${each.ends ? ` – ${dayAndMinute(Date.parse(each.ends))}` : ""}`;
    const goesOn = each.state === "planned" || each.state === "active";
    return h(
      "li",
      { class: "intervention" },
      h("span", {}, textOf(each), h("small", { class: "note" }, ` ${span} · ${t(each.state)}`)),
      this.isAllowed && goesOn ? h("button", { type: "button", click: () => void this.end(each.id) }, t("end")) : null,
    );
  }

  private form(form: Form): Node {
    const said = h("p", { role: "status", class: "note" });
    const inputs = form.fields.map((field) => {
      const input = field.choices
        ? h("select", { name: field.name }, ...field.choices.map(([value, name]) => h("option", { value, selected: value === field.value }, name)))
        : h("input", { name: field.name, type: "number", min: 0, step: "any", value: field.value });
      return h("label", {}, `${t(field.label)} `, input);
    });
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      const data = new FormData(event.target as HTMLFormElement);
      const values: Record<string, string | number> = {};
      for (const { name, choices } of form.fields) values[name] = choices ? String(data.get(name)) : Number(data.get(name));
      try {
        said.textContent = await this.make({ [form.kind]: { ...form.fixed, ...(form.make ? form.make(values) : values) } });
        said.className = "note";
      } catch (error) {
        said.className = "bad";
        said.textContent = error instanceof Error ? error.message : String(error);
      }
    };
    return h("form", { class: "intervene", submit: (event) => void submit(event) }, ...inputs, h("button", { type: "submit" }, t(form.title)), said);
  }

  private lineForms(line: string): Form[] {
    const pattern = this.city.network.line.get(line)?.patterns[0];
    const stops = (pattern?.stopIds ?? []).map((id): [string, string] => [id, this.city.network.stopName(id)]);
    if (stops.length < 4) return [];
    const fields: Field[] = [
      { name: "from_stop", label: "fromStop", value: stops[1][0], choices: stops },
      { name: "to_stop", label: "toStop", value: stops[stops.length - 2][0], choices: stops },
    ];
    const between = (values: Record<string, string | number>): string[] => [String(values.from_stop), String(values.to_stop)];
    return [
      {
        title: "closeRoad",
        kind: "closure",
        fixed: { line },
        fields: [...fields, { name: "detour_min", label: "detour", value: 6 }],
        make: (values) => ({ between: between(values), detour_min: values.detour_min }),
      },
      {
        title: "slowZone",
        kind: "slow_zone",
        fixed: { line },
        fields: [...fields, { name: "speed_factor", label: "speedFactor", value: 0.5 }],
        make: (values) => ({ between: between(values), speed_factor: values.speed_factor }),
      },
    ];
  }
}

/** What an intervention does, in the words of scenario files. */
export function textOf({ disruption }: Intervention): string {
  const [[kind, fields]] = Object.entries(disruption);
  const what = Object.entries(fields).filter(([name]) => !["from", "to", "at"].includes(name));
  return `${kind}: ${what.map(([name, value]) => `${name} ${Array.isArray(value) ? value.join("–") : value}`).join(", ")}`;
}

function busForms(bus: string): Form[] {
  return [{ title: "breakdown", kind: "breakdown", fixed: { bus }, fields: [{ name: "repair_min", label: "repair", value: 25 }] }];
}

function stopForms(stop: string): Form[] {
  return [
    { title: "closeStop", kind: "closed_stop", fixed: { stop }, fields: [] },
    { title: "crowd", kind: "surge", fixed: { stop }, fields: [{ name: "people_per_min", label: "peopleAMinute", value: 40 }] },
  ];
}

function cityForms(): Form[] {
  return [
    { title: "strike", kind: "strike", fixed: {}, fields: [{ name: "share", label: "share", value: 0.33 }] },
    { title: "rain", kind: "weather", fixed: {}, fields: [{ name: "rain", label: "rainfall", value: "heavy", choices: [["light", "light"], ["heavy", "heavy"]] }] },
    { title: "holdBuses", kind: "control", fixed: { how: "headway" }, fields: [] },
  ];
}
