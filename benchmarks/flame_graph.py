"""Samples of call stacks, as a table of CPU seconds by function and as a flame graph in SVG."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.reports.svg import escaped

WIDTH, ROW, LEAST_PX = 1200.0, 17, 0.4
MOST_FUNCTIONS = 40
LINE = re.compile(r":\d+\)$")
PLACE = re.compile(r"(?<=\()[^()]*/(?:site-packages|lib/python3\.\d+)/")
COLOURS = ("#e8a33d", "#e07b39", "#d9623b", "#ecc15c")


@dataclass(frozen=True, slots=True)
class SampledStack:
    """A call stack, outermost function first, and in how many samples it was found."""

    functions: tuple[str, ...]
    samples: int


def read_stacks(path: Path, *, within: str = "") -> Sequence[SampledStack]:
    """Read stacks in the collapsed format (`a;b;c 12`), without line numbers.

    With `within` only those that contain this function. Raises ValueError if there are none.
    """
    stacks = []
    for text in path.read_text(encoding="utf-8").splitlines():
        functions, _, samples = text.rpartition(" ")
        named = (PLACE.sub("", LINE.sub(")", function)) for function in functions.split(";"))
        stacks.append(SampledStack(tuple(named), int(samples)))
    stacks = [stack for stack in stacks if not within or within in stack.functions]
    if not stacks:
        raise ValueError(f"no samples{' within ' * bool(within)}{within}: the program ended too soon")
    return stacks


def table(stacks: Sequence[SampledStack], rate_hz: int) -> Iterator[str]:
    """Yield lines of CPU seconds by function: in it alone, and with what it calls, by the former."""
    alone: Counter[str] = Counter()
    with_calls: Counter[str] = Counter()
    for stack in stacks:
        alone[stack.functions[-1]] += stack.samples
        with_calls.update(dict.fromkeys(stack.functions, stack.samples))
    total = sum(stack.samples for stack in stacks)
    yield f"{total / rate_hz:.2f} CPU seconds"
    yield f"{'alone':>8} {'share':>6} {'with calls':>10} {'share':>6}  function"
    for function, samples in alone.most_common(MOST_FUNCTIONS):
        called = with_calls[function]
        alone_cells = f"{samples / rate_hz:7.2f}s {samples / total:6.1%}"
        yield f"{alone_cells} {called / rate_hz:9.2f}s {called / total:6.1%}  {function}"


@dataclass(slots=True)
class Node:
    """A function called from a certain stack: its samples, and what it calls there."""

    samples: int = 0
    calls: dict[str, Node] = field(default_factory=dict)


def tree(stacks: Iterable[SampledStack]) -> Node:
    """The stacks as a tree below a node for all."""
    root = Node()
    for stack in stacks:
        node = root
        node.samples += stack.samples
        for function in stack.functions:
            node = node.calls.setdefault(function, Node())
            node.samples += stack.samples
    return root


def flame_graph(stacks: Sequence[SampledStack], title: str) -> str:
    """Draw a bar for each function, as wide as its samples, below the one that called it.

    Functions are in the order of their names, since the order of samples means nothing. A browser shows a
    bar's whole name and share under the pointer.
    """
    root = tree(stacks)
    height = (max(len(stack.functions) for stack in stacks) + 2) * ROW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f'<text x="4" y="12">{escaped(title)}</text>',
        *_bars(root, 0.0, 1, root.samples),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bars(node: Node, left: float, depth: int, total: int) -> Iterator[str]:
    """Yield the bars of what `node` calls, and of all below. Narrower ones than `LEAST_PX` are left out."""
    for function, called in sorted(node.calls.items()):
        wide = called.samples / total * WIDTH
        if wide >= LEAST_PX:
            top, said = depth * ROW, escaped(f"{function}: {called.samples / total:.1%}")
            shown = escaped(function[: int(wide / 6)]) if wide > 30 else ""
            colour = COLOURS[sum(function.encode()) % len(COLOURS)]
            size = f'width="{wide:.1f}" height="{ROW - 1}" fill="{colour}"'
            label = f'<text x="{left + 3:.1f}" y="{top + 12}">{shown}</text>'
            yield f'<g><title>{said}</title><rect x="{left:.1f}" y="{top}" {size}/>{label}</g>'
            yield from _bars(called, left, depth + 1, total)
        left += wide
