"""The functions on arrays, which are lists in DuckDB, and on time series as arrays of points."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.casts import cast
from services.timestream_local.sql.functions.signatures import Call, L, V, check_count
from services.timestream_local.sql.typed_sql import Typed, coerced, coercible, common_type
from services.timestream_local.types import ArrayType, Field, Kind, RowType, TimeSeriesType, Type, physical

LONGEST_REPEAT = 10_000


def array(items: Sequence[Typed]) -> Typed:
    """`ARRAY[…]` of these items."""
    kind = common_type((item.type for item in items), "ARRAY")
    listed = ", ".join(coerced(item, kind).sql for item in items)
    whole = ArrayType(kind)
    return Typed(f"CAST([{listed}] AS {physical(whole)})", whole)


def row(items: Sequence[Typed]) -> Typed:
    """`ROW(…)` of these items; its fields have no names."""
    listed = ", ".join(f"'f{n}': {item.sql}" for n, item in enumerate(items, 1))
    kind = RowType(tuple(Field(None, item.type) for item in items))
    return Typed(f"CAST({{{listed}}} AS {physical(kind)})", kind)


def subscript(whole: Typed, place: Typed) -> Typed:
    """`whole[place]`, counted from one: an error outside of an array."""
    if isinstance(whole.type, RowType):
        return _field(whole, place)
    element, index = element_of("[]", whole), _whole_number("[]", place)
    beyond = _error(
        f"'Array subscript must be between 1 and ' || len({whole.sql}) || ', not ' || {index}", element
    )
    return Typed(
        f"(CASE WHEN {index} BETWEEN 1 AND len({whole.sql}) THEN list_extract({whole.sql}, {index}) "
        f"WHEN {whole.sql} IS NULL OR {index} IS NULL THEN NULL ELSE {beyond} END)",
        element,
    )


def _field(whole: Typed, place: Typed) -> Typed:
    fields = whole.type.fields if isinstance(whole.type, RowType) else ()
    if not isinstance(place.value, int) or not 1 <= place.value <= len(fields):
        raise ValidationException(f"A row's subscript must be a literal between 1 and {len(fields)}")
    return Typed(f"struct_extract({whole.sql}, 'f{place.value}')", fields[place.value - 1].type)


def element_of(name: str, whole: Typed) -> Kind:
    """The type of an array's elements, or of a series' points. Raises `ValidationException` for others."""
    if isinstance(whole.type, ArrayType):
        return whole.type.element
    if isinstance(whole.type, TimeSeriesType):
        return whole.type.point
    if whole.type is Type.UNKNOWN:
        return Type.UNKNOWN
    raise ValidationException(f"Unexpected parameters for function {name}: {whole.type.label}, not an array")


def _whole_number(name: str, typed: Typed) -> str:
    if not coercible(typed.type, L):
        raise ValidationException(f"Unexpected parameters for function {name}: {typed.type.label}")
    return coerced(typed, L).sql


def _error(message: str, kind: Kind) -> str:
    return f"CAST(ts_error({message}) AS {physical(kind)})"


def _cardinality(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 1)
    element_of(name, arguments[0])
    return Typed(f"CAST(len({arguments[0].sql}) AS BIGINT)", L)


def _element_at(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    element, index = element_of(name, arguments[0]), _whole_number(name, arguments[1])
    zero = _error("'SQL array indices start at 1'", element)
    return Typed(f"(CASE WHEN {index} = 0 THEN {zero} ELSE {arguments[0].sql}[{index}] END)", element)


def _alike(name: str, arguments: Sequence[Typed]) -> tuple[list[str], ArrayType]:
    """Arrays as SQL, coerced to one type."""
    kind = common_type((each.type for each in arguments), name)
    if kind is Type.UNKNOWN:
        kind = ArrayType(kind)
    if not isinstance(kind, ArrayType):
        raise ValidationException(f"Unexpected parameters for function {name}: {kind.label}, not an array")
    return [coerced(each, kind).sql for each in arguments], kind


def _with_element(name: str, arguments: Sequence[Typed]) -> tuple[str, str, ArrayType]:
    """An array and a value as SQL, the elements and the value of one type."""
    check_count(name, arguments, 2)
    (whole, one), kind = _alike(name, [arguments[0], _single(arguments[1])])
    return whole, f"({one})[1]", kind


def _single(value: Typed) -> Typed:
    return Typed(f"[{value.sql}]", ArrayType(value.type))


def _contains(name: str, arguments: Sequence[Typed]) -> Typed:
    whole, one, _ = _with_element(name, arguments)
    return Typed(
        f"(CASE WHEN {whole} IS NULL OR {one} IS NULL THEN NULL WHEN list_contains({whole}, {one}) THEN true "
        f"WHEN len({whole}) > list_count({whole}) THEN NULL ELSE false END)",
        Type.BOOLEAN,
    )


def _position(name: str, arguments: Sequence[Typed]) -> Typed:
    whole, one, _ = _with_element(name, arguments)
    found = f"COALESCE(list_position({whole}, {one}), 0)"
    return Typed(
        f"(CASE WHEN {whole} IS NULL OR {one} IS NULL THEN NULL ELSE CAST({found} AS BIGINT) END)", L
    )


def _remove(name: str, arguments: Sequence[Typed]) -> Typed:
    whole, one, kind = _with_element(name, arguments)
    kept = f"list_filter({whole}, lambda e: e IS DISTINCT FROM {one})"
    return Typed(f"(CASE WHEN {one} IS NOT NULL THEN {kept} END)", kind)


def _distinct(sql: str) -> str:
    """The SQL of a list without repetitions, in the order of first occurrence; NULL counts as a value."""
    return f"list_filter({sql}, lambda e, i: list_position({sql}, e) = i)"


def _distinct_array(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 1)
    (whole,), kind = _alike(name, arguments)
    return Typed(_distinct(whole), kind)


def _set(condition: str) -> Call:
    """A function of two arrays: the distinct elements of the first for which `condition` holds."""

    def call(name: str, arguments: Sequence[Typed]) -> Typed:
        check_count(name, arguments, 2)
        (first, second), kind = _alike(name, arguments)
        place = f"list_position({second}, e)"
        kept = f"list_filter({_distinct(first)}, lambda e: {place} {condition})"
        return Typed(f"(CASE WHEN {second} IS NOT NULL THEN {kept} END)", kind)

    return call


def _union(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    (first, second), kind = _alike(name, arguments)
    return Typed(_distinct(f"({first} || {second})"), kind)


def _overlap(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    (first, second), _ = _alike(name, arguments)
    return Typed(
        f"(CASE WHEN {first} IS NULL OR {second} IS NULL THEN NULL "
        f"WHEN list_has_any({first}, {second}) THEN true WHEN len({first}) > list_count({first}) "
        f"OR len({second}) > list_count({second}) THEN NULL ELSE false END)",
        Type.BOOLEAN,
    )


def _join(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2, 3)
    element = element_of(name, arguments[0])
    texts = []
    for argument in arguments[1:]:
        if not coercible(argument.type, V):
            raise ValidationException(f"Unexpected parameters for function {name}: {argument.type.label}")
        texts.append(coerced(argument, V).sql)
    written = cast(Typed("e", element), V, trying=False).sql
    if len(texts) > 1:
        written = f"CASE WHEN e IS NULL THEN {texts[1]} ELSE {written} END"
    whole = arguments[0].sql
    joined = f"array_to_string(list_transform({whole}, lambda e: {written}), {texts[0]})"
    # DuckDB joins a list without values to NULL.
    nothing = f"CASE WHEN {whole} IS NOT NULL AND {texts[0]} IS NOT NULL THEN '' END"
    return Typed(f"COALESCE({joined}, {nothing})", V)


def _extreme(function: str) -> Call:
    def call(name: str, arguments: Sequence[Typed]) -> Typed:
        check_count(name, arguments, 1)
        (whole,), kind = _alike(name, arguments)
        found = f"{function}({whole})"
        return Typed(f"(CASE WHEN len({whole}) = list_count({whole}) THEN {found} END)", kind.element)

    return call


def _same_array(sql: str) -> Call:
    """A function of one array that gives an array of its type."""

    def call(name: str, arguments: Sequence[Typed]) -> Typed:
        check_count(name, arguments, 1)
        (whole,), kind = _alike(name, arguments)
        return Typed(sql.replace("{0}", whole), kind)

    return call


def _flatten(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 1)
    (whole,), kind = _alike(name, arguments)
    if not isinstance(kind.element, ArrayType):
        raise ValidationException(f"Unexpected parameters for function {name}: {kind.label}")
    return Typed(f"flatten({whole})", kind.element)


def _repeat(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    count = _whole_number(name, arguments[1])
    kind = ArrayType(arguments[0].type)
    many = _error(f"'count of repeat must be at most {LONGEST_REPEAT}'", kind)
    return Typed(
        f"(CASE WHEN {count} > {LONGEST_REPEAT} THEN {many} "
        f"ELSE CAST(list_transform(range({count}), lambda i: {arguments[0].sql}) AS {physical(kind)}) END)",
        kind,
    )


def _slice(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 3)
    (whole,), kind = _alike(name, arguments[:1])
    start, length = (_whole_number(name, each) for each in arguments[1:])
    first = f"(CASE WHEN {start} < 0 THEN len({whole}) + {start} + 1 ELSE {start} END)"
    zero = _error("'SQL array indices start at 1'", kind)
    negative = _error("'length must be greater than or equal to 0'", kind)
    return Typed(
        f"(CASE WHEN {start} = 0 THEN {zero} WHEN {length} < 0 THEN {negative} "
        f"WHEN {first} < 1 THEN {whole}[1:0] ELSE list_slice({whole}, {first}, {first} + {length} - 1) END)",
        kind,
    )


def _zip(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2, 5)
    kinds = [element_of(name, each) for each in arguments]
    fields = ", ".join(f"'f{n}': z[{n}]" for n in range(1, len(kinds) + 1))
    listed = ", ".join(each.sql for each in arguments)
    kind = ArrayType(RowType(tuple(Field(None, each) for each in kinds)))
    known = " AND ".join(f"{each.sql} IS NOT NULL" for each in arguments)
    return Typed(
        f"(CASE WHEN {known} THEN list_transform(list_zip({listed}), lambda z: {{{fields}}}) END)", kind
    )


def _concatenated(name: str, arguments: Sequence[Typed]) -> Typed:
    """Arrays, and single elements before or after them, as one array."""
    elements = [each.type.element for each in arguments if isinstance(each.type, ArrayType)]
    # `ARRAY[ARRAY[1]] || ARRAY[2]` appends the second array to the first.
    deepest = max(map(_depth, elements)) + 1
    whole = [_depth(each.type) == deepest or each.type is Type.UNKNOWN for each in arguments]
    wrapped = [each if is_array else _single(each) for each, is_array in zip(arguments, whole, strict=True)]
    parts, kind = _alike(name, wrapped)
    return Typed(f"({' || '.join(parts)})", kind)


def _depth(kind: Kind) -> int:
    """How deep arrays are nested in a type."""
    return 1 + _depth(kind.element) if isinstance(kind, ArrayType) else 0


def _has_array(arguments: Sequence[Typed]) -> bool:
    return any(isinstance(each.type, ArrayType) for each in arguments)


def or_array(name: str, other: Call) -> Call:
    """`concat` or `reverse` of arrays, and `other` for anything else."""
    of_array = _concatenated if name == "concat" else _same_array("list_reverse({0})")
    return lambda name, arguments: (of_array if _has_array(arguments) else other)(name, arguments)


SHUFFLED = (
    "list_transform(list_sort(list_transform({0}, lambda e: {'f1': random(), 'f2': e})), lambda p: p.f2)"
)
ARRAYS: dict[str, Callable[[str, Sequence[Typed]], Typed]] = {
    "cardinality": _cardinality,
    "element_at": _element_at,
    "contains": _contains,
    "array_position": _position,
    "array_remove": _remove,
    "array_distinct": _distinct_array,
    "array_except": _set("IS NULL"),
    "array_intersect": _set("IS NOT NULL"),
    "array_union": _union,
    "arrays_overlap": _overlap,
    "array_join": _join,
    "array_max": _extreme("list_max"),
    "array_min": _extreme("list_min"),
    "array_sort": _same_array("list_sort({0}, 'ASC', 'NULLS LAST')"),
    "shuffle": _same_array(SHUFFLED),
    "flatten": _flatten,
    "repeat": _repeat,
    "slice": _slice,
    "zip": _zip,
    "row": lambda _name, arguments: row(arguments),
}
