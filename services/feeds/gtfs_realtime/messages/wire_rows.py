"""Protocol buffers' wire format for many messages of a kind at once, as arrays of bytes with a row for each.

The format: protobuf.dev/programming-guides/encoding. Field numbers here are below 16, so a tag is one byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
VARINT, LENGTH_DELIMITED, FIXED_32 = 0, 2, 5


class ByteRows(NamedTuple):
    """Rows of bytes, of which the first `lengths` count."""

    data: NDArray[np.uint8]
    lengths: Ints


def varints(values: Ints) -> ByteRows:
    """Numbers as varints: seven bits a byte, ten bytes for a negative one."""
    left = values.astype(np.int64).view(np.uint64)
    lengths, most = np.ones(len(left), np.int64), int(left.max(initial=0))
    for bits in range(7, max(most.bit_length(), 1), 7):
        lengths += left >= np.uint64(1 << bits)
    data = np.empty((len(left), int(lengths.max(initial=1))), np.uint8, order="F")
    for place in range(data.shape[1]):
        more = np.where(lengths > place + 1, np.uint8(0x80), np.uint8(0))
        data[:, place] = (left >> np.uint64(7 * place)).astype(np.uint8) & 0x7F | more
    return ByteRows(data, lengths)


def number_field(field: int, values: Ints) -> Sequence[ByteRows]:
    """A field with a number in each row."""
    return [_tags(field, VARINT, len(values)), varints(values)]


def float_field(field: int, values: Sequence[float]) -> Sequence[ByteRows]:
    """A field with a number of single precision in each row."""
    data = np.array(values, "<f4").view(np.uint8).reshape(len(values), 4)
    return [_tags(field, FIXED_32, len(values)), ByteRows(data, np.full(len(values), 4, np.int64))]


def message_field(field: int, parts: Sequence[ByteRows]) -> Sequence[ByteRows]:
    """A field with a message in each row, of which `parts` are the fields."""
    lengths = _summed(parts)
    return [_tags(field, LENGTH_DELIMITED, len(lengths)), varints(lengths), *parts]


def only(present: Flags, parts: Sequence[ByteRows]) -> Sequence[ByteRows]:
    """Parts that only some rows have."""
    return [ByteRows(part.data, np.where(present, part.lengths, 0)) for part in parts]


def table(texts: Sequence[bytes]) -> ByteRows:
    """A row for each of some texts, for `taken`."""
    lengths = np.array([len(text) for text in texts], np.int64)
    width = int(lengths.max(initial=1))
    data = np.frombuffer(b"".join(text.ljust(width) for text in texts), np.uint8)
    return ByteRows(data.reshape(len(texts), width), lengths)


def taken(rows: ByteRows, index: Ints) -> ByteRows:
    """Some rows, in the order of their indexes."""
    return ByteRows(rows.data[index], rows.lengths[index])


def joined(parts: Sequence[ByteRows]) -> tuple[bytes, Ints]:
    """The bytes of all rows, each the bytes of its parts, and where each row ends in them."""
    rows, widths = len(parts[0].lengths), [part.data.shape[1] for part in parts]
    data, counts = np.empty((rows, sum(widths)), np.uint8), np.empty((rows, sum(widths)), bool)
    for end, width, part in zip(accumulate(widths), widths, parts, strict=True):
        # By column: an inner loop over all rows costs a fraction of one over a few bytes of each.
        for place in range(width):
            data[:, end - width + place] = part.data[:, place]
            np.greater(part.lengths, place, out=counts[:, end - width + place])
    return data[counts].tobytes(), np.cumsum(_summed(parts))


def _summed(parts: Sequence[ByteRows]) -> Ints:
    """The length of each row: the sum of its parts' lengths."""
    lengths = parts[0].lengths.copy()
    for part in parts[1:]:
        lengths += part.lengths
    return lengths


@lru_cache(4096)
def varint(value: int) -> bytes:
    """One number, at least 0, as a varint."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def delimited(field: int, content: bytes) -> bytes:
    """A field with a message or a text, given as bytes."""
    return bytes([field << 3 | LENGTH_DELIMITED]) + varint(len(content)) + content


def _tags(field: int, kind: int, rows: int) -> ByteRows:
    return ByteRows(np.full((rows, 1), field << 3 | kind, np.uint8), np.ones(rows, np.int64))
