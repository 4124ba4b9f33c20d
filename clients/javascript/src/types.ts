/** The API's bodies under short names, and what the client takes. */

import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type PeopleCount = Schemas["PeopleCountBody"];
export type BusPosition = Schemas["BusPositionBody"];
export type BusSensors = Schemas["BusSensorsBody"];
export type StopSensors = Schemas["StopSensorsBody"];
export type Line = Schemas["LineItem"];
export type LineRoute = Schemas["LineRouteBody"];
export type Stop = Schemas["StopItem"];
export type Bus = Schemas["BusItem"];
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
export type EntityType = "bus" | "stop";
/** The sensors of an entity. */
export type Sensors<E extends EntityType> = E extends "bus" ? BusSensors : StopSensors;
