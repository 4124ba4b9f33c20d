// gtfs-realtime-bindings, asking for the three feeds of CITY_URL: prints their messages as protobuf's JSON.
import bindings from "gtfs-realtime-bindings";

const { CITY_URL, API_KEY, GROUP_NAME } = process.env;
const { FeedMessage } = bindings.transit_realtime;
const headers = { "x-api-key": API_KEY, "x-group-name": GROUP_NAME };
const messages = {};
for (const feed of ["vehicle-positions", "trip-updates", "alerts"]) {
  const answer = await fetch(`${CITY_URL}/gtfs-rt/${feed}`, { headers });
  if (!answer.ok) throw new Error(`${feed}: ${answer.status}`);
  const message = FeedMessage.decode(new Uint8Array(await answer.arrayBuffer()));
  messages[feed] = FeedMessage.toObject(message, { longs: String, enums: String });
}
console.log(JSON.stringify(messages));
