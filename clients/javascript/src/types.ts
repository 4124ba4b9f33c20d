/** The API's bodies under short names, and what the client takes. */

import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type PeopleCount = Schemas["PeopleCountBody"];
export type BusPosition = Schemas["BusPositionBody"];
export type BusSensors = Schemas["BusSensorsBody"];
export type StopSensors = Schemas["StopSensorsBody"];
export type StopVisit = Schemas["StopVisitBody"];
export type Line = Schemas["LineItem"];
export type LineRoute = Schemas["LineRouteBody"];
export type Stop = Schemas["StopItem"];
export type Bus = Schemas["BusItem"];
export type Arrivals = Schemas["ArrivalsBody"];
export type Arrival = Schemas["ArrivalBody"];
export type StopDetails = Schemas["StopBody"];
export type BusDetails = Schemas["BusBody"];
export type Timetable = Schemas["TimetableBody"];
export type Trip = Schemas["TripBody"];
export type LineShape = Schemas["LineShapeBody"];
export type NetworkShape = Schemas["NetworkShapeBody"];
export type Health = Schemas["HealthBody"];

/** An instant: a `Date`, or text in ISO 8601, UTC without an offset. */
export type Moment = Date | string;
/** Now by default, or the newest record at or before an instant. */
export interface At {
  timestamp?: Moment;
}
/** A range [start, end). */
export interface Range {
  start: Moment;
  end: Moment;
}
/** One id or several. */
export type Ids = string | readonly string[];
/** Everything, or what belongs to lines, is at stops, or in a box: west, south, east, north in degrees. */
export interface Filters {
  lineId?: Ids;
  stopId?: Ids;
  bbox?: readonly [number, number, number, number];
}
/** Which of the next buses at a stop. */
export interface ArrivalsOptions {
  lineId?: Ids;
  limit?: number;
  horizonMin?: number;
}
/** All records at one instant. */
export interface Snapshot<T> {
  time: string;
  items: T[];
}
/** Whose visits. */
export type Visited = { stopId: string } | { busId: string } | { lineId: string };
export type EntityType = "bus" | "stop";
/** The sensors of an entity. */
export type Sensors<E extends EntityType> = E extends "bus" ? BusSensors : StopSensors;
