"""Damage to the files of a feed, as broken exports and transfers do it, by a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

Raw = dict[str, bytes]


class Dice:
    """Numbers that a seed alone decides."""

    def __init__(self, seed: int) -> None:
        self._seed, self._thrown = seed, 0

    def below(self, most: int) -> int:
        """A number from 0, less than `most`."""
        self._thrown += 1
        digest = hashlib.sha256(f"{self._seed} {self._thrown}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % most

    def choice(self, given: Sequence[T]) -> T:
        """One of some things."""
        return given[self.below(len(given))]


VALUES = (
    b"",
    b"-1",
    b"0",
    b"1",
    b"99999999999",
    b"1e308",
    b"NaN",
    b"99:59:59",
    b"00:00:00",
    b"20260230",
    b"21991231",
    b"19700101",
    b'"',
    "東".encode(),
    b"x" * 300,
    b"R1",
    b"A",
)
PIECES = (b"", b'"', b";", b"9", b"\r", b"-", b"\0", b"\xff", b"99999")
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32")
ENDS = (b"\n", b",,,,\n", b'"', b'"\n"', b"   ", b"\x1a")


def mutated(files: Mapping[str, str | bytes], seed: int) -> Raw:
    """The files with one to three kinds of damage."""
    dice = Dice(seed)
    found = {
        name: content.encode() if isinstance(content, str) else content for name, content in files.items()
    }
    for _ in range(dice.choice((1, 1, 2, 3))):
        if found:
            dice.choice(MUTATIONS)(dice, found, dice.choice(sorted(found)))
    return found


def flip_bytes(dice: Dice, files: Raw, name: str) -> None:
    content = bytearray(files[name])
    for _ in range(1 + dice.below(19) if content else 0):
        content[dice.below(len(content))] = dice.below(256)
    files[name] = bytes(content)


def drop_column(dice: Dice, files: Raw, name: str) -> None:
    column = dice.below(8)
    rows = (line.split(b",") for line in files[name].split(b"\n"))
    files[name] = b"\n".join(b",".join(row[:column] + row[column + 1 :]) for row in rows)


def swap_files(dice: Dice, files: Raw, name: str) -> None:
    other = dice.choice(sorted(files))
    files[name], files[other] = files[other], files[name]


def remove_file(_dice: Dice, files: Raw, name: str) -> None:
    del files[name]


def cut_off(dice: Dice, files: Raw, name: str) -> None:
    files[name] = files[name][: dice.below(len(files[name]) + 1)]


def lose_the_beginning(_dice: Dice, files: Raw, name: str) -> None:
    files[name] = files[name][len(files[name]) // 2 :]


def shuffle_rows(dice: Dice, files: Raw, name: str) -> None:
    rows = files[name].split(b"\n")
    files[name] = b"\n".join(sorted(rows, key=lambda _: dice.below(1 << 30)))


def repeat_rows(_dice: Dice, files: Raw, name: str) -> None:
    header, *rows = files[name].split(b"\n")
    files[name] = b"\n".join([header, *rows * 3])


def replace_pieces(dice: Dice, files: Raw, name: str) -> None:
    old = dice.choice((b",", b"0", b"1", b"\n", b":"))
    files[name] = files[name].replace(old, dice.choice(PIECES), 1 + dice.below(49))


def change_encoding(dice: Dice, files: Raw, name: str) -> None:
    files[name] = files[name].decode("latin-1").encode(dice.choice(ENCODINGS))


def change_value(dice: Dice, files: Raw, name: str) -> None:
    rows = [line.split(b",") for line in files[name].split(b"\n")]
    row = dice.choice(rows)
    row[dice.below(len(row))] = dice.choice(VALUES)
    files[name] = b"\n".join(map(b",".join, rows))


def fill_column(dice: Dice, files: Raw, name: str) -> None:
    header, *rows = (line.split(b",") for line in files[name].split(b"\n") if line or not files[name])
    column, value = dice.below(8), dice.choice(VALUES)
    filled = [[*row[:column], value, *row[column + 1 :]] for row in rows]
    files[name] = b"\n".join(map(b",".join, [header, *filled]))


def mark_and_blank(_dice: Dice, files: Raw, name: str) -> None:
    files[name] = b"\xef\xbb\xbf\n \n" + files[name]


def end_otherwise(dice: Dice, files: Raw, name: str) -> None:
    files[name] += dice.choice(ENDS)


MUTATIONS: tuple[Callable[[Dice, Raw, str], None], ...] = (
    flip_bytes,
    drop_column,
    swap_files,
    remove_file,
    cut_off,
    lose_the_beginning,
    shuffle_rows,
    repeat_rows,
    replace_pieces,
    change_encoding,
    change_value,
    fill_column,
    mark_and_blank,
    end_otherwise,
)
