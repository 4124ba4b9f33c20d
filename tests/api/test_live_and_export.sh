#!/usr/bin/env bash
# Live events, and a stream as a file. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

read_clock

# events PATH: sets `status` and `body`, the data of the first event, which comes at once from the snapshot.
events() {
  local answer
  answer=$(curl --silent --no-buffer --max-time 20 --dump-header /dev/stdout \
    --header @<(printf '%s\n' "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME") "$API_URL$1" \
    | tr -d '\r' | sed --quiet --unbuffered -e '1p' -e '/^data: /{p;q}') || [[ -n $answer ]] \
    || fail "no events from $API_URL$1"
  status=$(sed -e 's/^[^ ]* //' -e 's/ .*//' -e q <<<"$answer")
  body=$(sed --quiet 's/^data: //p' <<<"$answer")
}

events "/live?line_ids=$LINE_ID"
expect 200 "GET /live?line_ids=$LINE_ID" 'position and .line_id == $line' line "$LINE_ID"

ask "/live?line_ids=NO-LINE"
expect 404 'an unknown line is not found' '.error == "NotFound" and (.message | text)'

start=$(jq --null-input --raw-output --arg now "$now" \
  "$definitions "'$now | instant - 600 | todateiso8601')
ask "/export/people_count?start=$start&end=$now&format=jsonl"
body=$(jq --slurp --compact-output . <<<"$body") || fail "GET /export/people_count: no JSON lines: ${body:0:300}"
expect 200 'GET /export/people_count' 'length > 0 and all(.[];
  (.stop_id | text) and (.count | whole and within(0; 100000)) and (.time | instant))'

ask "/export/no_such_stream?start=$start&end=$now"
expect 404 'an unknown stream is not found' '.error == "NotFound" and (.message | text)'

passed 'live events and files'
