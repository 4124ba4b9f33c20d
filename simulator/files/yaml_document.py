"""A YAML file as plain data with the line of each value.

Untagged scalars are read by YAML 1.2's core schema, which avoids YAML 1.1's traps: `on`, `no`, `12:30` and
`2026-01-01` are text. Numbers that the two versions read differently (0100, 0x50, 1_000) are text, too, and
refused where a number is required.

Refused: more than 50 MB, other encodings than UTF-8, several documents, merge keys and custom tags, a key
twice in a mapping, nesting over 40 deep, over a million values once aliases are followed, aliases to
themselves. The file is read as a stream of events, so that a deeply nested file or an alias bomb costs no
more than these limits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from simulator.files.problems import Faults, InputFileError, Loc, Problem, findings

Model = TypeVar("Model", bound=BaseModel)

MAX_BYTES = 50_000_000
MAX_VALUES = 1_000_000
MAX_DEPTH = 40

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"": None, "~": None} | {
    spelling: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")
_SCALAR = r'"[^"\\]*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|true|false'
_ITEM = re.compile(rf" *- \{{(?:[a-z_]+: (?:{_SCALAR})(?:, (?=[a-z])|(?=\}}$)))+\}}")
"""A list item on a line of its own: a flow mapping of plain keys with quoted texts, numbers and booleans."""
_PAIR = re.compile(rf"([a-z_]+): ({_SCALAR})(?:, |\}}$)")
_WORD = "x"
FEWEST_ITEMS = 1000
"""With fewer, parsing all takes no time to speak of."""
_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")}


class _Block:
    """A list or mapping while it is read: its data, the line of each entry, and the blocks inside it."""

    __slots__ = ("anchor", "data", "inner", "key", "line", "lines", "size")

    def __init__(self, data: list[Any] | dict[str, Any], line: int, anchor: str | None) -> None:
        self.data = data
        self.line = line
        self.anchor = anchor
        self.lines: dict[str | int, int] = {}
        self.inner: dict[str | int, _Block] = {}
        self.key: tuple[str, int] | None = None
        self.size = 1


class Document:
    """A file's data (mappings, lists, text, numbers, booleans, None) and the line of everything in it."""

    def __init__(self, file: str, root: _Block, problems: list[Problem]) -> None:
        self.file = file
        self.data = root.data
        self.problems = problems
        """Problems that didn't stop the reading: repeated keys, unknown tags."""
        self.named_lines: Mapping[int, str] = {}
        """What `place` calls some lines, in a text that nobody wrote as a file."""
        self._root = root

    def in_file(self, loc: Loc) -> Loc:
        """The part of a location that is in the file: steps that validators added are left out."""
        block: _Block | None = self._root
        found: list[str | int] = []
        for step in loc:
            if block is not None and step in block.lines:
                found.append(step)
                block = block.inner.get(step)
        return tuple(found)

    def line(self, loc: Loc) -> int:
        """The line, from 1, of the part of a location that is in the file."""
        block, line = self._root, self._root.line
        for step in self.in_file(loc):
            line, block = block.lines[step], block.inner.get(step, block)
        return line

    def place(self, loc: Loc) -> str:
        """Where a location is, as another problem's message says it."""
        line = self.line(loc)
        return self.named_lines.get(line, f"on line {line} of this file")

    def problem(self, loc: Loc, message: str) -> Problem:
        """A problem at a location."""
        return Problem(self.file, self.line(loc), message)

    def validated(self, loc: Loc, data: Any, model: type[Model], faults: Faults) -> Model | None:
        """The data at `loc` as a model, or None with what is wrong added to `faults`."""

        def in_file(rest: Loc) -> Loc:
            return self.in_file((*loc, *rest))[len(loc) :]

        try:
            return model.model_validate(data)
        except ValidationError as error:
            faults += [((*loc, *rest), message) for rest, message in findings(error, model, in_file)]
            return None


def read_document(path: Path) -> Document:
    """The only document of a YAML file. InputFileError if the file can't be read as one."""
    file = str(path)
    text = _text(path, file)
    return _read_shortened(file, text) or _read(file, text)


def text_document(text: str) -> Document:
    """The only document of a text. InputFileError as for a file."""
    return _read("", text)


def _read(file: str, text: str) -> Document:
    composer = _Composer(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except yaml.YAMLError as error:
        raise InputFileError([*composer.problems, _syntax_problem(file, text, error)]) from error
    if composer.root is None:
        composer.stop(1, "the file is empty or a single value: it must be a mapping of fields")
    return Document(file, composer.root, composer.problems)


def _read_shortened(file: str, text: str) -> Document | None:
    """Read a file of which most lines are small flow mappings, such as those of imported networks.

    Such list items are read by a regular expression, and the YAML parser gets a short word in place of each
    run of them, which takes it a tenth of the time. None, so that all of it is parsed, if there are few, if
    something is wrong, or if a word isn't a list item of its own: then the lines were part of a longer text.
    """
    if _OTHER_BREAKS.search(text) or _FORBIDDEN.search(text):
        return None
    lines = text.split("\n")
    runs = _cut_out(lines)
    if sum(map(len, runs.values())) < FEWEST_ITEMS:
        return None
    composer = _Composer(file, runs)
    try:
        for event in yaml.parse("\n".join(lines), Loader=_LOADER):
            composer.take(event)
    except (yaml.YAMLError, InputFileError):
        return None
    return None if composer.root is None or runs else Document(file, composer.root, composer.problems)


def _cut_out(lines: list[str]) -> dict[int, list[_Block]]:
    """Replace each run of simple list items by a word; return the runs by their first line, from 1."""
    runs: dict[int, list[_Block]] = {}
    run: list[_Block] = []
    indent = ""
    for number, line in enumerate(lines, 1):
        block = _item(line, number)
        if block is None:
            run = []
            continue
        before, indent = indent, line[: line.index("{")]
        # Lines that follow one another at one indent are items of one list.
        continues = run and indent == before
        lines[number - 1] = "" if continues else indent + _WORD
        if not continues:
            run = runs[number] = []
        run.append(block)
    return runs


def _item(line: str, number: int) -> _Block | None:
    """The flow mapping of a list item on a line of its own; None if it isn't a simple one."""
    if not line.endswith("}") or _ITEM.fullmatch(line) is None:
        return None
    pairs = _PAIR.findall(line, line.index("{") + 1)
    block = _Block({key: _value(value) for key, value in pairs}, number, None)
    block.lines, block.size = dict.fromkeys(block.data, number), 1 + len(pairs)
    return block if len(block.data) == len(pairs) else None


def _value(text: str) -> Any:
    return text[1:-1] if text.startswith('"') else _resolved(text)


def _text(path: Path, file: str) -> str:
    try:
        if not path.is_file():
            raise InputFileError([Problem(file, 1, "file not found: check the path")])
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputFileError([Problem(file, 1, f"can't be read: {error.strerror or error}")]) from error
    if len(content) > MAX_BYTES:
        raise InputFileError([Problem(file, 1, "is over 50 MB: split or thin out the network")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputFileError([Problem(file, line, "isn't UTF-8: save the file in UTF-8")]) from error


def _syntax_problem(file: str, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line = min(error.problem_mark.line, max(len(text.splitlines()) - 1, 0))
        content = text.splitlines()[line] if text else ""
        mend = "check quotes, brackets, colons and indentation here and just above"
        if content.startswith("\t") or "\t" in content[: len(content) - len(content.lstrip())]:
            mend = "indent with spaces, not with tabs"
        return Problem(file, line + 1, f"not valid YAML, {error.problem}: {mend}")
    found = _FORBIDDEN.search(text)
    line = text.count("\n", 0, found.start()) + 1 if found else 1
    return Problem(file, line, "not valid YAML, a control character: remove it")


class _Composer:
    """Builds the blocks of one document from a stream of YAML events, within the limits."""

    def __init__(self, file: str, runs: dict[int, list[_Block]] | None = None) -> None:
        """`runs` are list items that are read already, by line; each run is removed when it is added."""
        self.file = file
        self.problems: list[Problem] = []
        self._runs = runs or {}
        self.root: _Block | None = None
        self._open: list[_Block] = []
        self._anchors: dict[str, tuple[Any, _Block | None]] = {}
        self._documents = 0
        self._values = 0

    def take(self, event: Any) -> None:
        """Add the next event of the stream."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._check_tag(event.tag, line)
            data: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._begin(_Block(data, line, event.anchor), line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self.stop(line, "a second document begins here: a file has one, so remove the `---`")

    def stop(self, line: int, message: str) -> NoReturn:
        """Raise InputFileError with this problem and those before it."""
        raise InputFileError([*self.problems, Problem(self.file, line, message)])

    def _note(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.file, line, message))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if (
            line in self._runs
            and event.value == _WORD
            and self._open
            and isinstance(self._open[-1].data, list)
        ):
            for block in self._runs.pop(line):
                self._values += block.size - 1
                self._add(block.data, block.line, block)
            return
        self._check_tag(event.tag, line)
        plain = event.implicit[0] or (event.tag in _CORE_TAGS and not event.tag.endswith(":str"))
        awaits_key = self._open and isinstance(self._open[-1].data, dict) and self._open[-1].key is None
        value = event.value if awaits_key or not plain else _resolved(event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, None)
        self._add(value, line, None)

    def _begin(self, block: _Block, line: int) -> None:
        if len(self._open) >= MAX_DEPTH:
            self.stop(line, f"nested over {MAX_DEPTH} levels deep: reduce the nesting")
        if self._open and isinstance(self._open[-1].data, dict) and self._open[-1].key is None:
            self.stop(line, "a key must be plain text, not a list or mapping")
        if block.anchor is not None:
            self._anchors.pop(block.anchor, None)
        self._open.append(block)

    def _end(self) -> None:
        block = self._open.pop()
        if block.anchor is not None:
            self._anchors[block.anchor] = (block.data, block)
        if self._open:
            self._add(block.data, block.line, block)
        else:
            self.root = block

    def _alias(self, anchor: str | None, line: int) -> None:
        if anchor is None or anchor not in self._anchors:
            self.stop(line, f"`*{anchor}` refers to itself or to no anchor above: write the value itself")
        value, block = self._anchors[anchor]
        self._add(value, line, block)

    def _add(self, value: Any, line: int, block: _Block | None) -> None:
        """Add a value (and its block, for lists and mappings) to the innermost open block."""
        if not self._open:
            return
        top = self._open[-1]
        if isinstance(top.data, list):
            self._put(top, len(top.data), value, line, block)
        elif top.key is None:
            self._set_key(top, value, line)
        else:
            (key, key_line), top.key = top.key, None
            if key == "<<":
                self._note(key_line, "merge keys (`<<`) aren't understood: write the fields out")
            elif key in top.data:
                self._note(key_line, f"`{key}` appears twice (first on line {top.lines[key]}): remove one")
            else:
                self._put(top, key, value, key_line, block)

    def _set_key(self, top: _Block, value: Any, line: int) -> None:
        if not isinstance(value, str):
            self.stop(line, "a key must be plain text")
        top.key = (value, line)

    def _put(self, top: _Block, step: str | int, value: Any, line: int, block: _Block | None) -> None:
        if isinstance(top.data, list):
            top.data.append(value)
        else:
            top.data[str(step)] = value
        top.lines[step] = line
        if block is not None:
            top.inner[step] = block
        # An alias adds the whole block that it repeats, so sizes multiply where aliases nest: this is what
        # stops an alias bomb, since the values themselves are shared and cost nothing.
        top.size += 1 if block is None else block.size
        self._values += 1
        if max(self._values, top.size) > MAX_VALUES:
            self.stop(
                line, f"over {MAX_VALUES:,} values once aliases (`*name`) are expanded: shorten the file"
            )

    def _check_tag(self, tag: str | None, line: int) -> None:
        if tag is not None and tag != "!" and tag not in _CORE_TAGS:
            self._note(line, f"the tag `{tag}` isn't supported: remove it")


def _resolved(text: str) -> Any:
    """The value of an untagged, unquoted scalar by YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "", 1)) if _NOT_FINITE.fullmatch(text) else text
