#!/usr/bin/env bash
# People waiting at a stop: the latest count, and one in the past. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

count='.stop_id == $stop and (.count | whole and within(0; 10000))
  and (.line_ids | text and test("^[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*$"))'

ask "/people-count/$STOP_ID?mode=latest"
latest_status=$status latest_body=$body
read_clock
status=$latest_status body=$latest_body
expect 200 "GET /people-count/$STOP_ID?mode=latest" "$count and (.time | recent)" stop "$STOP_ID"

time=$(jq --raw-output .time <<<"$body")
ask "/people-count/$STOP_ID?timestamp=$time"
expect 200 'asked by its timestamp it is the same' '. == ($latest | fromjson)' latest "$latest_body"

ask "/people-count/NO-SUCH-STOP?mode=latest"
expect 404 'an unknown stop is not found' \
  '. == {"error": "NotFound", "message": "Stop NO-SUCH-STOP not found"}'

ask "/people-count/$STOP_ID"
expect 400 'neither mode nor timestamp is a bad request' \
  '.error == "BadRequest" and .message == "Must specify '"'mode=latest'"' or '"'timestamp'"' parameter"'

passed 'people count'
