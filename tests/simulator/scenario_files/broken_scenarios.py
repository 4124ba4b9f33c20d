"""A scenario file with every field, and broken ones with the line and words of their problem."""

from __future__ import annotations

FULL = """\
name: everything
description: >
  One of everything,
  on two days.
dates: 2026-03-03 to 2026-03-04
seed: 7
clock: {start: 2026-03-03T07:30+01:00, speed: 60}
demand:
  - {factor: 1.4, lines: [L1], stops: [S001, S004], from: "07:00", to: "10:00"}
  - {factor: 0.5, from: "22:00"}
weather: {rain: moderate, temperature_c: -4, humidity: 20}
control: headway
disruptions:
  - breakdown: {bus: B003, at: "08:15", repair_min: 45, stop: S004}
  - closure: {line: L1, between: [S008, S010], from: "08:00", to: "12:00", detour_min: 2.5}
  - closure: {line: L3, between: [S007, S005], from: "08:00", to: "12:00", short_turn: true}
  - slow_zone: {line: L2, between: [S007, S009], from: "09:00", to: "10:00", speed_factor: 0.5}
  - closed_stop: {stop: S012, to: "25:30"}
  - surge: {stop: S017, from: "20:00", to: "21:00", people_per_min: 20, lines: [L1]}
  - strike: {share: 0.5, lines: [L4, L5]}
  - extra_buses: {line: L1, count: 2, capacity: 95}
wire:
  - dropped: {share: 0.05, buses: [B001, L1-extra-2], from: "08:00", to: "09:00"}
  - delayed: {delay_s: 90}
  - stuck: {buses: [B002]}
  - out_of_order: {share: 0.1}
  - malformed: {share: 0.01}
"""
BREAKDOWN, DETOUR, SHORT_TURN, SLOW, CLOSED, SURGE, STRIKE, EXTRA = range(14, 22)
"""The line on which its disruptions begin."""


def replaced(old: str, new: str, text: str = FULL) -> str:
    assert text.count(old) == 1, f"{old!r} comes {text.count(old)} times"
    return text.replace(old, new)


def with_disruption(entry: str, *more: str) -> str:
    """The full file with other disruptions, the last of them on line EXTRA + 1."""
    return replaced("wire:\n", "".join(f"  - {text}\n" for text in (entry, *more)) + "wire:\n")


MORE = EXTRA + 1

BROKEN: dict[str, tuple[str, int, tuple[str, ...]]] = {
    # not a mapping of the right fields
    "an empty file": ("", 1, ("empty",)),
    "a list": ("- weekday\n", 1, ("mapping is expected", "name, dates")),
    "no closing bracket": ("name: [1, 2\n", 1, ("not valid YAML", "brackets")),
    "a repeated key": (FULL + "seed: 8\n", 28, ("`seed` appears twice", "line 6")),
    "no name": (replaced("name: everything\n", ""), 1, ("`name` is missing",)),
    "no dates": (replaced("dates: 2026-03-03 to 2026-03-04\n", ""), 1, ("`dates` is missing",)),
    "a misspelt field": (replaced("seed: 7", "sed: 7"), 6, ("unknown field `sed`", "`seed`")),
    "a misspelt disruption": (
        replaced("- strike:", "- strikes:"),
        STRIKE,
        ("unknown field `strikes`", "`strike`"),
    ),
    "a misspelt field inside": (
        replaced("45, stop: S004", "45, stopp: S004"),
        BREAKDOWN,
        ("breakdown: unknown field `stopp`", "`stop`"),
    ),
    "a field of another disruption": (
        replaced("closed_stop: {", "closed_stop: {line: L1, "),
        CLOSED,
        ("closed_stop: unknown field `line`", "from, to, stop"),
    ),
    "two disruptions in one": (
        replaced("  - extra_buses", "    extra_buses"),
        STRIKE,
        ("must have one of breakdown, closure", "its own `-`"),
    ),
    "a disruption of nothing": (with_disruption("strike:"), MORE, ("must have one of breakdown",)),
    "a disruption that is text": (with_disruption("rain"), MORE, ("mapping of fields", '"rain"')),
    "a fault that is text": (FULL + "  - stuck\n", 28, ("`wire[5]`", "mapping of fields")),
    # types and ranges
    "a name with a space": (replaced("name: everything", "name: all of it"), 1, ("only letters",)),
    "a date that isn't": (replaced("2026-03-04", "2026-02-30"), 5, ("must be a date",)),
    "a date with slashes": (
        replaced("2026-03-03 to 2026-03-04", "3/3/2026"),
        5,
        ("must be a date", '"3/3/2026"'),
    ),
    "dates in the wrong order": (replaced("to 2026-03-04", "to 2026-03-02"), 5, ("earlier date first",)),
    "dates of long ago": (
        replaced("2026-03-03 to 2026-03-04", "1066-10-14"),
        5,
        ("in the years 1970 to 2199",),
    ),
    "more than a year": (replaced("to 2026-03-04", "to 2027-03-04"), 5, ("at most 366 days",)),
    "a negative seed": (replaced("seed: 7", "seed: -7"), 6, ("`seed` must be at least 0",)),
    "text for a seed": (replaced("seed: 7", 'seed: "7"'), 6, ("whole number", '"7"')),
    "a start without a zone": (replaced("07:30+01:00", "07:30"), 7, ("instant with its zone",)),
    "a start at no time": (replaced("2026-03-03T07:30+01:00", '"48:00"'), 7, ('a time such as "07:30"',)),
    "speed 0": (replaced("speed: 60", "speed: 0"), 7, ("`speed` must be a number more than 0",)),
    "speed fast": (replaced("speed: 60", "speed: fast"), 7, ("or max", '"fast"')),
    "a negative factor": (replaced("factor: 1.4", "factor: -1"), 9, ("demand: `factor`", "at least 0")),
    "a large factor": (replaced("factor: 1.4", "factor: 21"), 9, ("demand: `factor`", "at most 20")),
    "no factor": (replaced("factor: 0.5, ", ""), 10, ("demand: `factor` is missing",)),
    "no lines in a list": (replaced("lines: [L1], stops", "lines: [], stops"), 9, ("`lines`", "1 or more")),
    "a line that is a number": (replaced("lines: [L1], stops", "lines: [27], stops"), 9, ("in quotes",)),
    "a line instead of lines": (replaced("lines: [L1], stops", "lines: L1, stops"), 9, ("must be a list",)),
    "a time without a colon": (replaced('to: "10:00"}\n  - {', 'to: "10"}\n  - {'), 9, ("must be a time",)),
    "unknown rain": (replaced("rain: moderate", "rain: wet"), 11, ("'light', 'moderate' or 'heavy'",)),
    "great heat": (replaced("temperature_c: -4", "temperature_c: 21"), 11, ("at most 20",)),
    "too dry": (replaced("humidity: 20", "humidity: -61"), 11, ("at least -60",)),
    "unknown control": (replaced("control: headway", "control: full"), 12, ("'none', 'terminals'",)),
    "a long repair": (replaced("repair_min: 45", "repair_min: 721"), BREAKDOWN, ("at most 720",)),
    "a short detour": (replaced("detour_min: 2.5", "detour_min: 0.1"), DETOUR, ("at least 0.5",)),
    "no way round": (replaced(", detour_min: 2.5", ""), DETOUR, ("`detour_min: 5`", "`short_turn: true`")),
    "two ways round": (
        replaced("short_turn: true", "short_turn: true, detour_min: 5"),
        SHORT_TURN,
        ("one of `detour_min: 5`",),
    ),
    "one end of a stretch": (replaced("[S008, S010]", "[S008]"), DETOUR, ("`between`", "2 or more")),
    "a stretch of three": (replaced("[S008, S010]", "[S008, S009, S010]"), DETOUR, ("at most 2",)),
    "a standing zone": (replaced("speed_factor: 0.5", "speed_factor: 0"), SLOW, ("at least 0.1",)),
    "a crowd": (replaced("people_per_min: 20", "people_per_min: 201"), SURGE, ("at most 200",)),
    "a surge without an end": (replaced(', to: "21:00"', ""), SURGE, ("surge: `to` is missing",)),
    "more than all on strike": (replaced("share: 0.5, lines", "share: 1.5, lines"), STRIKE, ("at most 1",)),
    "too many buses": (replaced("count: 2", "count: 51"), EXTRA, ("at most 50",)),
    "half a bus": (replaced("count: 2", "count: 1.5"), EXTRA, ("whole number",)),
    "no delay": (replaced("delay_s: 90", ""), 24, ("delayed: `delay_s` is missing",)),
    "a delay of something else": (replaced("{buses: [B002]}", "{delay_s: 9}"), 25, ("stuck: unknown field",)),
    "a large seed": (replaced("seed: 7", "seed: 1000000000000000000"), 6, ("`seed`",)),
    "more than can be compared": (
        "name: x\ndates: 2026-03-03\nwire: [" + "stuck: {}, " * 1001 + "]\n",
        3,
        ("`wire` must have at most 1000 entries",),
    ),
    # the network
    "an unknown line": (replaced("line: L2", "line: L20"), SLOW, ('no line "L20"', "did you mean L2")),
    "a line by its number": (
        replaced("line: L2", 'line: "27"'),
        SLOW,
        ('no line "27"', "did you mean L1 (27 Embajadores"),
    ),
    "a line like none": (
        replaced("line: L2", "line: Circular"),
        SLOW,
        ('no line "Circular"', "it has L1, L10"),
    ),
    "an unknown stop": (replaced("S012", "S0012"), CLOSED, ('no stop "S0012"', "did you mean S012")),
    "a stop by its name": (
        replaced("S012", "Emilio Castelar"),
        CLOSED,
        ("did you mean S012 (Glorieta de Emilio Castelar)",),
    ),
    "a stop like none": (replaced("S012", "Plaza Mayor"), CLOSED, ("a `stop_id` of the network's file",)),
    "an unknown bus": (replaced("[B002]", "[B2000]"), 25, ('stuck: the network has no bus "B2000"',)),
    "an extra bus too many": (replaced("L1-extra-2", "L1-extra-3"), 23, ("did you mean L1-extra-2",)),
    "a line twice in a list": (replaced("[L4, L5]", "[L4, L4]"), STRIKE, ("L4 is named twice",)),
    "a breakdown elsewhere": (
        replaced("repair_min: 45, stop: S004", "repair_min: 45, stop: S104"),
        BREAKDOWN,
        ("line L1 doesn't serve stop S104 (Colombia)", "lines L11, L7 do"),
    ),
    "a closure elsewhere": (replaced("[S008, S010]", "[S008, S154]"), DETOUR, ("line L11 does:",)),
    "a closure from a stop to itself": (
        replaced("[S008, S010]", "[S008, S008]"),
        DETOUR,
        ("both stops are S008",),
    ),
    "a surge for another line": (
        replaced("people_per_min: 20, lines: [L1]", "people_per_min: 20, lines: [L1, L7]"),
        SURGE,
        ("line L7 doesn't serve stop S017",),
    ),
    "demand at a stop of other lines": (replaced("[S001, S004]", "[S001, S104]"), 9, ("line L1 doesn't",)),
    "a terminal that is closed": (
        replaced("S012", "S021"),
        CLOSED,
        ("trips of line L1 begin or end at stop S021", "a stop between terminals"),
    ),
    "all of a line closed": (
        with_disruption('closure: {line: L7, between: [S105, S022], to: "09:00", short_turn: true}'),
        MORE,
        ("buses can't turn before it", "`detour_min`"),
    ),
    # times
    "a span that ends before it starts": (
        replaced('from: "09:00", to: "10:00"', 'from: "23:00", to: "01:30"'),
        SLOW,
        ("`to` 01:30 isn't after `from` 23:00", "25:30"),
    ),
    "an empty span": (replaced('from: "20:00"', 'from: "21:00"'), SURGE, ("isn't after `from` 21:00",)),
    "a span at night": (
        replaced('from: "08:00", to: "12:00", detour_min', 'from: "01:00", to: "02:00", detour_min'),
        DETOUR,
        ("line L1 doesn't run from 01:00 to 02:00", "05:30 to", "25:30"),
    ),
    "a demand at night": (
        replaced('{factor: 0.5, from: "22:00"}', '{factor: 0.5, from: "01:00", to: "04:00"}'),
        10,
        ("none of the lines runs from 01:00 to 04:00",),
    ),
    "a breakdown before the first bus": (
        replaced('at: "08:15"', 'at: "05:29"'),
        BREAKDOWN,
        ("line L1 doesn't run at 05:29", "05:30 to 24:30"),
    ),
    "a clock before the dates": (
        replaced("2026-03-03T07:30+01:00", "2026-03-02T22:59Z"),
        7,
        ("2026-03-02 in Madrid", "isn't one of the dates"),
    ),
    "a clock after the dates": (
        replaced("2026-03-03T07:30+01:00", '"48:00"').replace("48:00", "47:59").replace(" to 2026-03-04", ""),
        7,
        ("2026-03-04 in Madrid",),
    ),
    # one another
    "a bus that breaks down while broken": (
        with_disruption('breakdown: {bus: B003, at: "09:00", repair_min: 5}'),
        MORE,
        ("bus B003 has broken down at that time already", "on line 14"),
    ),
    "a breakdown of a bus on strike": (
        with_disruption("strike: {share: 1, lines: [L1]}"),
        BREAKDOWN,
        ("all of line L1 is on strike", "lower the strike's share"),
    ),
    "a closure twice": (
        with_disruption('closure: {line: L1, between: [S011, S009], from: "11:59", detour_min: 9}'),
        MORE,
        ("closed at that time already, by the closure on line 15",),
    ),
    "two short turns at one stop": (
        with_disruption('closure: {line: L3, between: [S007, S009], from: "11:00", short_turn: true}'),
        MORE,
        ("turn at one stop from both sides", "line 16"),
    ),
    "a slow zone where no bus runs": (
        with_disruption('slow_zone: {line: L3, between: [S006, S007], to: "09:00", speed_factor: 0.5}'),
        MORE,
        ("no bus runs here", "line 16"),
    ),
    "a closed stop where buses turn": (
        replaced("S012", "S005"),
        CLOSED,
        ("buses turn at stop S005", "line 16"),
    ),
    "a closed stop twice": (
        with_disruption('closed_stop: {stop: S012, from: "25:00"}'),
        MORE,
        ("stop S012 is closed at that time already, on line 18", "merge"),
    ),
    "a surge twice": (
        with_disruption('surge: {stop: S017, from: "20:30", to: "22:00", people_per_min: 1}'),
        MORE,
        ("stop S017 has a surge at that time already, on line 19",),
    ),
    "a surge at a closed stop": (
        replaced("S012", "S017"),
        SURGE,
        ("stop S017 is closed at that time, on line 18",),
    ),
    "a line in two strikes": (
        with_disruption("strike: {share: 0.1, lines: [L7, L4]}"),
        MORE,
        ("line L4 has a strike already, on line 20",),
    ),
    "two strikes of all": (
        with_disruption("strike: {share: 0.1}", "strike: {share: 0.2}"),
        MORE + 1,
        ("all lines have a strike already, on line 22",),
    ),
    # times of day and instants
    "a time of day and an instant": (
        with_disruption('strike: {share: 0.1, from: "07:00", to: 2026-03-03T10:00:00Z}'),
        MORE,
        ("two times of day or two instants",),
    ),
    "an instant that isn't one": (
        with_disruption("strike: {share: 0.1, from: 2026-02-30T10:00:00Z}"),
        MORE,
        ("`from` must be a time", "an instant such as"),
    ),
    "a repair at a time of day": (
        with_disruption('breakdown: {bus: B004, at: "09:00", to: "10:00", repair_min: 90}'),
        MORE,
        ("must have an instant as `at` and as `to`",),
    ),
    "instants in disorder": (
        with_disruption("closed_stop: {stop: S013, from: 2026-03-03T12:00:00Z, to: 2026-03-03T10:00:00Z}"),
        MORE,
        ("`to` 2026-03-03T10:00:00Z isn't after `from` 2026-03-03T12:00:00Z",),
    ),
    "instants at night": (
        with_disruption(
            "slow_zone: {line: L5, between: [S066, S068], speed_factor: 0.5, "
            "from: 2026-03-03T02:00:00Z, to: 2026-03-03T03:00:00Z}"
        ),
        MORE,
        ("line L5 doesn't run from 2026-03-03T02:00:00Z",),
    ),
    "weather without a time": (with_disruption("weather: {rain: heavy}"), MORE, ("`from` or `to`",)),
    "other weather twice": (
        with_disruption(
            'weather: {rain: heavy, from: "10:00", to: "12:00"}',
            "weather: {rain: light, from: 2026-03-04T10:30:00Z}",
        ),
        MORE + 1,
        ("other weather at that time already, on line 22",),
    ),
    "control twice": (
        with_disruption('control: {how: none, from: "10:00"}', 'control: {how: headway, to: "11:00"}'),
        MORE + 1,
        ("another control at that time already, on line 22",),
    ),
}
"""Each has one mistake and one problem."""
