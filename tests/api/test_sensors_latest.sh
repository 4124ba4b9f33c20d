#!/usr/bin/env bash
# The latest sensors of a stop and of a bus. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

climate='.entity_id == $id and .entity_type == $type and (.time | recent)
  and (.temperature | within(-25; 60)) and (.humidity | within(0; 100))'

ask "/sensors/stop/$STOP_ID?mode=latest"
stop_status=$status stop_body=$body
ask "/sensors/bus/$BUS_ID?mode=latest"
bus_status=$status bus_body=$body
read_clock

status=$stop_status body=$stop_body
expect 200 "GET /sensors/stop/$STOP_ID?mode=latest" \
  "$climate"' and (has("co2_level") or has("door_status") | not)' id "$STOP_ID" type stop

status=$bus_status body=$bus_body
expect 200 "GET /sensors/bus/$BUS_ID?mode=latest" \
  "$climate"' and (.co2_level | whole and within(350; 10000))
  and (.door_status == "open" or .door_status == "closed")' id "$BUS_ID" type bus

ask "/sensors/tram/$BUS_ID?mode=latest"
expect 400 'there are no sensors of trams' \
  '. == {"error": "BadRequest", "message": $message}' \
  message "Invalid entity_type: tram. Must be 'bus' or 'stop'"

passed 'sensors'
