"""Smaller inputs of a function, made from one that is known: for showing a mistake on the least that shows it."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from feedback.evidence.arguments import Array, Dates, Frame, Series, inner, length, taken, written

Args = tuple[Any, ...]
_CHARS = 24
"""Of a longer text single characters are not taken out, only words and halves."""
_HUGE = 1e15


# Looking for inputs to begin with


def smaller(args: Args) -> Iterator[Args]:
    """The arguments with one of them a step smaller or, of numbers, beside: to find an input that shows something."""
    for at, value in enumerate(args):
        for less in _less(value):
            yield (*args[:at], less, *args[at + 1 :])


def size(args: Args) -> tuple[int, int]:
    """By what the smallest input is chosen: how many parts there are, then how long it is to write."""
    return sum(map(_parts, args)), sum(len(written(value)) for value in args)


def _less(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            return
        case int():
            yield from dict.fromkeys(n for n in (0, 1, value // 2, value - 1, value + 1) if n != value)
        case float():
            if math.isfinite(value):
                yield from dict.fromkeys(n for n in (0.0, 1.0, float(round(value))) if n != value)
        # Half a text is rarely one that a task speaks of: only the list that holds it gets shorter.
        case list():
            yield from _shorter(value)
            yield from _inside(value)
        case tuple() | set() | Array() | Series() | Frame():
            yield from _shorter(value)
        case dict():
            for key in value:
                yield {k: v for k, v in value.items() if k != key}


def _shorter(value: Any) -> Iterator[Any]:
    rows = length(value)
    if not rows:
        return
    yield taken(value, ())
    if rows > 2:
        yield taken(value, range(rows // 2))
        yield taken(value, range(rows // 2, rows))
    if rows > 1:
        yield from (taken(value, [*range(at), *range(at + 1, rows)]) for at in range(rows))


def _inside(values: list[Any]) -> Iterator[list[Any]]:
    for at, value in enumerate(values):
        if not isinstance(value, int | float):
            yield from ([*values[:at], less, *values[at + 1 :]] for less in _less(value))


def _parts(value: Any) -> int:
    match value:
        case str():
            return 1 + len(value)
        case dict():
            return 1 + sum(map(_parts, value.values()))
        case Series(index=Dates()) | Frame(index=Dates()):
            return 2 + sum(map(_parts, inner(value)))
    return 1 + sum(map(_parts, inner(value)))


# Making one smaller that shows it


@dataclass(frozen=True)
class Shown:
    """What of a function's inputs the case itself shows, beside their kinds."""

    empty: frozenset[str] = frozenset()
    """Kinds of which an empty one is shown."""
    zero: bool = False
    """Whether some number is 0."""


def shown_by(inputs: Iterable[Args]) -> Shown:
    """What these inputs show."""
    empty, zero = set[str](), False
    waiting = [value for args in inputs for value in args]
    while waiting:
        value = waiting.pop()
        if _is_empty(value):
            empty.add(type(value).__name__)
        zero = zero or (_is_number(value) and value == 0)
        waiting.extend(inner(value))
    return Shown(frozenset(empty), zero)


def _is_empty(value: Any) -> bool:
    match value:
        case str() | dict():
            return not value
        case list() | tuple() | set() | Array() | Series() | Frame():
            return not length(value)
    return False


Measure = tuple[int, float, int, str]


def measure(args: Args) -> Measure:
    """What gets less with every reduction: parts, then how far numbers are from 0, then the text."""
    text = ", ".join(map(written, args))
    return sum(map(_parts, args)), sum(map(_weight, args)), len(text), text


def _weight(value: Any) -> float:
    if not _is_number(value):
        return float(sum(map(_weight, inner(value))))
    far: float = min(abs(value), _HUGE) if value == value else 0.0
    # A little more for those below 0, and for fractions.
    return far + (0.5 if value < 0 else 0.0) + (0.5 if far != int(far) else 0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def reductions(args: Args, shown: Shown) -> Iterator[Args]:
    """The arguments with one of them less in one way. Kinds stay, and so does the shape that the case shows.

    Nothing becomes empty or 0 that is not shown so, no number changes its sign. Dictionaries and tuples within others
    are records: they keep their keys and their length. Labels, columns, rows, elements, words and characters go:
    much at once first, then less and less.
    """
    now = measure(args)
    # One of each argument in turn: a long first one must not keep the others waiting.
    for row in zip_longest(*(_with_one_less(args, at, shown) for at in range(len(args)))):
        yield from (one for one in row if one is not None and measure(one) < now)


def _with_one_less(args: Args, at: int, shown: Shown) -> Iterator[Args]:
    for less in _reduced(args[at], shown, within=False):
        yield (*args[:at], less, *args[at + 1 :])


def _reduced(value: Any, shown: Shown, *, within: bool) -> Iterator[Any]:
    match value:
        case bool():
            return
        case int() | float():
            yield from _nearer(value, shown)
        case str():
            yield from _fewer_words(value, shown)
        case tuple() if within:
            yield from _with_less_inside(value, shown)
        case list() | tuple() | set() | Array() | Series() | Frame():
            yield from _fewer_rows(value, shown)
            yield from _fewer_columns(value)
            yield from _ranked(value, shown)
            yield from _with_less_inside(value, shown)
        case dict():
            if not within:
                yield from _fewer_entries(value, shown)
            yield from _with_less_inside(value, shown)


def _nearer(number: int | float, shown: Shown) -> Iterator[int | float]:
    """Towards 0, or towards 1 or -1 where no 0 is shown; never to the other side."""
    if number != number or math.isinf(number):
        return
    kind, side = type(number), -1 if number < 0 else 1
    whole = int(abs(number))
    for near in (0, 1, whole // 2, whole, whole - 1):
        if near > 0 or (near == 0 and shown.zero):
            yield kind(near * side)


def _fewer_words(text: str, shown: Shown) -> Iterator[str]:
    found: list[str] = [""]
    words = text.split()
    half = len(text) // 2
    found += [text[:half], text[half:], text.strip()]
    if len(words) > 1:
        found += [" ".join(words), *(" ".join([*words[:at], *words[at + 1 :]]) for at in range(len(words)))]
    if len(text) <= _CHARS:
        found += [text[:at] + text[at + 1 :] for at in range(len(text))]
    for less in dict.fromkeys(found):
        # White space alone is a kind of empty, too.
        if less.strip() or "str" in shown.empty or (less and not text.strip()):
            yield less


def _fewer_rows(value: Any, shown: Shown) -> Iterator[Any]:
    rows = length(value)
    if isinstance(value, Series | Frame) and value.index is not None:
        yield replace(value, index=None)
    if isinstance(value, Series) and value.name is not None:
        yield replace(value, name=None)
    if rows and type(value).__name__ in shown.empty:
        yield taken(value, ())
    for first, last in _chunks(rows):
        if last - first < rows:
            yield taken(value, [*range(first), *range(last, rows)])


def _chunks(rows: int) -> Iterator[tuple[int, int]]:
    """Halves, quarters …, single ones."""
    width = rows
    while width > 1:
        width = (width + 1) // 2
        yield from ((first, min(first + width, rows)) for first in range(0, rows, width))


def _fewer_columns(value: Any) -> Iterator[Any]:
    match value:
        case Frame(columns=columns) if len(columns) > 1:
            yield from (
                replace(value, columns=[*columns[:at], *columns[at + 1 :]]) for at in reversed(range(len(columns)))
            )
        case Array(items=[list() as first, *_] as rows) if len(first) > 1:
            yield from (
                replace(value, items=[[*row[:at], *row[at + 1 :]] for row in rows])
                for at in reversed(range(len(first)))
            )


def _ranked(value: Any, shown: Shown) -> Iterator[Any]:
    """All numbers at once by their rank: the least that are in the same order; then each the same."""
    items = value.items if isinstance(value, Array | Series) else value
    if not isinstance(items, list | tuple) or len(items) < 2 or not all(map(_is_number, items)):
        return
    if any(item != item or math.isinf(item) or item < 0 for item in items):
        return
    first = 0 if shown.zero else 1
    ranks = {number: rank for rank, number in enumerate(sorted(set(items)), first)}
    for made in ([type(item)(ranks[item]) for item in items], [type(item)(first) for item in items]):
        yield replace(value, items=made) if isinstance(value, Array | Series) else type(value)(made)


def _fewer_entries(value: dict[Any, Any], shown: Shown) -> Iterator[dict[Any, Any]]:
    pairs = list(value.items())
    if pairs and "dict" in shown.empty:
        yield {}
    for first, last in _chunks(len(pairs)):
        if last - first < len(pairs):
            yield dict([*pairs[:first], *pairs[last:]])


def _with_less_inside(value: Any, shown: Shown) -> Iterator[Any]:
    match value:
        case list() | tuple():
            yield from (type(value)(less) for less in _one_less(value, shown))
        case dict():
            for key, item in value.items():
                yield from ({**value, key: less} for less in _reduced(item, shown, within=True))
        case Array(items=items) | Series(items=items):
            yield from (replace(value, items=less) for less in _one_less(items, shown, rows=isinstance(value, Array)))
        case Frame(columns=columns):
            for at, (name, items) in enumerate(columns):
                for less in _one_less(items, shown):
                    yield replace(value, columns=[*columns[:at], (name, less), *columns[at + 1 :]])


def _one_less(items: Sequence[Any], shown: Shown, *, rows: bool = False) -> Iterator[list[Any]]:
    for at, item in enumerate(items):
        # The rows of an array keep their length.
        row = rows and isinstance(item, list)
        inside = _with_less_inside(item, shown) if row else _reduced(item, shown, within=True)
        yield from ([*items[:at], less, *items[at + 1 :]] for less in inside)
