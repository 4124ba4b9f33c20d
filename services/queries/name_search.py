"""Search for stops and lines by name, and for stops near a place, in the network alone."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from simulator.geometry import distance_m
from simulator.network import Line, Network, Stop

Item = TypeVar("Item")

LEAST_LIKENESS = 0.75
"""Least likeness, 0 to 1, of a result to the name searched for."""
PREFIX_LIKENESS = 0.95
"""Likeness of a word and its beginning, such as `castel` and `castellana`."""


@dataclass(frozen=True, slots=True)
class NearbyStop:
    """A stop, and its distance in metres as the crow flies."""

    stop: Stop
    distance_m: float


def find_stops(network: Network, *, name: str) -> Sequence[Stop]:
    """Return stops with a similar name or id, the best match first. Case and accents don't matter."""
    return _alike(network.stops, name, lambda stop: f"{stop.stop_id} {stop.name}", lambda stop: stop.stop_id)


def find_lines(network: Network, *, name: str) -> Sequence[Line]:
    """Return lines with a similar name or id, the best match first. Case and accents don't matter."""
    return _alike(network.lines, name, lambda line: f"{line.line_id} {line.name}", lambda line: line.line_id)


def nearest_stops(network: Network, *, latitude: float, longitude: float) -> Sequence[NearbyStop]:
    """Return all stops by their distance from a place (WGS84 degrees)."""
    near = [
        NearbyStop(stop, round(distance_m(latitude, longitude, stop.latitude, stop.longitude), 1))
        for stop in network.stops
    ]
    return sorted(near, key=lambda found: (found.distance_m, found.stop.stop_id))


def words_of(text: str) -> list[str]:
    """Split a name into words in lower case without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"[^\W_]+", "".join(char for char in plain if not unicodedata.combining(char)))


def _alike(
    items: Iterable[Item], name: str, text: Callable[[Item], str], item_id: Callable[[Item], str]
) -> list[Item]:
    wanted = words_of(name)
    if not wanted:
        return []
    named = [(item, words_of(text(item))) for item in items]
    tables = [_likenesses(word, {each for _, words in named for each in words}) for word in wanted]
    scored = [(_likeness(tables, words), len(words), item_id(item), item) for item, words in named]
    found = sorted((entry for entry in scored if entry[0] >= LEAST_LIKENESS), key=_best_first)
    return [item for *_, item in found]


def _best_first(entry: tuple[float, int, str, object]) -> tuple[float, int, str]:
    likeness, length, item_id, _ = entry
    return -likeness, length, item_id


def _likeness(tables: Sequence[Mapping[str, float]], words: Sequence[str]) -> float:
    """The mean likeness, 0 to 1, of each word searched for to the most similar word of a name."""
    return sum(max((table[word] for word in words), default=0.0) for table in tables) / len(tables)


def _likenesses(wanted: str, words: Iterable[str]) -> dict[str, float]:
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    return {word: _word_likeness(matcher, wanted, word) for word in words}


def _word_likeness(matcher: difflib.SequenceMatcher[str], wanted: str, word: str) -> float:
    if word == wanted:
        return 1.0
    if len(wanted) > 1 and word.startswith(wanted):
        return PREFIX_LIKENESS
    matcher.set_seq1(word)
    return matcher.ratio() if matcher.quick_ratio() >= LEAST_LIKENESS else 0.0
