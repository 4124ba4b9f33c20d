"""`bus-simulator intervene`: disturb a running city."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from services.commands import options
from services.commands.options import option

LISTS = ("lines", "between")
TIMES = ("from", "to", "at")
TEXTS = ("bus", "line", "stop", "how", "rain", *TIMES)


@click.command(
    epilog="""\b
Examples:
  bus-simulator intervene breakdown bus=B014 repair_min=25
  bus-simulator intervene closure line=L1 between=S004,S007 detour_min=6 from=18:10 to=19:00
  bus-simulator intervene closure line=L1 between=S004,S007 short_turn=true
  bus-simulator intervene slow_zone line=L2 between=S011,S014 speed_factor=0.5
  bus-simulator intervene closed_stop stop=S012
  bus-simulator intervene surge stop=S021 people_per_min=40 to=23:30
  bus-simulator intervene strike share=0.33 from=17:00
  bus-simulator intervene weather rain=heavy
  bus-simulator intervene control how=headway
  bus-simulator intervene --file evening.yaml
  bus-simulator intervene --end 2
\b
Without from= (of a breakdown: at=) it begins at once: at the first second that is not yet stored.
A time such as 18:10 is one of the service day, in Madrid; an instant has its zone:
from=2026-03-02T18:10+01:00. Fields and kinds are those of scenario files (docs/scenarios.md)."""
)
@click.argument("kind", required=False)
@click.argument("fields", metavar="[FIELD=VALUE]...", nargs=-1)
@option(
    "--file",
    "file",
    key="intervention_file",
    type=click.Path(allow_dash=True, path_type=Path),
    default=None,
    help="Make the disruptions of a YAML or JSON file, one after another: a list of them, or a scenario "
    "file; - reads standard input.",
)
@option("--end", "end", key="intervention_end", metavar="ID", default=None, help="End an intervention.")
@option("--json", "as_json", is_flag=True, default=False, help="Print the answers as JSON, one per line.")
@options.store_option
@options.url_option
@options.group_option
def intervene(
    *,
    kind: str | None,
    fields: Sequence[str],
    file: Path | None,
    end: str | None,
    as_json: bool,
    store: str,
    url: str | None,
    group: str,
) -> None:
    """Disturb the running city: KIND of disruption, and its fields.

    The city must run with --control. It is the one at --url, else that of the parts that run here (`make
    up`), else the one that holds --store. The journal keeps each intervention; `bus-simulator journal`
    lists them.
    """
    if sum(each is not None for each in (kind, file, end)) != 1:
        raise click.UsageError("Give one of KIND with its fields, --file FILE, or --end ID.")
    if kind is None and fields:
        raise click.UsageError("Fields need a KIND of disruption before them.")
    from services.interventions.running_city import running_city
    from services.stack.city_here import url_of_city

    one = [] if kind is None else [{kind: dict(map(parsed_field, fields))}]
    wanted = one if file is None else disruptions_in(file)
    city = running_city(store, url_of_city(url), group)
    for disruption in wanted:
        show(city.ask("POST", "/interventions", disruption), as_json=as_json)
    if end is not None:
        show(city.ask("DELETE", f"/interventions/{quoted(end)}"), as_json=as_json)


def quoted(text: str) -> str:
    """A text as part of a path."""
    from urllib.parse import quote

    return quote(text, safe="")


def parsed_field(text: str) -> tuple[str, object]:
    """Parse `repair_min=20`: numbers and true as such, lists with commas, ids and times as texts."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise click.BadParameter(f"'{text}' is not a field; write for example bus=B001")
    if name in LISTS:
        return name, value.split(",")
    if name in TEXTS:
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def disruptions_in(file: Path) -> Sequence[Mapping[str, object]]:
    """The disruptions of a file: a list of them, one, or the `disruptions` of a scenario file."""
    import yaml

    from services.errors import InputError

    try:
        with click.open_file(str(file), encoding="utf-8") as opened:
            found = yaml.safe_load(opened)
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file} can't be read: {error}") from None
    if isinstance(found, dict) and "disruptions" in found:
        found = found["disruptions"]
    entries = [found] if isinstance(found, dict) else found
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries) or not entries:
        raise InputError(f"{file} has no disruptions: expected a list such as - breakdown: {{bus: B001}}")
    return list(map(with_texts, entries))


def with_texts(entry: Mapping[str, Any]) -> Mapping[str, object]:
    """A disruption whose dates, which YAML reads as such, are texts again."""
    found: Mapping[str, object] = json.loads(json.dumps(entry, default=str))
    return found


def show(body: Mapping[str, Any], *, as_json: bool) -> None:
    """Print an intervention as a line."""
    click.echo(json.dumps(body) if as_json else next(lines([body])))


def lines(bodies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each intervention."""
    for body in bodies:
        ((kind, fields),) = body["disruption"].items()
        # A withdrawn one ends before it takes effect, which would read as a span backwards.
        ends = None if body["state"] == "withdrawn" else body["ends"]
        until = "" if ends is None else f" to {ends}"
        shown = [f"{name}={text_of(value)}" for name, value in fields.items() if name not in TIMES]
        yield f"{body['id']:>3}  {body['takes_effect']}{until}  {body['state']:<9}  {kind} {' '.join(shown)}"


def text_of(value: object) -> str:
    """A field's value as `parsed_field` reads it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
