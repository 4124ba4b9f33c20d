"""Files with keys to hand out: one for the organisers with every key, and one for each team."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from services.access.authentication import GROUP_HEADER, KEY_HEADER, write_private
from services.access.key_plaintext import PlainKeys


@dataclass(frozen=True, slots=True)
class Addresses:
    """The URLs of REST, of the WebSocket and of the MCP server."""

    api: str
    ws: str
    mcp: str


def write_handouts(keys: PlainKeys, output: Path, addresses: Addresses) -> list[Path]:
    """Write `output` for the organisers and a file beside it for each team; return their paths.

    Only their owner may read them.
    """
    handouts = {output: "".join(organisers_handout(keys, addresses))}
    for team, key in sorted(keys.of_team.items()):
        handouts[handout_path(output, team)] = handout(team, key, addresses)
    for path, text in handouts.items():
        write_private(path, text)
    return list(handouts)


def handout_path(output: Path, team: str) -> Path:
    """The path of a team's file: `api_keys.team-alpha.txt` beside `api_keys.txt`."""
    return output.with_name(f"{output.stem}.{quote(team, safe='')}{output.suffix}")


def organisers_handout(keys: PlainKeys, addresses: Addresses) -> Iterator[str]:
    """Yield a block of text for each key, the general one first."""
    yield handout("any-group-name", keys.general, addresses)
    for team, key in sorted(keys.of_team.items()):
        yield "\n" + handout(team, key, addresses)


def handout(group: str, key: str, addresses: Addresses) -> str:
    """The page for one group: its name, key and URLs as shell variables, and requests to paste."""
    return (
        f"GROUP_NAME={group}\nAPI_KEY={key}\n"
        f"API_URL={addresses.api}\nWS_URL={addresses.ws}\nMCP_URL={addresses.mcp}\n{EXAMPLES}"
    )


EXAMPLES = f"""\
#
# Madrid's buses, simulated: positions every 30 seconds, counts and sensors every minute.
# Load this page with `. FILE`, then paste:
#   H=(-H "{KEY_HEADER}: $API_KEY" -H "{GROUP_HEADER}: $GROUP_NAME")
#   curl "${{H[@]}}" "$API_URL/lines"                              # lines, with their stops
#   curl "${{H[@]}}" "$API_URL/bus-position/line/L1?mode=latest"   # the buses of a line
#   curl "${{H[@]}}" "$API_URL/people-count/S001?mode=latest"      # people waiting at a stop
#   curl "${{H[@]}}" "$API_URL/sensors/bus/B001?mode=latest"       # temperature, CO2, doors
#   curl "${{H[@]}}" -X POST "$MCP_URL/mcp/list-tools"             # tools for agents
# MCP clients: the URL is $MCP_URL/mcp, with both headers.
# WebSocket: connect to $WS_URL?api_key=KEY&group_name=GROUP, then send
#   {{"action":"subscribe","line_ids":["L1"]}}
# A key may make 50 requests a second and 10,000 a day. 401 names the wrong header, 404 the unknown id.
"""
