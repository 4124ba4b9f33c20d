#!/usr/bin/env bash
# The latest position of a bus and of a line's buses. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

ask "/bus-position/$BUS_ID?mode=latest"
bus_status=$status bus_body=$body
ask "/bus-position/line/$LINE_ID?mode=latest"
line_status=$status line_body=$body
read_clock

status=$bus_status body=$bus_body
expect 200 "GET /bus-position/$BUS_ID?mode=latest" '.bus_id == $id and position' id "$BUS_ID"

status=$line_status body=$line_body
expect 200 "GET /bus-position/line/$LINE_ID?mode=latest" \
  '.line_id == $id and (.buses | type == "array" and length > 0)
  and all(.buses[]; .line_id == $id and position)
  and ([.buses[].bus_id] | . == (unique))' id "$LINE_ID"

ask "/bus-position/line/$LINE_ID?timestamp=2026-03-02"
expect 400 'a line has no past' '. == {"error": "BadRequest", "message": $message}' \
  message "Line queries only support 'mode=latest' parameter"

ask "/bus-position/NO-SUCH-BUS?mode=latest"
expect 404 'an unknown bus is not found' '. == {"error": "NotFound", "message": "Bus NO-SUCH-BUS not found"}'

passed 'bus positions'
