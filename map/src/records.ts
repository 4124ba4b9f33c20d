// The API's records, as far as the map uses them.

export interface BusPosition {
  bus_id: string;
  line_id: string;
  time: string;
  latitude: number;
  longitude: number;
  passenger_count: number;
  next_stop_id: string;
  distance_to_next_stop: number;
  speed: number;
  direction: 0 | 1;
  trip_id: string;
  capacity?: number;
}

export interface PeopleCount {
  stop_id: string;
  time: string;
  count: number;
}

export interface StopVisit {
  bus_id: string;
  line_id: string;
  stop_id: string;
  trip_id: string;
  direction: 0 | 1;
  sequence: number;
  arrival_time: string;
  time: string;
  doors_open: boolean;
  boarding: number;
  alighting: number;
  left_behind: number;
  passenger_count: number;
  waiting: number;
}

export interface Sensors {
  entity_id: string;
  time: string;
  temperature: number;
  humidity: number;
  co2_level?: number;
  door_status?: string;
}

export interface Arrival {
  line_id: string;
  destination: string;
  bus_id: string;
  expected_time: string;
  planned_time: string | null;
  wait_s: number;
  stops_away: number;
  passenger_count: number;
  capacity: number | null;
}

export interface AllAtOnce<T> {
  time: string;
  items: T[];
}

export interface ClockState {
  now: string;
  rate: number | "max";
  paused: boolean;
}

export interface Health {
  status: string;
  version: string;
  clock: ClockState;
  run: { run_id: string; seed: number; network_digest: string; scenario_digest: string };
  feeders: { name: string; lag_s: number; state: string }[];
  streams: Record<string, { rows: number; coverage: { start: string; end: string }[] }>;
}

export interface Trip {
  trip_id: string;
  status: string;
  stops: { stop_id: string; sequence: number; planned_time: string | null; expected_time: string | null; visit: StopVisit | null }[];
}
