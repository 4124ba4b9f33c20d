#!/usr/bin/env bash
# The MCP server's health, which is open to everybody. checks.sh lists the variables.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

API_URL=$MCP_URL
request /health
expect 200 'GET /health is open and says healthy or degraded' '.status == "healthy" or .status == "degraded"'
expect 200 'it tells the simulated time' '.clock.now | text and (instant | . > 0)'
expect 200 'it names the run' '(.run.run_id | text) and (.run.seed | whole)'
expect 200 'it counts what is stored' \
  '.streams | (.people_count, .sensor_data, .bus_position | .rows | whole and . > 0)'

request /health 'x-api-key: not-the-key'
expect 200 'a wrong key changes nothing' '.status == "healthy" or .status == "degraded"'

passed 'MCP health'
