"""Files with keys to hand out: one for the organisers with every key, and one for each team."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from services.access.authentication import GROUP_HEADER, KEY_HEADER, write_private
from services.access.key_plaintext import PlainKeys


def write_handouts(keys: PlainKeys, output: Path, *, api_url: str, ws_url: str) -> list[Path]:
    """Write `output` for the organisers and a file beside it for each team; return their paths.

    Only their owner may read them.
    """
    handouts = {output: "".join(organisers_handout(keys, api_url, ws_url))}
    for team, key in sorted(keys.of_team.items()):
        handouts[handout_path(output, team)] = handout(team, key, api_url, ws_url)
    for path, text in handouts.items():
        write_private(path, text)
    return list(handouts)


def handout_path(output: Path, team: str) -> Path:
    """The path of a team's file: `api_keys.team-alpha.txt` beside `api_keys.txt`."""
    return output.with_name(f"{output.stem}.{quote(team, safe='')}{output.suffix}")


def organisers_handout(keys: PlainKeys, api_url: str, ws_url: str) -> Iterator[str]:
    """Yield a block of text for each key, the general one first."""
    yield handout("any-group-name", keys.general, api_url, ws_url)
    for team, key in sorted(keys.of_team.items()):
        yield "\n" + handout(team, key, api_url, ws_url)


def handout(group: str, key: str, api_url: str, ws_url: str) -> str:
    """The text for one group: its name, key and URLs as shell variables, and an example request."""
    return (
        f"GROUP_NAME={group}\nAPI_KEY={key}\nAPI_URL={api_url}\nWS_URL={ws_url}\n"
        f'# curl -H "{KEY_HEADER}: $API_KEY" -H "{GROUP_HEADER}: $GROUP_NAME" '
        f'"$API_URL/people-count/S001?mode=latest"\n'
    )
