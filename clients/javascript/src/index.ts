/** Client of the Madrid Bus Real-Time Simulator: REST by fetch, live positions by WebSocket. */

import { BusSimulatorError } from "./errors.js";
import { type Live, live, type LiveOptions } from "./live.js";
import { get, Pages, path, queryOf, type Retries, type Server, when } from "./rest.js";
import type {
  Arrivals,
  ArrivalsOptions,
  At,
  Bus,
  BusDetails,
  BusPosition,
  EntityType,
  Filters,
  Health,
  Line,
  LineRoute,
  LineShape,
  NetworkShape,
  PeopleCount,
  Range,
  Sensors,
  Snapshot,
  Stop,
  StopDetails,
  StopVisit,
  Timetable,
  Trip,
  Visited,
} from "./types.js";

export { BusSimulatorError } from "./errors.js";
export type { Live, LiveOptions } from "./live.js";
export { Pages, type Retries } from "./rest.js";
export type { components, operations, paths } from "./schema.js";
export * from "./types.js";

export interface Options {
  /** The simulator, as http://127.0.0.1:8080. */
  url: string;
  apiKey: string;
  /** Your team's name. */
  group: string;
  /** The URL of the WebSocket API of a deployment on AWS. */
  liveUrl?: string;
  retries?: Partial<Retries>;
  /** Other implementations, as `ws` for Node before 22, which has no WebSocket. */
  fetch?: typeof fetch;
  WebSocket?: typeof WebSocket;
  sleep?: (seconds: number) => Promise<void>;
}

/** A bus simulator, asked with a key in the name of a group. Errors are `BusSimulatorError`s. */
export class Client {
  readonly #server: Server;
  readonly #liveUrl: string;
  readonly #WebSocket: typeof WebSocket | undefined;

  constructor(options: Options) {
    const url = options.url.replace(/\/+$/, "");
    if (!/^https?:\/\/[^/]/.test(url)) throw new TypeError(`url must be like http://127.0.0.1:8080, not ${options.url}`);
    if (!options.apiKey || !options.group) throw new TypeError("apiKey and group must not be empty");
    this.#server = {
      url,
      apiKey: options.apiKey,
      group: options.group,
      retries: { most: 5, longestWaitS: 60, ...options.retries },
      fetch: options.fetch ?? ((...request) => fetch(...request)),
      sleep: options.sleep ?? ((seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))),
    };
    this.#liveUrl = options.liveUrl ?? `${url.replace(/^http/, "ws")}/production`;
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
  }

  /** The people waiting at a stop: now, at an instant, or over a range. */
  peopleCount(stopId: string, at?: At): Promise<PeopleCount>;
  peopleCount(stopId: string, range: Range): Pages<PeopleCount>;
  peopleCount(stopId: string, options: At | Range = {}): Promise<PeopleCount> | Pages<PeopleCount> {
    return this.#oneOrRange(path("people-count", stopId), options);
  }

  /** The people waiting at every stop, or at those of lines or in a box, at once. */
  peopleCounts(options?: Filters & At): Promise<Snapshot<PeopleCount>>;
  peopleCounts(options: Filters & Range): Pages<PeopleCount>;
  peopleCounts(options: Filters & (At | Range) = {}): Promise<Snapshot<PeopleCount>> | Pages<PeopleCount> {
    return this.#oneOrRange<Snapshot<PeopleCount>, PeopleCount>("/people-count", options);
  }

  /** Where a bus is: now, at an instant, or over a range. */
  busPosition(busId: string, at?: At): Promise<BusPosition>;
  busPosition(busId: string, range: Range): Pages<BusPosition>;
  busPosition(busId: string, options: At | Range = {}): Promise<BusPosition> | Pages<BusPosition> {
    return this.#oneOrRange(path("bus-position", busId), options);
  }

  /** Where every bus is, or those of lines, before stops or in a box, at once. */
  busPositions(options?: Filters & At): Promise<Snapshot<BusPosition>>;
  busPositions(options: Filters & Range): Pages<BusPosition>;
  busPositions(options: Filters & (At | Range) = {}): Promise<Snapshot<BusPosition>> | Pages<BusPosition> {
    return this.#oneOrRange<Snapshot<BusPosition>, BusPosition>("/bus-position", options);
  }

  /** The sensors of a bus or a stop, or without an id of all of them: now, at an instant, or over a range. */
  sensors<E extends EntityType>(type: E, id: string, at?: At): Promise<Sensors<E>>;
  sensors<E extends EntityType>(type: E, id: string, range: Range): Pages<Sensors<E>>;
  sensors<E extends EntityType>(type: E, at?: At): Promise<Snapshot<Sensors<E>>>;
  sensors<E extends EntityType>(type: E, range: Range): Pages<Sensors<E>>;
  sensors<E extends EntityType>(type: E, id: string | At | Range = {}, options: At | Range = {}): unknown {
    if (typeof id !== "string") return this.#oneOrRange(path("sensors", type), id);
    return this.#oneOrRange(path("sensors", type, id), options);
  }

  /** The visits of a stop, a bus or a line: the newest, those at an instant, or over a range. */
  stopVisits(of: Visited & At): Promise<StopVisit[]>;
  stopVisits(of: Visited & Range): Pages<StopVisit>;
  stopVisits(of: Visited & (At | Range)): Promise<StopVisit[]> | Pages<StopVisit> {
    const { stopId, busId, lineId, ...moments } = of as Partial<Record<"stopId" | "busId" | "lineId", string>> & At;
    const [kind, id] = Object.entries({ stop: stopId, bus: busId, line: lineId }).find(([, each]) => each) ?? [];
    if (!kind || !id) throw new TypeError("give one of stopId, busId and lineId");
    const found = this.#oneOrRange<{ items: StopVisit[] }, StopVisit>(path("stop-visits", kind, id), moments);
    return found instanceof Pages ? found : found.then(({ items }) => items);
  }

  /** The lines. */
  lines(): Pages<Line> {
    return new Pages(this.#server, "/lines");
  }

  /** A line: the stops of each direction, and its buses. */
  line(lineId: string): Promise<LineRoute> {
    return get(this.#server, path("lines", lineId));
  }

  /** The stops. */
  stops(): Pages<Stop> {
    return new Pages(this.#server, "/stops");
  }

  /** The buses. */
  buses(): Pages<Bus> {
    return new Pages(this.#server, "/buses");
  }

  /** The next buses at a stop, of every line or some, by when they are expected. */
  arrivals(stopId: string, { lineId, limit, horizonMin }: ArrivalsOptions = {}): Promise<Arrivals> {
    return get(this.#server, path("arrivals", stopId), queryOf({ line_id: lineId, limit, horizon_min: horizonMin }));
  }

  /** A line's route patterns as GeoJSON. */
  lineShape(lineId: string): Promise<LineShape> {
    return get(this.#server, path("lines", lineId, "shape"));
  }

  /** A line's departures or headways today. */
  lineTimetable(lineId: string): Promise<Timetable> {
    return get(this.#server, path("lines", lineId, "timetable"));
  }

  /** All routes with their colours, and the stops, as GeoJSON. */
  network(): Promise<NetworkShape> {
    return get(this.#server, path("network.geojson"));
  }

  /** A stop and the lines that serve it. */
  stop(stopId: string): Promise<StopDetails> {
    return get(this.#server, path("stops", stopId));
  }

  /** A bus, its line and its newest position. */
  bus(busId: string): Promise<BusDetails> {
    return get(this.#server, path("buses", busId));
  }

  /** A trip: its visits so far, and when it is expected at the stops ahead. */
  trip(tripId: string): Promise<Trip> {
    return get(this.#server, path("trips", tripId));
  }

  /** The state of clock, feeders and store. */
  health(): Promise<Health> {
    return get(this.#server, "/health");
  }

  /** The newest record of each bus and stop of lines, then every new one, over as many connections as it takes. */
  live(options?: Omit<LiveOptions, "streams">): AsyncGenerator<BusPosition, void, undefined>;
  live(options: LiveOptions): AsyncGenerator<Live, void, undefined>;
  async *live(options: LiveOptions = {}): AsyncGenerator<Live, void, undefined> {
    if (!this.#WebSocket) throw new BusSimulatorError("No WebSocket here: use Node 22, or pass one to the Client");
    const lineIds = options.lineIds ?? (await this.lines().toArray()).map((line) => line.line_id);
    const ask = (): Promise<unknown> => get(this.#server, "/lines", { limit: "1" });
    yield* live({ ...this.#server, url: this.#liveUrl, WebSocket: this.#WebSocket, ask }, { ...options, lineIds });
  }

  #oneOrRange<T, R = T>(route: string, options: Filters & At & Partial<Range>): Promise<T> | Pages<R> {
    const { lineId: line_id, stopId: stop_id, bbox } = options;
    const query = { ...when(options), ...queryOf({ line_id, stop_id, bbox }) };
    return options.start ?? options.end ? new Pages<R>(this.#server, route, query) : get<T>(this.#server, route, query);
  }
}
