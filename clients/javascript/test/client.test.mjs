// The built client against a served city (CITY_URL), one of 60 lines (MANY_LINES_URL), and answers made up for it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BusSimulatorError, Client } from "../dist/bus-simulator-client.min.js";

const { CITY_URL: url, MANY_LINES_URL: manyLinesUrl, API_KEY: apiKey, GROUP_NAME: group } = process.env;
const city = new Client({ url, apiKey, group });
const START = "2026-03-02T07:00Z";
const END = new Date("2026-03-02T07:10:00Z");

const refused = (message, status) => (error) => {
  assert(error instanceof BusSimulatorError);
  assert.match(error.message, message);
  assert.equal(error.status, status);
  return true;
};

test("the newest records and those at an instant", async () => {
  assert.equal((await city.peopleCount("S001")).count, 30);
  assert.equal((await city.peopleCount("S001", { timestamp: "2026-03-02T07:10:59Z" })).count, 10);
  assert.equal((await city.busPosition("B001")).line_id, "L1");
  assert.equal((await city.sensors("stop", "S001")).entity_type, "stop");
});

test("a range iterates over all pages", async () => {
  const counts = [];
  for await (const record of city.peopleCount("S001", { start: START, end: END })) counts.push(record.count);
  assert.deepEqual(counts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal((await city.busPosition("B001", { start: START, end: END }).toArray()).length, 20);
});

test("everything at once", async () => {
  const { time, items } = await city.peopleCounts();
  assert.equal(time, "2026-03-02T07:30:00Z");
  assert.deepEqual(items[0], await city.peopleCount("S001"));
  const buses = await city.busPositions({ lineId: ["L1", "L2"], timestamp: END });
  assert.deepEqual(buses.items.map((bus) => bus.bus_id), ["B001", "B002", "B003"]);
  assert.equal((await city.sensors("bus")).items.length, 3);
  assert.equal((await city.sensors("stop", { start: START, end: END }).toArray()).length, 20);
  assert.equal((await city.busPositions({ lineId: "L2", start: START, end: END }).toArray()).length, 20);
});

test("visits of a stop, a bus or a line", async () => {
  const ids = { stopId: "S001", busId: "B001", lineId: "L1" };
  for (const [name, id] of Object.entries(ids)) {
    const visits = await city.stopVisits({ [name]: id, start: START, end: END }).toArray();
    assert(visits.length > 0, name);
    assert((await city.stopVisits({ [name]: id })).at(-1).time > visits.at(-1).time, name);
  }
  assert.throws(() => city.stopVisits({}), /give one of stopId/);
});

test("listings", async () => {
  assert.deepEqual((await city.lines().toArray()).map((line) => line.line_id), ["L1", "L2"]);
  assert.equal((await city.stops().toArray()).length, 4);
  assert.equal((await city.buses().toArray()).length, 3);
  assert.equal((await city.line("L1")).directions.length, 2);
  assert.equal((await city.health()).run.seed, 1);
});

test("arrivals and the network", async () => {
  const { arrivals } = await city.arrivals("S002", { lineId: "L1", limit: 2, horizonMin: 90 });
  assert(arrivals.every((bus) => bus.line_id === "L1"));
  assert.equal((await city.network()).type, "FeatureCollection");
  assert.equal((await city.lineShape("L1")).features.length, 2);
  assert.equal((await city.lineTimetable("L1")).line_id, "L1");
  assert.equal((await city.stop("S002")).lines.length, 4);
  assert.equal((await city.bus("B001")).line_id, "L1");
  await assert.rejects(city.trip("L1-1"), refused(/^Trip L1-1 not found$/, 404));
});

test("errors say what is wrong", async () => {
  await assert.rejects(city.peopleCount("S999"), refused(/^Stop S999 not found$/, 404));
  await assert.rejects(city.peopleCount("S001", { timestamp: "soon" }), refused(/^Invalid timestamp format/, 400));
  const stranger = new Client({ url, apiKey: "wrong", group });
  await assert.rejects(stranger.busPosition("B001"), refused(/^Invalid API key$/, 401));
  await assert.rejects(stranger.live({ lineIds: ["L1"] }).next(), refused(/^Invalid API key$/, 401));
  const nobody = new Client({ url: "http://127.0.0.1:9", apiKey, group });
  await assert.rejects(nobody.lines().toArray(), refused(/^Nothing answers at http:\/\/127.0.0.1:9/, 0));
  assert.throws(() => new Client({ url: "localhost:8080", apiKey, group }), /url must be like/);
});

const busy = (seconds) =>
  new Response('{"error":"TooManyRequests","message":"Too many requests"}', {
    status: 429,
    headers: { "Retry-After": String(seconds) },
  });

function answering(...answers) {
  const waits = [];
  const client = new Client({
    url,
    apiKey,
    group,
    fetch: async () => answers.shift(),
    sleep: async (seconds) => void waits.push(seconds),
    retries: { most: 2 },
  });
  return { client, waits };
}

test("a request is sent again after the time that the server names", async () => {
  const { client, waits } = answering(busy(1), busy(2), new Response('{"count":4}'));
  assert.equal((await client.peopleCount("S001")).count, 4);
  assert.deepEqual(waits, [1, 2]);
});

test("retries end, and a daily limit isn't waited for", async () => {
  for (const answers of [[busy(1), busy(1), busy(1)], [busy(7200)]]) {
    const { client, waits } = answering(...answers);
    await assert.rejects(client.peopleCount("S001"), refused(/^Too many requests$/, 429));
    assert.equal(waits.length, answers.length - 1);
  }
});

test("live positions are those of the REST API, until the signal ends them", async () => {
  const end = new AbortController();
  const found = new Map();
  for await (const position of city.live({ lineIds: ["L1"], signal: end.signal })) {
    found.set(position.bus_id, position);
    if (found.size === 2) end.abort();
  }
  for (const [busId, position] of found) assert.deepEqual(position, await city.busPosition(busId));
  await assert.rejects(city.live({ lineIds: ["L99"] }).next(), refused(/^Unknown line: L99$/, 400));
});

test("more lines than a connection takes come over several", async () => {
  const many = new Client({ url: manyLinesUrl, apiKey, group });
  const found = [];
  for await (const position of many.live()) if (found.push(position.line_id) === 60) break;
  assert.equal(new Set(found).size, 60);
  const lineIds = [...found, "L99"];
  await assert.rejects(async () => {
    for await (const position of many.live({ lineIds })) assert(found.includes(position.line_id));
  }, refused(/^Unknown line: L99$/, 400));
});

/** A client whose sockets send what `messagesFor` says of each subscription and are lost then, or stay without. */
function scripted(messagesFor) {
  class ScriptedSocket {
    constructor() {
      queueMicrotask(() => this.onopen());
    }
    send(subscription) {
      const messages = messagesFor(JSON.parse(subscription).line_ids);
      for (const message of messages ?? []) this.onmessage({ data: JSON.stringify(message) });
      if (messages) this.onclose();
    }
    close() {}
  }
  return new Client({ url, apiKey, group, WebSocket: ScriptedSocket, sleep: async () => {} });
}

const position = (time, line = "L1") => ({ bus_id: `B of ${line}`, line_id: line, time });

test("a lost connection is made again and nothing comes twice", async () => {
  const scripts = [[[position("07:30:00")]], [], [[position("07:30:00")], position("07:30:30")]];
  const live = scripted(() => scripts.shift()).live({ lineIds: ["L1"] });
  const times = [(await live.next()).value.time, (await live.next()).value.time];
  assert.deepEqual(times, ["07:30:00", "07:30:30"]);
  await live.return();
});

test("of several connections each is made again on its own, and a stop of both comes once", async () => {
  const count = { stream: "people_count", stop_id: "S001", time: "07:30:00" };
  const scripts = { L1: [[count, position("07:30:00")]], L51: [[count, position("07:30:00", "L51")], [position("07:30:30", "L51")]] };
  const lineIds = Array.from({ length: 60 }, (_, number) => `L${number + 1}`);
  const live = scripted(([first]) => scripts[first].shift()).live({ lineIds, streams: ["bus_position", "people_count"] });
  const found = [];
  for await (const record of live) if (found.push(`${record.bus_id ?? record.stop_id} ${record.time}`) === 4) break;
  assert.deepEqual(found.sort(), ["B of L1 07:30:00", "B of L51 07:30:00", "B of L51 07:30:30", "S001 07:30:00"]);
});
