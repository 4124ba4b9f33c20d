#!/usr/bin/env bash
# Visits to a stop, arrivals, and the shape of a line. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

ask "/arrivals/$STOP_ID"
expect 200 "GET /arrivals/$STOP_ID" '.stop_id == $stop and (.time | instant)
  and (.arrivals | type == "array" and all(.[];
    (.line_id | text) and (.destination | text) and (.direction == 0 or .direction == 1)
    and (.bus_id | text) and (.trip_id | text) and (.wait_s | whole and within(0; 3601))
    and (.stops_away | whole and within(0; 200)) and (.distance_m | within(0; 100000))
    and (.passenger_count | whole and within(0; 300))))
  and ([.arrivals[].expected_time] | . == sort)' stop "$STOP_ID"
line=$(jq --raw-output '[.arrivals[].line_id, "L1"] | first' <<<"$body")

ask "/stop-visits/stop/$STOP_ID?start=2026-01-01&end=2026-01-02"
expect 200 "GET /stop-visits/stop/$STOP_ID" '(.items | type == "array") and has("next_cursor")'

ask "/lines/$line/shape"
expect 200 "GET /lines/$line/shape" '.type == "FeatureCollection" and (.features | length > 0 and all(.[];
  .geometry.type == "LineString" and (.geometry.coordinates | length > 1)
  and (.properties.direction == 0 or .properties.direction == 1)))'

ask "/arrivals/NO-SUCH-STOP"
expect 404 'an unknown stop is not found' \
  '. == {"error": "NotFound", "message": "Stop NO-SUCH-STOP not found"}'

passed 'arrivals'
