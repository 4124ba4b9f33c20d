#!/usr/bin/env bash
# Authentication: the three refusals in their order, and the right key. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

path="/people-count/$STOP_ID?mode=latest"
refused='. == {"error": "Unauthorized", "message": $message}' missing=$refused
if [[ $API_URL == *.amazonaws.com* ]]; then
  missing='.message == "Unauthorized"' # the gateway's own words, before it asks anybody
fi

request "$path"
expect 401 'without anything' "$missing" message 'Missing x-api-key header'

request "$path" "x-group-name: $GROUP_NAME"
expect 401 'without a key' "$missing" message 'Missing x-api-key header'

request "$path" "x-api-key: $API_KEY"
expect 401 'without a group' "$missing" message 'Missing x-group-name header'

request "$path" 'x-api-key: not-the-key'
expect 401 'a missing group is said before a wrong key' "$missing" message 'Missing x-group-name header'

request "$path" 'x-api-key: not-the-key' "x-group-name: $GROUP_NAME"
expect 401 'with a wrong key' "$refused" message 'Invalid API key'

request "/bus-position/line/$LINE_ID?mode=latest" 'x-api-key: not-the-key' "x-group-name: $GROUP_NAME"
expect 401 'with a wrong key on another route' "$refused" message 'Invalid API key'

request "/sensors/bus/$BUS_ID?mode=latest" 'x-api-key: not-the-key' "x-group-name: $GROUP_NAME"
expect 401 'with a wrong key on a third route' "$refused" message 'Invalid API key'

ask "$path"
expect 200 'with key and group' '.stop_id == $stop and (.count | whole)' stop "$STOP_ID"

request /health
expect 200 'health is open to everybody' '.status == "healthy" or .status == "degraded"'

passed 'authentication'
