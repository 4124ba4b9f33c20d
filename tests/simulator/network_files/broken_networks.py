"""A basic network file, and broken ones with the line and words of their problem."""

from __future__ import annotations

import textwrap

BASIC = """\
lines:
  - line_id: L1
    name: "27 Embajadores - Castilla"
    stops:
      - stop_id: S001
        name: Embajadores
        latitude: 40.405
        longitude: -3.7025
        is_terminal: true
        base_arrival_rate: 0.6
      - stop_id: S002
        name: Atocha
        latitude: 40.409
        longitude: -3.6924
        is_terminal: false
        base_arrival_rate: 1
      - stop_id: S003
        name: Cibeles
        latitude: 40.4194
        longitude: -3.6929
        is_terminal: true
        base_arrival_rate: 0.5
    buses:
      - {bus_id: B002, capacity: 80, initial_position: 0.5}
      - {bus_id: B001, capacity: 80, initial_position: 0}
  - line_id: L2
    name: "5 Cibeles - Sol"
    stops:
      - {stop_id: S003, name: Cibeles, latitude: 40.4194, longitude: -3.6929, is_terminal: true, base_arrival_rate: 1}
      - {stop_id: S004, name: Sol, latitude: 40.4169, longitude: -3.7035, is_terminal: true, base_arrival_rate: 2}
    buses:
      - {bus_id: B003, capacity: 100, initial_position: 1}
"""  # noqa: E501 - the lines of a file
L2_BUSES = BASIC.count("\n") - 1
"""The line with `buses:` of L2, before which more fields of L2 are inserted."""


def replaced(old: str, new: str, text: str = BASIC) -> str:
    assert text.count(old) == 1, f"{old!r} comes {text.count(old)} times"
    return text.replace(old, new)


def with_field(extension: str) -> str:
    """The basic file with more fields for L2, the first of them on line L2_BUSES."""
    head, buses = BASIC.rsplit("    buses:\n", 1)
    return head + textwrap.indent(extension.rstrip() + "\n", "    ") + "    buses:\n" + buses


BROKEN: dict[str, tuple[str | bytes, int, tuple[str, ...]]] = {
    # not YAML, or not of the kind that is read
    "an empty file": ("", 1, ("empty",)),
    "comments only": ("# nothing\n", 1, ("empty",)),
    "a single value": ("7\n", 1, ("mapping",)),
    "a list": ("- lines\n", 1, ("mapping", "lines, stops")),
    "no closing bracket": ("lines: [1, 2\n", 1, ("not valid YAML", "brackets")),
    "a colon in unquoted text": (
        replaced('"5 Cibeles - Sol"', "5: Sol: x"),
        27,
        ("not valid YAML", "quotes"),
    ),
    "a tab": (replaced("    stops:\n      - stop_id: S001", "\tstops:"), 4, ("tabs", "spaces")),
    "a control character": (replaced("Embajadores\n", "Embaja\x07dores\n"), 6, ("control character",)),
    "Latin-1": (replaced("Atocha", "Opañel").encode("latin-1"), 12, ("UTF-8",)),
    "UTF-16": (BASIC.encode("utf-16"), 1, ("UTF-8",)),
    "two documents": (BASIC + "---\nlines: []\n", 33, ("second document",)),
    "a Python tag": (replaced("name: Atocha", "name: !!python/name:os.system x"), 12, ("tag", "remove")),
    "a merge key": (replaced("        name: Atocha", "        <<: {name: Atocha}"), 12, ("merge keys",)),
    "a mapping as a key": ("? {a: 1}\n: 2\n", 1, ("key", "plain text")),
    "an alias to itself": ("lines: &a [*a]\n", 1, ("`*a`", "itself")),
    "an unknown alias": ("lines: *nowhere\n", 1, ("`*nowhere`", "no anchor above")),
    "deep nesting": ("lines: " + "[" * 100_000, 1, ("nested over 40 levels deep",)),
    # keys
    "a repeated key": (
        replaced("        name: Atocha", "        stop_id: S009"),
        12,
        ("`stop_id`", "twice", "line 11"),
    ),
    "a misspelt field": (
        replaced("is_terminal: false", "is_termnal: false"),
        15,
        ("`is_termnal`", "`is_terminal`"),
    ),
    "an unknown field": (
        replaced("        is_terminal: false", "        colour: red\n        is_terminal: false"),
        15,
        ("unknown field `colour`", "base_arrival_rate"),
    ),
    "an unknown top field": (BASIC + "routes: []\n", 33, ("unknown field `routes`", "lines, stops")),
    "no lines": ("stops: []\n", 1, ("`lines`", "missing")),
    "an empty list of lines": ("lines: []\n", 1, ("`lines`", "1 or more")),
    "lines as a mapping": ("lines: {L1: {}}\n", 1, ("`lines`", "must be a list")),
    "a line that is text": ("lines: [L1]\n", 1, ("mapping is expected", "line_id")),
    "a missing field": (
        replaced("        name: Atocha\n", ""),
        11,
        ("stop S002", "`name`", "missing", "add it"),
    ),
    "a missing terminal": (
        replaced("        is_terminal: false\n", ""),
        11,
        ("S002", "`is_terminal` is missing"),
    ),
    "a missing capacity": (
        replaced("B003, capacity: 100,", "B003,"),
        32,
        ("bus B003", "`capacity` is missing"),
    ),
    # types
    "text for a boolean": (
        replaced("is_terminal: false", 'is_terminal: "false"'),
        15,
        ("true or false", '"false"'),
    ),
    "yes for a boolean": (replaced("is_terminal: false", "is_terminal: no"), 15, ("true or false", '"no"')),
    "a number for a boolean": (
        replaced("is_terminal: false", "is_terminal: 0"),
        15,
        ("true or false", "got 0"),
    ),
    "part of a seat": (replaced("capacity: 100", "capacity: 80.7"), 32, ("whole number", "80.7")),
    "seats with a point": (replaced("capacity: 100", "capacity: 80.0"), 32, ("whole number", "80.0")),
    "an octal number": (replaced("capacity: 100", "capacity: 0100"), 32, ("whole number", '"0100"')),
    "true for seats": (replaced("capacity: 100", "capacity: true"), 32, ("whole number", "true")),
    "text for seats": (replaced("capacity: 100", 'capacity: "80"'), 32, ("whole number", '"80"')),
    "true for a latitude": (replaced("latitude: 40.409", "latitude: true"), 13, ("`latitude`", "number")),
    "a decimal comma": (replaced("latitude: 40.409", "latitude: 40,409"), 13, ("`latitude`", '"40,409"')),
    "nothing for a latitude": (replaced("latitude: 40.409", "latitude:"), 13, ("`latitude`", "nothing")),
    "a number for an id": (replaced("line_id: L2", "line_id: 5"), 26, ("`line_id`", "in quotes", "got 5")),
    "true for an id": (replaced("bus_id: B003", "bus_id: true"), 32, ("`bus_id`", "in quotes", "true")),
    "a list for a name": (replaced("name: Atocha", "name: [Atocha]"), 12, ("`name`", "text", "a list of 1")),
    # ranges
    "not a number": (replaced("latitude: 40.409", "latitude: .nan"), 13, ("finite",)),
    "infinite": (replaced("base_arrival_rate: 0.6", "base_arrival_rate: .inf"), 10, ("finite",)),
    "too large to be finite": (
        replaced("base_arrival_rate: 0.6", "base_arrival_rate: 1e999"),
        10,
        ("finite",),
    ),
    "too far north": (replaced("latitude: 40.409", "latitude: 95"), 13, ("at most 90", "got 95")),
    "too far west": (replaced("longitude: -3.6924", "longitude: -181"), 14, ("at least -180",)),
    "a negative rate": (replaced("base_arrival_rate: 0.6", "base_arrival_rate: -1"), 10, ("at least 0",)),
    "a rate by the hour": (replaced("base_arrival_rate: 0.6", "base_arrival_rate: 90"), 10, ("at most 60",)),
    "no seats": (replaced("capacity: 100", "capacity: 0"), 32, ("bus B003", "`capacity`", "at least 1")),
    "a ship": (replaced("capacity: 100", "capacity: 5000"), 32, ("at most 1000",)),
    "beyond the end": (
        replaced("initial_position: 1}", "initial_position: 1.5}"),
        32,
        ("at most 1, got 1.5",),
    ),
    "a space in an id": (
        replaced("line_id: L2", "line_id: L 2"),
        26,
        ("letters, digits, `-` and `_`", '"L 2"'),
    ),
    "an accent in an id": (replaced("bus_id: B003", "bus_id: Bé3"), 32, ("letters, digits",)),
    "an empty id": (replaced("bus_id: B003", 'bus_id: ""'), 32, ("letters, digits",)),
    "a blank name": (replaced("name: Atocha", 'name: " "'), 12, ("not blank",)),
    "a name on two lines": (replaced("name: Atocha", 'name: "Ato\\ncha"'), 12, ("on one line",)),
    "one stop": (
        replaced(
            BASIC[BASIC.index("      - {stop_id: S004") : BASIC.index("    buses:\n      - {bus_id: B003")],
            "",
        ),
        28,
        ("line L2", "`stops`", "2 or more"),
    ),
    "no buses": (
        replaced("\n      - {bus_id: B003, capacity: 100, initial_position: 1}", " []"),
        31,
        ("line L2", "`buses`", "1 or more"),
    ),
    # between fields
    "a line twice": (replaced("line_id: L2", "line_id: L1"), 26, ("L1 is used already", "line 2")),
    "a bus twice": (replaced("bus_id: B003", "bus_id: B001"), 32, ("B001 is used already", "line 25")),
    "a bus named as a stop": (replaced("bus_id: B003", "bus_id: S001"), 32, ("S001", "id of a stop")),
    "a stop twice in a line": (
        replaced("stop_id: S002", "stop_id: S001"),
        11,
        ("has this stop already", "`patterns`"),
    ),
    "one stop with two places": (
        replaced("Cibeles, latitude: 40.4194", "Cibeles, latitude: 40.42"),
        29,
        ("two places", "line 17", "40.4194, -3.6929"),
    ),
    "one stop with two names": (
        replaced("name: Cibeles, ", "name: Banco, "),
        29,
        ("two places", "line 17", "Cibeles"),
    ),
    "a stop that nobody defines": (
        replaced("S004, name: Sol, latitude: 40.4169, longitude: -3.7035,", "S004,"),
        30,
        ("`name`, `latitude`, `longitude` are missing", "`stops`"),
    ),
    "a first stop within": (
        replaced("-3.6929, is_terminal: true", "-3.6929, is_terminal: false"),
        29,
        ("first stop",),
    ),
    "a last stop within": (
        replaced("-3.7035, is_terminal: true", "-3.7035, is_terminal: false"),
        30,
        ("last stop",),
    ),
    "no way between stops": (
        replaced(
            "latitude: 40.409\n        longitude: -3.6924", "latitude: 40.405\n        longitude: -3.7025"
        ),
        11,
        ("no distance", "S001 and S002"),
    ),
    "a lost sign": (replaced("longitude: -3.7035", "longitude: 3.7035"), 30, ("km from stop S003", "sign")),
    # extensions
    "strange hours": (with_field("hours: 6 to 23"), 31, ("`hours`", '"05:30-01:30"', '"6 to 23"')),
    "an hour that isn't": (with_field('hours: "05:30-24:75"'), 31, ("`hours`", "must be hours")),
    "hours of two days": (with_field('hours: "05:30-48:30"'), 31, ("must be a time",)),
    "hours without sunday": (
        with_field('hours: {weekday: "06:00-23:00", saturday: none}'),
        31,
        ("`sunday` is missing",),
    ),
    "no hours at all": (with_field("hours: none"), 31, ("never runs",)),
    "hours before the service day": (
        with_field('hours: "03:00-23:00"'),
        31,
        ("begins at 03:00", "04:00", "25:30"),
    ),
    "hours without a pause": (with_field('hours: "05:00-04:30"'), 31, ("too late", "28:30", "end by")),
    "too long a headway": (
        with_field("headway_min: 721"),
        31,
        ("`headway_min`", "720"),
    ),
    "text for a headway": (with_field('headway_min: "8"'), 31, ("`headway_min`", "minutes")),
    "a headway without an end": (
        with_field("headway_min:\n  - {every_min: 5, from: 06:00, to: 05:00}"),
        31,
        ("ends before it begins",),
    ),
    "headways that overlap": (
        with_field(
            "hours: 06:00-23:00\nheadway_min:\n  - {to: 09:00, every_min: 5}\n  - {from: 08:00, every_min: 9}"
        ),
        34,
        ("from 08:00 to 23:00", "without overlaps"),
    ),
    "a band outside of the hours": (
        with_field('hours: "06:00-22:00"\nheadway_min:\n  - {from: "21:00", to: "23:00", every_min: 5}'),
        33,
        ("21:00 to 23:00", "06:00 to 22:00"),
    ),
    "a departure outside of the hours": (
        with_field('hours: "06:00-22:00"\ndepartures:\n  outbound: ["06:00",\n    "22:10"]\n  inbound: []'),
        34,
        ("departure at 22:10", "06:00 to 22:00"),
    ),
    "a number for a time": (
        with_field("departures: {outbound: [6]}"),
        31,
        ("`outbound[0]`", "06:30"),
    ),
    "an unknown pattern": (
        with_field('departures: {outbound: [{time: "06:00", pattern: L2-1}]}'),
        31,
        ("unknown pattern `L2-1`", "outbound"),
    ),
    "a departure the wrong way": (
        with_field('one_way: true\ndepartures: {inbound: ["06:00"]}'),
        32,
        ("the line has no inbound direction",),
    ),
    "the same departure twice": (
        with_field('departures: {outbound: ["06:00", "06:00"]}'),
        31,
        ("two departures at 06:00 on L2-0",),
    ),
    "no departures": (with_field("departures: {outbound: []}"), 31, ("`departures` is empty",)),
    "on foot": (with_field("speed_kmh: 4"), 31, ("`speed_kmh`", "at least 5")),
    "half a point": (with_field("shape: [[40.4194, -3.6929], [40.4169]]"), 31, ("`shape[1][1]` is missing",)),
    "a shape elsewhere": (
        with_field("shape: [[40.4294, -3.6929], [40.4269, -3.7035]]"),
        31,
        ("`shape` passes stop S003", "m away"),
    ),
    "a shape turned round": (
        with_field("shape: [[40.4169, -3.7035], [40.4194, -3.6929]]"),
        31,
        ("`shape`", "order"),
    ),
    "a pattern of strange stops": (
        with_field(
            "one_way: true\n"
            "patterns:\n"
            "  - {pattern_id: a, direction: outbound, stops: [S003, S004, S001, S003]}"
        ),
        33,
        ("stop S001 isn't in the line's `stops`",),
    ),
    "a pattern that ends within": (
        replaced(
            "    buses:\n      - {bus_id: B002",
            "    one_way: true\n"
            "    patterns:\n"
            "      - {pattern_id: a, direction: outbound, stops: [S001, S002, S003]}\n"
            "      - {pattern_id: b, direction: outbound, stops: [S001, S002]}\n"
            "    buses:\n      - {bus_id: B002",
        ),
        26,
        ("pattern b", "last stop isn't a terminal"),
    ),
    "a stop that no pattern serves": (
        replaced(
            "    buses:\n      - {bus_id: B002",
            "    one_way: true\n"
            "    patterns:\n"
            "      - {pattern_id: a, direction: outbound, stops: [S001, S003]}\n"
            "    buses:\n      - {bus_id: B002",
        ),
        11,
        ("stop S002", "no pattern"),
    ),
    "no way back": (
        with_field("patterns:\n  - {pattern_id: a, direction: outbound, stops: [S003, S004]}"),
        31,
        ("no inbound pattern", "`one_way: true`"),
    ),
    "a way back that isn't": (
        with_field(
            "one_way: true\n"
            "patterns:\n"
            "  - {pattern_id: a, direction: outbound, stops: [S003, S004]}\n"
            "  - {pattern_id: b, direction: inbound, stops: [S004, S003]}"
        ),
        31,
        ("one-way line with an inbound pattern",),
    ),
    "a strange direction": (
        with_field("one_way: true\npatterns:\n  - {pattern_id: a, direction: north, stops: [S003, S004]}"),
        33,
        ("`direction`", "'outbound' or 'inbound'", '"north"'),
    ),
    "shapes in two places": (
        with_field(
            "one_way: true\n"
            "shape: [[40.4194, -3.6929], [40.4169, -3.7035]]\n"
            "patterns:\n"
            "  - {pattern_id: a, direction: outbound, stops: [S003, S004]}"
        ),
        32,
        ("move it",),
    ),
    "a pattern id twice": (
        with_field(
            "patterns:\n"
            "  - {pattern_id: a, direction: outbound, stops: [S003, S004]}\n"
            "  - {pattern_id: a, direction: inbound, stops: [S004, S003]}"
        ),
        33,
        ("a is used already", "line 32"),
    ),
}
