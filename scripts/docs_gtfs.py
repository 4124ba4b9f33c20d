"""Write `docs/gtfs.md`: what the importer does with each file and field of the GTFS Schedule reference.

Whether a field is read comes from the rules by which the importer reads its files.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from scripts.gtfs_reference import IGNORED, REPORTED, REVISION, UNREAD, USED
from simulator.files.csv_table import Rules
from simulator.gtfs.feed import CALENDARS, MOST_NAMED_FILES
from simulator.gtfs.reading.tables import LEFT_OUT_WHOLE, TABLES

PREFACE = f"""# GTFS, field by field

`make docs` writes this page from the rules by which `import-gtfs` reads a feed. It has every file and field
of the [GTFS Schedule reference](https://gtfs.org/documentation/schedule/reference/) with its revisions up to
{REVISION}. How to import a feed: [import-gtfs.md](import-gtfs.md).

| state | meaning |
|---|---|
| **used** | read and checked; the network depends on it. Wrong values are reported |
| **reported** | the network has nothing of it; the report says what was found, and what was left out for it |
| **ignored** | not read |

Fields marked *column needed* must be in their file: a feed that lacks one is refused. Fields that aren't in
the reference are ignored. The report names the files that aren't read, whether or not the reference has them
(the first {MOST_NAMED_FILES}). `bus-simulator validate madrid.zip --all-notices` also lists notices about
what the importer ignores.
"""


class State(StrEnum):
    """What the importer does with a file or field."""

    USED = "used"
    REPORTED = "reported"
    IGNORED = "ignored"


def page() -> str:
    """The page as Markdown. KeyError for a field that is read but has no words."""
    lines = [PREFACE, *_files()]
    for name, rules in TABLES.items():
        lines += _section(name, rules)
    return "\n".join([*lines, *_unread()]) + "\n"


def state(name: str, field: str) -> State:
    """The state of a field of a file that is read."""
    if field not in TABLES[name].columns:
        return State.IGNORED
    return State.REPORTED if field in REPORTED.get(name, {}) else State.USED


def fields(name: str) -> list[str]:
    """The fields of a file that is read: those used, those reported, those ignored."""
    read = TABLES[name].columns
    used = [field for field in read if state(name, field) is State.USED]
    return [*used, *(field for field in read if field not in used), *IGNORED.get(name, {})]


def _files() -> Iterator[str]:
    yield "## Files\n\n| file | state | fields used | reported | ignored |\n|---|---|---|---|---|"
    for name in TABLES:
        states = [state(name, field) for field in fields(name)]
        counts = " | ".join(str(states.count(each)) for each in State)
        yield f"| [`{name}`](#{_anchor(name)}) | **used** | {counts} |"
    for name, unread in UNREAD.items():
        yield f"| [`{name}`](#files-that-arent-read) | **reported** | 0 | 0 | {len(unread.fields)} |"
    yield ""


def _section(name: str, rules: Rules) -> Iterator[str]:
    yield f"## {name}\n\n{_presence(name, rules)}\n"
    yield "| field | state | what is done with it, or why nothing |\n|---|---|---|"
    for field in fields(name):
        kind = state(name, field)
        words = {State.USED: USED, State.REPORTED: REPORTED, State.IGNORED: IGNORED}[kind][name][field]
        needed = kind is State.USED and field not in rules.optional
        yield f"| `{field}`{' (column needed)' if needed else ''} | **{kind}** | {words} |"
    yield ""


def _presence(name: str, rules: Rules) -> str:
    """What happens to a feed without the file."""
    if rules.needed:
        return "A feed without this file, or without rows in it, is refused."
    if name in CALENDARS:
        return f"A feed needs this file or `{next(other for other in CALENDARS if other != name)}`."
    if name in LEFT_OUT_WHOLE:
        return "Optional; a file that can't be read, or lacks a needed column, is left out and reported."
    return "Optional."


def _unread() -> Iterator[str]:
    yield (
        "## Files that aren't read\n\nThe report names them; all their fields are **ignored**.\n\n"
        "| file | about | fields |\n|---|---|---|"
    )
    for name, unread in UNREAD.items():
        yield f"| `{name}` | {unread.about} | {', '.join(f'`{field}`' for field in unread.fields)} |"


def _anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return heading.lower().replace(".", "").replace(" ", "-")
