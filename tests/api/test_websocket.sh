#!/usr/bin/env bash
# Live positions: authentication, subscriptions, errors, positions. checks.sh lists the variables.
# Needs a Python that has the package `websockets`: .venv/bin/python of `make setup`, or PYTHON.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

python=${PYTHON:-$root/.venv/bin/python}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import websockets' 2>/dev/null \
  || fail "$python lacks the package websockets: run make setup, or set PYTHON"

# connect KEY GROUP COUNT [MESSAGE…]: sets `status` (the handshake's) and `body` (a JSON array of COUNT messages).
# The key goes through a pipe, since `ps` shows arguments.
connect() {
  local answer key=$1 group=$2 count=$3
  shift 3
  answer=$(printf '%s\n' "$WS_URL" "$key" "$group" "$@" | "$python" "$here/websocket_client.py" "$count") \
    || fail "no WebSocket at $WS_URL: ${answer:-no answer}"
  status=${answer%%$'\n'*} body=${answer#*$'\n'}
}

refusal() {
  connect "$2" "$3" 0
  [[ $status == 401 || $status == 403 ]] || fail "$1: status $status instead of a refusal"
  expect "$status" "$1 is refused with $status" '.message | text'
}

refusal 'a wrong key' not-the-key "$GROUP_NAME"
refusal 'a missing key' '' "$GROUP_NAME"
refusal 'a missing group' "$API_KEY" ''

connect "$API_KEY" "$GROUP_NAME" 1 '{"action":"ping"}'
expect 101 'a ping gets its pong' '. == [{"type": "pong"}]'

connect "$API_KEY" "$GROUP_NAME" 4 'no json' '{"action":"dance"}' '{"action":"subscribe","line_ids":["NO-SUCH-LINE"]}' \
  '{"action":"ping"}'
expect 101 'errors are said, and the connection stays open' 'def said(message):
    any(.[]; . == {"type": "error", "error": "BadRequest", "message": message});
  said("Invalid JSON") and said("Unknown action: dance") and said("Unknown line: NO-SUCH-LINE")
  and any(.[]; .type == "pong")'

ask "/bus-position/line/$LINE_ID?mode=latest"
expect 200 "line $LINE_ID has buses" '.buses | length > 0'
buses=$(jq '.buses | length' <<<"$body")
connect "$API_KEY" "$GROUP_NAME" $((buses + 1)) '{"action":"subscribe","line_ids":["'"$LINE_ID"'"]}'
live_status=$status live_body=$body
read_clock
status=$live_status body=$live_body
expect 101 'a subscription is confirmed' 'any(.[]; . == {"type": "subscribed", "line_ids": [$line]})' line "$LINE_ID"
expect 101 "and gets the positions of $buses buses, as REST gives them" \
  'map(select(has("type") | not)) | length > 0 and all(.[]; .line_id == $line and position)' line "$LINE_ID"

passed 'WebSocket'
