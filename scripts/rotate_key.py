"""`scripts/rotate_key.py [--target aws --region R]`: replace the API key.

For the forms of keys see `services.access.key_plaintext`.
"""

from __future__ import annotations

from pathlib import Path

import click

from services import settings
from services.access.authentication import write_private
from services.access.key_plaintext import PlainKeys, parse_plain_keys, team_name
from services.access.key_ring import REFRESH_S
from services.errors import InputError
from services.inputs.load import beside
from services.operate.operator_command import OperatorCommand, target_option, target_region_option
from services.operate.secret_admin import ApiKeySecret
from services.stack.local_parts import refresh_key_file
from services.stack.target_system import TargetSystem, chosen_system
from storage.aws_clients import client

COUNTS_ON_AWS = "The change takes effect within 5 minutes (secret 60 s, authorizer 240 s)."
COUNTS_HERE = f"The change takes effect within {REFRESH_S:.0f} s, without a restart."


@click.command(cls=OperatorCommand)
@target_option
@target_region_option
@click.option("--team", "teams", multiple=True, metavar="GROUP",
              help="Replace or create only this team's key; may be repeated.")  # fmt: skip
@click.option("--all-teams", is_flag=True, help="Also replace the keys of all teams.")
@click.option("--api-key-file", type=click.Path(path_type=Path), show_default="beside the default store",
              help="The key file of a local simulator.")  # fmt: skip
def main(
    *,
    target: str | None,
    region: str | None,
    teams: tuple[str, ...],
    all_teams: bool,
    api_key_file: Path | None,
) -> None:
    """Make a new API key. The key is never printed: export_api_keys.py writes it into files."""
    try:
        named = [team_name(team) for team in teams]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    system = None if api_key_file else chosen_system(target, region)
    if system is None or system.kind == "process":
        path = api_key_file or beside(settings.default_store(), ".api-key")
        before = read_local_keys(path)
        write_private(path, rotate(before, named, all_teams=all_teams).file_text + "\n")
        place, when = str(path), COUNTS_HERE
    else:
        before = rotate_secret(system, named, all_teams=all_teams)
        place, when = "Secrets Manager", COUNTS_ON_AWS
        if system.parts is not None:
            place, when = f"the parts' secret and {system.parts.key_file}", COUNTS_HERE
    click.echo(f"{describe_change(before, named, all_teams=all_teams)} in {place}. {when}")


def rotate_secret(system: TargetSystem, teams: list[str], *, all_teams: bool) -> PlainKeys:
    """Replace keys in a system's secret, and in the file of its parts; return those before."""
    secret = ApiKeySecret(client("secretsmanager", region=system.region))
    before = secret.read()
    after = rotate(before, teams, all_teams=all_teams)
    secret.write(after)
    if system.parts is not None:
        refresh_key_file(after.text)
    return before


def rotate(keys: PlainKeys, teams: list[str], *, all_teams: bool) -> PlainKeys:
    """Return the keys with new ones in place of those chosen."""
    if all_teams:
        return keys.with_new_general().with_new_teams([*keys.of_team, *teams])
    return keys.with_new_teams(teams) if teams else keys.with_new_general()


def describe_change(keys: PlainKeys, teams: list[str], *, all_teams: bool) -> str:
    """The change in words."""
    if teams and not all_teams:
        return f"New {'key' if len(teams) == 1 else 'keys'} for {', '.join(teams)}"
    if all_teams:
        return f"A new general key and new keys for {len({*keys.of_team, *teams})} teams"
    kept = f"; {len(keys.of_team)} teams keep theirs" if keys.of_team else ""
    return f"A new general key{kept}"


def read_local_keys(path: Path) -> PlainKeys:
    """The keys in a local file. Raises `InputError`."""
    if settings.api_key() is not None:
        raise InputError("the key is set by BUS_SIMULATOR_API_KEY: change the variable and restart")
    try:
        return parse_plain_keys(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} doesn't exist: the first `make run` creates it") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


if __name__ == "__main__":
    main()
