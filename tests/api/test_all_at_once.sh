#!/usr/bin/env bash
# The latest positions, counts and sensors of all at once. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

ask "/bus-position?mode=latest"
buses_status=$status buses_body=$body
ask "/people-count?mode=latest&line_id=$LINE_ID"
stops_status=$status stops_body=$body
ask "/sensors/bus?mode=latest"
sensors_status=$status sensors_body=$body
read_clock

status=$buses_status body=$buses_body
expect 200 'GET /bus-position?mode=latest' \
  '(.time | recent) and (.items | length > 0) and all(.items[]; position)
  and ([.items[].bus_id] | . == unique and (index($id) != null))' id "$BUS_ID"

status=$stops_status body=$stops_body
expect 200 "GET /people-count?mode=latest&line_id=$LINE_ID" \
  '(.time | recent) and (.items | length > 0)
  and all(.items[]; (.count | whole and . >= 0) and (.line_ids | split(",") | index($id) != null))' id "$LINE_ID"

status=$sensors_status body=$sensors_body
expect 200 'GET /sensors/bus?mode=latest' \
  '(.time | recent) and (.items | length > 0) and all(.items[]; .entity_type == "bus" and (.co2_level | whole))'

ask "/bus-position?mod=latest"
expect 400 'an unknown parameter is refused' '. == {"error": "BadRequest", "message": $message}' \
  message 'Unknown parameter: mod. Did you mean mode?'

ask "/bus-position"
expect 400 'without a mode the hint names start and end' \
  '.error == "BadRequest" and (.hint | contains("start") and contains("end"))'

passed 'all at once'
