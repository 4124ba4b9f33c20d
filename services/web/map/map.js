// The live map: draws lines and stops from the API, polls the buses' positions and moves the buses smoothly
// between them. The key stays in this tab's session storage and is sent in a header only.

const POLL_MS = 2000;
const STOP_POLL_MS = 250;
const MOST_LINES_AT_FIRST = 40;

const byId = (id) => document.getElementById(id);
const canvas = byId("city");
const pen = canvas.getContext("2d");

const city = (window.city = { lines: [], stops: new Map(), buses: new Map(), shownStops: [] });
const view = { longitude: -3.7, latitude: 40.43, scale: 120000 };
let selected = null;

// --- requests -----------------------------------------------------------------------------------------------

class Refused extends Error {}

async function getJson(path) {
  const headers = { "x-api-key": sessionStorage.key_ ?? "", "x-group-name": sessionStorage.group ?? "" };
  const answer = await fetch(path, { headers });
  const body = await answer.json();
  if (answer.status === 401) throw new Refused(body.message);
  if (!answer.ok) throw new Error(body.message ?? `HTTP ${answer.status}`);
  return body;
}

async function getAllPages(path) {
  const items = [];
  for (let cursor = ""; cursor !== null; ) {
    const separator = path.includes("?") ? "&" : "?";
    const body = await getJson(cursor ? `${path}${separator}cursor=${encodeURIComponent(cursor)}` : path);
    items.push(...(body.items ?? body.lines ?? []));
    cursor = body.next_cursor ?? null;
  }
  return items;
}

async function signIn(message = "") {
  byId("refused").textContent = message;
  const dialog = byId("sign-in");
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  sessionStorage.key_ = byId("key").value.trim();
  sessionStorage.group = byId("group").value.trim() || "map";
}

// --- loading ------------------------------------------------------------------------------------------------

async function load() {
  const lines = await getAllPages("/lines");
  city.lines = lines.map((line, index) => ({
    id: line.line_id,
    name: line.name,
    colour: `hsl(${Math.round((index * 137.5) % 360)} 70% 62%)`,
    shown: index < MOST_LINES_AT_FIRST,
    paths: [],
  }));
  await show();
  fit();
}

// Load the lines that are shown, and update the list of lines.
async function show() {
  const chosen = city.lines.filter((line) => line.shown);
  await Promise.all(chosen.map(loadLine));
  const ids = new Set(chosen.flatMap((line) => line.paths.flat().map((stop) => stop.stop_id)));
  city.shownStops = [...city.stops.values()].filter((stop) => ids.has(stop.stop_id));
  listLines();
}

async function loadLine(line) {
  if (line.paths.length) return;
  const { directions } = await getJson(`/lines/${encodeURIComponent(line.id)}`);
  line.paths = directions.map((direction) => direction.stops);
  for (const stop of line.paths.flat()) {
    if (!city.stops.has(stop.stop_id)) city.stops.set(stop.stop_id, { ...stop, count: null });
  }
}

function listLines() {
  byId("lines").replaceChildren(
    ...city.lines.map((line) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(line.shown));
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = line.colour;
      button.append(swatch, line.name);
      button.addEventListener("click", () => toggle(line));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}

async function toggle(line) {
  const only = city.lines.filter((other) => other.shown);
  if (only.length === city.lines.length) city.lines.forEach((other) => (other.shown = other === line));
  else line.shown = !line.shown;
  await show();
}

byId("all").addEventListener("click", async () => {
  city.lines.forEach((line) => (line.shown = true));
  await show();
});

// --- polling ------------------------------------------------------------------------------------------------

async function refreshBuses() {
  const shown = city.lines.filter((line) => line.shown);
  const answers = await Promise.allSettled(
    shown.map((line) => getJson(`/bus-position/line/${encodeURIComponent(line.id)}?mode=latest`)),
  );
  const refused = answers.find((answer) => answer.reason instanceof Refused);
  if (refused) throw refused.reason;
  const now = performance.now();
  for (const { value } of answers) {
    for (const bus of value?.buses ?? []) {
      const known = city.buses.get(bus.bus_id);
      if (known?.time === bus.time) continue;
      const from = known ? placeOf(known, now) : bus;
      city.buses.set(bus.bus_id, { ...bus, from: { latitude: from.latitude, longitude: from.longitude }, since: now });
    }
  }
}

async function refreshClock() {
  const { clock } = await (await fetch("/health")).json();
  const now = new Date(clock.now);
  byId("clock").dateTime = clock.now;
  byId("clock").textContent = now.toLocaleString("en-GB", { timeZone: "Europe/Madrid", dateStyle: "medium", timeStyle: "medium" });
  byId("rate").textContent = clock.rate === 1 ? "" : `× ${clock.rate}`;
}

async function refreshStops() {
  for (let next = 0; ; next += 1) {
    if (city.shownStops.length) {
      const stop = city.shownStops[next % city.shownStops.length];
      await attempt(async () => {
        stop.count = (await getJson(`/people-count/${encodeURIComponent(stop.stop_id)}?mode=latest`)).count;
      });
    }
    await new Promise((done) => setTimeout(done, STOP_POLL_MS));
  }
}

async function attempt(action) {
  try {
    await action();
    byId("trouble").hidden = true;
  } catch (error) {
    if (error instanceof Refused) throw error;
    byId("trouble").hidden = false;
    byId("trouble").textContent = `The simulator doesn't respond: ${error.message}`;
  }
}

async function poll() {
  for (;;) {
    await attempt(refreshBuses);
    await attempt(refreshClock);
    summarise();
    describe();
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

function summarise() {
  const shown = new Set(city.lines.filter((line) => line.shown).map((line) => line.id));
  const buses = [...city.buses.values()].filter((bus) => shown.has(bus.line_id));
  const aboard = buses.reduce((sum, bus) => sum + bus.passenger_count, 0);
  const waiting = city.shownStops.reduce((sum, stop) => sum + (stop.count ?? 0), 0);
  byId("summary").textContent = `${buses.length} buses · ${aboard} aboard · ${waiting} waiting`;
}

// --- details of a bus or stop -------------------------------------------------------------------------------

async function describe() {
  const panel = byId("details");
  panel.hidden = selected === null;
  if (selected === null) return;
  const rows = selected.kind === "bus" ? await busRows(selected.id) : await stopRows(selected.id);
  const list = document.createElement("dl");
  for (const [name, value] of rows) {
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    list.append(term, text);
  }
  const title = document.createElement("h2");
  title.textContent = selected.kind === "bus" ? `Bus ${selected.id}` : city.stops.get(selected.id).name;
  panel.replaceChildren(title, list);
}

async function busRows(id) {
  const bus = city.buses.get(id);
  const air = await getJson(`/sensors/bus/${encodeURIComponent(id)}?mode=latest`);
  const stop = city.stops.get(bus.next_stop_id)?.name ?? bus.next_stop_id;
  return [
    ["line", city.lines.find((line) => line.id === bus.line_id).name],
    ["aboard", bus.passenger_count],
    ["speed", `${bus.speed} km/h`],
    ["next stop", `${stop}, ${Math.round(bus.distance_to_next_stop)} m`],
    ["doors", air.door_status],
    ["cabin air", `${air.temperature} °C, ${air.humidity} %`],
    ["CO2", `${air.co2_level} ppm`],
  ];
}

async function stopRows(id) {
  const people = await getJson(`/people-count/${encodeURIComponent(id)}?mode=latest`);
  const air = await getJson(`/sensors/stop/${encodeURIComponent(id)}?mode=latest`);
  return [
    ["stop", id],
    ["waiting", people.count],
    ["lines", people.line_ids.replaceAll(",", ", ")],
    ["air", `${air.temperature} °C, ${air.humidity} %`],
  ];
}

// --- drawing ------------------------------------------------------------------------------------------------

function project({ latitude, longitude }) {
  const narrow = Math.cos((view.latitude * Math.PI) / 180);
  return [
    canvas.clientWidth / 2 + (longitude - view.longitude) * narrow * view.scale,
    canvas.clientHeight / 2 - (latitude - view.latitude) * view.scale,
  ];
}

function fit() {
  const stops = [...city.stops.values()];
  if (!stops.length) return;
  const latitudes = stops.map((stop) => stop.latitude);
  const longitudes = stops.map((stop) => stop.longitude);
  const [south, north] = [Math.min(...latitudes), Math.max(...latitudes)];
  const [west, east] = [Math.min(...longitudes), Math.max(...longitudes)];
  view.latitude = (south + north) / 2;
  view.longitude = (west + east) / 2 - (east - west) * 0.08;
  const narrow = Math.cos((view.latitude * Math.PI) / 180);
  view.scale = 0.86 * Math.min(canvas.clientHeight / (north - south || 1), (canvas.clientWidth - 270) / ((east - west || 1) * narrow));
}

function placeOf(bus, now) {
  const part = Math.min((now - bus.since) / (POLL_MS * 1.5), 1);
  return {
    latitude: bus.from.latitude + (bus.latitude - bus.from.latitude) * part,
    longitude: bus.from.longitude + (bus.longitude - bus.from.longitude) * part,
  };
}

function draw(now) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  drawLines();
  drawStops();
  drawBuses(now);
  requestAnimationFrame(draw);
}

function drawLines() {
  pen.lineJoin = pen.lineCap = "round";
  pen.lineWidth = 2.5;
  pen.globalAlpha = 0.55;
  for (const line of city.lines.filter((each) => each.shown)) {
    pen.strokeStyle = line.colour;
    for (const path of line.paths) {
      pen.beginPath();
      path.forEach((stop, index) => pen[index ? "lineTo" : "moveTo"](...project(stop)));
      pen.stroke();
    }
  }
  pen.globalAlpha = 1;
}

function drawStops() {
  pen.font = "11px system-ui, sans-serif";
  for (const stop of city.shownStops) {
    const [x, y] = project(stop);
    const radius = 2.5 + Math.sqrt(stop.count ?? 0) * 1.6;
    pen.fillStyle = selected?.id === stop.stop_id ? "#5ad1b3" : "#e8edf4cc";
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
    if (view.scale > 260000) {
      pen.fillStyle = "#93a0b3";
      pen.fillText(stop.name, x + radius + 4, y + 4);
    }
  }
}

function drawBuses(now) {
  const shown = new Map(city.lines.filter((line) => line.shown).map((line) => [line.id, line.colour]));
  for (const bus of city.buses.values()) {
    if (!shown.has(bus.line_id)) continue;
    const [x, y] = project(placeOf(bus, now));
    pen.fillStyle = shown.get(bus.line_id);
    pen.strokeStyle = selected?.id === bus.bus_id ? "#5ad1b3" : "#11151c";
    pen.lineWidth = 2;
    pen.beginPath();
    pen.roundRect(x - 8, y - 6, 16, 12, 4);
    pen.fill();
    pen.stroke();
    pen.fillStyle = "#11151c";
    pen.font = "600 9px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.fillText(String(bus.passenger_count), x, y + 3);
    pen.textAlign = "start";
  }
}

// --- selecting, panning, zooming ----------------------------------------------------------------------------

function nearest(x, y) {
  const now = performance.now();
  const shown = new Set(city.lines.filter((line) => line.shown).map((line) => line.id));
  const buses = [...city.buses.values()].filter((bus) => shown.has(bus.line_id));
  const candidates = [
    ...buses.map((bus) => ({ kind: "bus", id: bus.bus_id, at: project(placeOf(bus, now)) })),
    ...city.shownStops.map((stop) => ({ kind: "stop", id: stop.stop_id, at: project(stop) })),
  ];
  const near = candidates.map((each) => ({ ...each, away: Math.hypot(each.at[0] - x, each.at[1] - y) }));
  const best = near.sort((a, b) => a.away - b.away)[0];
  return best && best.away < 14 ? best : null;
}

let drag = null;

canvas.addEventListener("pointerdown", (event) => {
  drag = { x: event.clientX, y: event.clientY, moved: false };
  canvas.setPointerCapture(event.pointerId);
});

canvas.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(dx, dy) < 4) return;
  drag = { x: event.clientX, y: event.clientY, moved: true };
  canvas.classList.add("dragging");
  view.longitude -= dx / (view.scale * Math.cos((view.latitude * Math.PI) / 180));
  view.latitude += dy / view.scale;
});

canvas.addEventListener("pointerup", (event) => {
  if (drag && !drag.moved) {
    selected = nearest(event.clientX, event.clientY);
    attempt(describe);
  }
  drag = null;
  canvas.classList.remove("dragging");
});

canvas.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    view.scale *= Math.exp(-event.deltaY / 500);
  },
  { passive: false },
);

// --- start --------------------------------------------------------------------------------------------------

async function start() {
  requestAnimationFrame(draw);
  let message = "";
  for (;;) {
    try {
      if (!sessionStorage.key_) await signIn(message);
      await load();
      refreshStops().catch(() => {});
      await poll();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      message = error.message;
      sessionStorage.removeItem("key_");
    }
  }
}

start().catch((error) => {
  byId("trouble").hidden = false;
  byId("trouble").textContent = error.message;
});
