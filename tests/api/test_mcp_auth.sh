#!/usr/bin/env bash
# Authentication at the MCP server, over plain HTTP and the protocol. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

plain='.success == false and .error == $message and .status_code == 401 and (.timestamp | instant | . > 0)'
rest='. == {"error": "Unauthorized", "message": $message}'

post "$MCP_URL/mcp/list-tools" ''
expect 401 'without anything' "$plain" message 'Missing x-api-key header'

post "$MCP_URL/mcp/list-tools" '' "x-group-name: $GROUP_NAME"
expect 401 'without a key' "$plain" message 'Missing x-api-key header'

post "$MCP_URL/mcp/list-tools" '' "x-api-key: $API_KEY"
expect 401 'without a group' "$plain" message 'Missing x-group-name header'

post "$MCP_URL/mcp/list-tools" '' 'x-api-key: not-the-key' "x-group-name: $GROUP_NAME"
expect 401 'with a wrong key' "$plain" message 'Invalid API key'

call='{"tool":"query_people_count","arguments":{"stop_id":"'$STOP_ID'"}}'
post "$MCP_URL/mcp/call-tool" "$call" 'x-api-key: not-the-key' "x-group-name: $GROUP_NAME"
expect 401 'with a wrong key on a call' "$plain" message 'Invalid API key'

post "$MCP_URL/tools/list_lines" '{}' 'x-api-key: not-the-key' "x-group-name: $GROUP_NAME"
expect 401 'with a wrong key on a tool' "$plain" message 'Invalid API key'

message='{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
post "$MCP_URL/mcp" "$message" "x-group-name: $GROUP_NAME"
expect 401 'the protocol without a key' "$rest" message 'Missing x-api-key header'

post "$MCP_URL/mcp" "$message" "x-api-key: $API_KEY"
expect 401 'the protocol without a group' "$rest" message 'Missing x-group-name header'

post "$MCP_URL/mcp" "$message" 'x-api-key: not-the-key' "x-group-name: $GROUP_NAME"
expect 401 'the protocol with a wrong key' "$rest" message 'Invalid API key'

post "$MCP_URL/mcp" "$message" "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME" 'origin: https://foreign.example'
expect 403 'the protocol from a foreign page' '.error == "Forbidden"'

post "$MCP_URL/mcp/list-tools" '' "x-api-key: $API_KEY" "x-group-name: $GROUP_NAME"
expect 200 'with key and group' '.success == true and .count == (.data | length) and .count >= 5'

passed 'MCP authentication'
