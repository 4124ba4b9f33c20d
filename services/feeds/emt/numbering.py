"""The numbers that EMT's API has in place of ids: of stops, buses and lines (docs/emt.md).

They follow from the network alone, so every process gives the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from services.feeds.gtfs_static.network_tables import route_names
from simulator.network import Line, Network, Stop

LAST_DIGITS = re.compile(r"[0-9]{1,9}$")
NIGHT_LABEL = re.compile(r"N([0-9]{1,2})")
FIRST_NIGHT, FIRST_OTHER = 500, 601
"""EMT's codes: N1 is 501, the minibus line M1 601."""


@dataclass(frozen=True, slots=True)
class LineNumber:
    """A line's code, such as 027, and the label that passengers see, such as 27."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of a network, and what they stand for."""

    of_stop: Mapping[str, int]
    of_bus: Mapping[str, int]
    of_line: Mapping[str, LineNumber]
    stops: Mapping[int, Stop]

    def stop(self, text: str) -> Stop | None:
        """The stop with a number; None if there is none, or the text is no number."""
        digits = text.isascii() and text.isdecimal() and len(text) <= 9
        return self.stops.get(int(text)) if digits else None

    def lines(self, network: Network, text: str) -> Sequence[Line]:
        """The lines that a text names: all with this label, else the one with this code or id.

        A code may lack its leading zeros.
        """
        named = [line for line in network.lines if self.of_line[line.line_id].label == text]
        if named:
            return named
        code = text.zfill(3)
        return [
            line for line in network.lines if text == line.line_id or self.of_line[line.line_id].code == code
        ]


def numbering(network: Network) -> Numbering:
    """Number a network's stops, buses and lines."""
    of_stop = numbered({stop.stop_id: own_number(stop) for stop in network.stops})
    buses = [bus.bus_id for line in network.lines for bus in line.buses]
    return Numbering(
        of_stop,
        numbered({bus_id: bus_id for bus_id in buses}),
        line_numbers(network.lines),
        {of_stop[stop.stop_id]: stop for stop in network.stops},
    )


def own_number(stop: Stop) -> str:
    """The stop's id in the feed it was imported from if that is a number, else its id."""
    is_number = stop.gtfs_id.isascii() and stop.gtfs_id.isdecimal()
    return stop.gtfs_id if is_number else stop.stop_id


def numbered(texts: Mapping[str, str]) -> dict[str, int]:
    """Number ids by the last digits of their texts: S001 is 1.

    Texts that are numbers come first, the others in their order. Where a number is taken, and where there are
    no digits, the numbers go on after the greatest one.
    """
    found: dict[str, int] = {}
    taken: set[int] = set()
    for each in sorted(texts, key=lambda each: (not texts[each].isdecimal(), texts[each], each)):
        digits = LAST_DIGITS.search(texts[each])
        if digits and int(digits[0]) not in taken:
            found[each] = int(digits[0])
            taken.add(found[each])
    more = count(max(taken, default=0) + 1)
    return found | {each: next(more) for each in sorted(texts) if each not in found}


def line_numbers(lines: Iterable[Line]) -> dict[str, LineNumber]:
    """Code lines by their labels as EMT does: 27 is 027, N1 is 501; others from 601 on, in their order."""
    labels = {line.line_id: route_names(line).short for line in lines}
    found: dict[str, LineNumber] = {}
    taken: set[str] = set()
    for line_id, label in sorted(labels.items(), key=lambda each: (len(each[1]), each)):
        code = code_of(label)
        if code and code not in taken:
            found[line_id] = LineNumber(code, label)
            taken.add(code)
    more = (str(number) for number in count(FIRST_OTHER) if str(number) not in taken)
    return found | {
        line_id: LineNumber(next(more), label) for line_id, label in labels.items() if line_id not in found
    }


def code_of(label: str) -> str:
    """The code that a label asks for, empty if none."""
    if label.isascii() and label.isdecimal():
        return label.zfill(3)
    night = NIGHT_LABEL.fullmatch(label)
    return str(FIRST_NIGHT + int(night[1])) if night else ""
