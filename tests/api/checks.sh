# Shared by the scripts in this folder: addresses, credentials, requests and checks of responses.
#
# API_URL     the REST API (http://127.0.0.1:8080)
# WS_URL      the WebSocket API, with its path (API_URL's host at /production)
# MCP_URL     the MCP server (API_URL: where one process serves both)
# API_KEY     the key (that of `make run`, from var/bus.duckdb.api-key)
# GROUP_NAME  the group name of the requests (api-tests)
# STOP_ID, BUS_ID, LINE_ID  the entities to request (S001, B001, L1)
#
# The first failed check ends a script with exit code 1 and a message.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

fail() {
  printf 'FAIL  %s\n' "$1" >&2
  exit 1
}

for program in curl jq; do
  command -v "$program" >/dev/null || fail "$program is not installed, and this script needs it"
done

key_file=$root/var/bus.duckdb.api-key
if [[ -z ${API_KEY:-} && -r $key_file ]]; then
  API_KEY=$(<"$key_file")
  if [[ $API_KEY == '{'* ]]; then
    API_KEY=$(jq --raw-output .api_key <<<"$API_KEY")
  fi
fi
[[ -n ${API_KEY:-} ]] || fail "set API_KEY: there is no $key_file of a local run"
API_URL=${API_URL:-http://127.0.0.1:8080}
API_URL=${API_URL%/}
MCP_URL=${MCP_URL:-$API_URL}
MCP_URL=${MCP_URL%/}
WS_URL=${WS_URL:-ws${API_URL#http}/production}
GROUP_NAME=${GROUP_NAME:-api-tests}
STOP_ID=${STOP_ID:-S001} BUS_ID=${BUS_ID:-B001} LINE_ID=${LINE_ID:-L1}

# jq functions for checks of values. `$now` is the simulated time.
definitions='
  def whole: type == "number" and . == floor;
  def text: type == "string" and length > 0;
  def within(low; high): type == "number" and . >= low and . <= high;
  def instant: if test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{3})?Z$")
    then sub("[.][0-9]+"; "") | fromdateiso8601 else error("no instant: \(.)") end;
  def recent: type == "string" and (($now | instant) - instant | . >= 0 and . <= 300);
  def position:
    (.bus_id | text) and (.line_id | text) and (.time | recent)
    and (.latitude | within(-90; 90)) and (.longitude | within(-180; 180))
    and ((.latitude, .longitude) != 0)
    and (.passenger_count | whole and within(0; 300)) and (.next_stop_id | text)
    and (.distance_to_next_stop | within(0; 100000)) and (.speed | within(0; 90))
    and (.direction == 0 or .direction == 1)
    and (.trip_id | type == "string") and (.capacity == null or (.capacity | whole and within(1; 300)))
    and (.bearing == null or (.bearing | within(0; 359.9)));
'

# request PATH [HEADER…]: sets `status` and `body`. Headers go through a pipe, since `ps` shows arguments.
request() {
  local path=$1 answer
  shift
  answer=$(curl --silent --show-error --max-time 30 --write-out '\n%{http_code}' \
    --header @<(printf '%s\n' "$@") "$API_URL$path") || fail "no answer from $API_URL$path"
  status=${answer##*$'\n'} body=${answer%$'\n'*}
}

# ask PATH: a request with the key and the group.
ask() {
  request "$1" "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME"
}

# post URL BODY [HEADER…]: the same for POST, to any URL. The body goes through a pipe, too.
post() {
  local url=$1 content=$2 answer
  shift 2
  answer=$(curl --silent --show-error --max-time 60 --write-out '\n%{http_code}' --data-binary @<(printf '%s' "$content") \
    --header @<(printf '%s\n' 'content-type: application/json' 'accept: application/json, text/event-stream' "$@") \
    "$url") || fail "no answer from $url"
  status=${answer##*$'\n'} body=${answer%$'\n'*}
}

# tool NAME ARGUMENTS: calls a tool of the MCP server with the key and the group.
tool() {
  post "$MCP_URL/mcp/call-tool" "{\"tool\":\"$1\",\"arguments\":$2}" "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME"
}

# expect STATUS WHAT FILTER [NAME VALUE…]: the last answer has this status and one JSON body for which the
# filter is true; more names are strings that the filter may use.
expect() {
  local wanted=$1 what=$2 filter=$3 names=()
  shift 3
  while (($# > 0)); do
    names+=(--arg "$1" "$2")
    shift 2
  done
  [[ $status == "$wanted" ]] || fail "$what: status $status instead of $wanted, body: ${body:0:300}"
  [[ -n ${body//[[:space:]]/} ]] || fail "$what: the body is empty"
  jq --exit-status --slurp --arg now "${now:-}" ${names[@]+"${names[@]}"} \
    "$definitions length == 1 and (.[0] | $filter)" >/dev/null 2>&1 <<<"$body" \
    || fail "$what: not so in the body: ${body:0:300}"
  printf 'ok    %s\n' "$what"
}

# read_clock: sets `now` to simulated now, which may be any instant.
read_clock() {
  request /health
  now=''
  expect 200 'GET /health tells the simulated time' '.clock.now | text and (instant | . > 0)'
  now=$(jq --raw-output .clock.now <<<"$body")
}

passed() {
  printf 'PASS  %s\n' "$1"
}
