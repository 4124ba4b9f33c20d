#!/usr/bin/env bash
# The MCP server's tools, over plain HTTP and the protocol. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

good='.success == true and .count == (.data | length) and (.timestamp | instant | . > 0)'

post "$MCP_URL/mcp/list-tools" '' "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME"
expect 200 'the tools are listed, with what they take and answer' "$good"' and
  all(.data[]; (.name | text) and (.description | text) and .input_schema.type == "object"
    and .output_schema.type == "object")
  and ([.data[].name] | contains(["query_people_count", "query_sensor_data", "query_bus_position",
    "query_line_buses", "query_time_range", "find_stops", "nearest_stops", "list_lines", "line_status"]))'

tool query_people_count "{\"stop_id\":\"$STOP_ID\"}"
expect 200 "people at $STOP_ID" "$good"' and .count == 1 and .data[0].stop_id == $stop
  and (.data[0].count | whole and within(0; 10000)) and (.data[0].line_ids | text)' stop "$STOP_ID"
latest=$(jq --compact-output '.data[0]' <<<"$body")

ask "/people-count/$STOP_ID?timestamp=$(jq --raw-output .time <<<"$latest")"
expect 200 'REST says the same of that time' '. == ($latest | fromjson)' latest "$latest"

tool query_sensor_data "{\"entity_id\":\"$BUS_ID\"}"
expect 200 "sensors of $BUS_ID, whose type follows from its id" "$good"' and .count == 1
  and .data[0].entity_type == "bus" and (.data[0].co2_level | whole and within(350; 10000))
  and (.data[0].temperature | within(-25; 60))' 

tool query_bus_position "{\"bus_id\":\"$BUS_ID\",\"mode\":\"latest\"}"
position_status=$status position_body=$body
tool query_line_buses "{\"line_id\":\"$LINE_ID\"}"
line_status=$status line_body=$body
read_clock
status=$position_status body=$position_body
expect 200 "position of $BUS_ID" "$good"' and .count == 1 and (.data[0] | .bus_id == $bus and position)' bus "$BUS_ID"
status=$line_status body=$line_body
expect 200 "buses of $LINE_ID" "$good"' and .count > 0 and all(.data[]; .line_id == $line and position)' line "$LINE_ID"

start=$(jq --raw-output --null-input --arg now "$now" '$now | sub("[.][0-9]+"; "") | fromdateiso8601 - 900 | todateiso8601')
tool query_time_range \
  "{\"data_type\":\"people_count\",\"entity_id\":\"$STOP_ID\",\"start_time\":\"$start\",\"end_time\":\"$now\",\"limit\":5}"
expect 200 'a quarter of an hour of counts, cut at 5' "$good"' and .count == 5 and (.next_cursor | text)
  and ([.data[].time] | . == sort) and all(.data[]; .stop_id == $stop)' stop "$STOP_ID"

tool query_time_range \
  "{\"data_type\":\"people_count\",\"entity_id\":\"$STOP_ID\",\"start_time\":\"$now\",\"end_time\":\"$start\"}"
expect 400 'an end before the start is said' '.success == false and .status_code == 400 and (.error | test("after end_time"))'

tool query_people_count '{"stop_id":"NO-SUCH-STOP"}'
expect 200 'an unknown stop is nothing, with a hint' '.success and .count == 0 and .data == [] and (.hint | text)'

tool query_people_count '{"stop_id":7}'
expect 400 'a number is no stop' '.success == false and (.error | test("stop_id"))'

tool no_such_tool '{}'
expect 404 'an unknown tool is not found' '.success == false and .status_code == 404'

post "$MCP_URL/tools/line_status" "{\"line_id\":\"$LINE_ID\"}" "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME"
expect 200 "how $LINE_ID runs, by the tool's own path" "$good"' and .count > 0
  and all(.data[]; .line_id == $line and (.towards | text) and (.buses_out | whole))' line "$LINE_ID"

# protocol METHOD PARAMS
protocol() {
  post "$MCP_URL/mcp" "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}" \
    "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME"
}

protocol initialize '{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"curl","version":"1"}}'
expect 200 'the protocol is negotiated, also the first version' \
  '.result.protocolVersion == "2024-11-05" and (.result.serverInfo.name | text) and (.result.capabilities.tools | type == "object")'

protocol tools/call "{\"name\":\"query_people_count\",\"arguments\":{\"stop_id\":\"$STOP_ID\"}}"
expect 200 'a call by the protocol' '.result.isError == false and .result.structuredContent.count == 1
  and .result.structuredContent.data[0].stop_id == $stop and (.result.content[0].text | text)' stop "$STOP_ID"

protocol tools/call '{"name":"no_such_tool","arguments":{}}'
expect 200 'an unknown tool is an error of the protocol' '.error.code == -32602'

passed 'MCP tools'
