"""On which line of a CSV file a row begins."""

from __future__ import annotations

import pytest

from services.feeds.csv_lines import lines_of_rows


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a,b\n1,2\n3,4\n", {1: 1, 2: 2, 3: 3}),
        (b"\xef\xbb\xbfa,b\r\n\r\n1,2\r\n\r\n3,4", {1: 1, 2: 3, 3: 5}),
        (b'a,b\n"one\nname",2\n3,4\n', {1: 1, 2: 2, 3: 4}),
        (b"a,b\n   \n1,\0\xff\n", {1: 1, 2: 2, 3: 3}),
        (b"a,b\n1,2\n", {1: 1, 2: 2}),
        (b"", {}),
    ],
)
def test_blank_lines_are_not_rows_and_a_quoted_value_may_have_several_lines(
    content: bytes, lines: dict[int, int]
) -> None:
    assert lines_of_rows(content, {1, 2, 3}) == lines
