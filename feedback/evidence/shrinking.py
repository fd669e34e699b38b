"""Smaller inputs of a function, made from one that is known: for showing a mistake on the least that shows it."""

from collections.abc import Iterator
from typing import Any

Args = tuple[Any, ...]


def smaller(args: Args) -> Iterator[Args]:
    """The arguments with one of them a step smaller, largest steps first. Plain JSON in, plain JSON out."""
    for at, value in enumerate(args):
        for less in _less(value):
            yield (*args[:at], less, *args[at + 1 :])


def size(args: Args) -> tuple[int, int]:
    """By what the smallest input is chosen: how many parts there are, then how long it is to write."""
    return sum(map(_parts, args)), len(repr(args))


def _less(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            return
        case int():
            yield from dict.fromkeys(n for n in (0, 1, value // 2, value - 1, value + 1) if n != value)
        case float():
            yield from dict.fromkeys(n for n in (0.0, 1.0, float(round(value))) if n != value)
        # Half a text is rarely one that a task speaks of: only the list that holds it gets shorter.
        case list():
            yield from _shorter(value)
            yield from _inside(value)
        case dict():
            for key in value:
                yield {k: v for k, v in value.items() if k != key}


def _shorter(value: list[Any]) -> Iterator[list[Any]]:
    length = len(value)
    if not length:
        return
    yield value[:0]
    if length > 2:
        yield value[: length // 2]
        yield value[length // 2 :]
    if length > 1:
        yield from (value[:at] + value[at + 1 :] for at in range(length))


def _inside(values: list[Any]) -> Iterator[list[Any]]:
    for at, value in enumerate(values):
        if not isinstance(value, int | float):
            yield from ([*values[:at], less, *values[at + 1 :]] for less in _less(value))


def _parts(value: Any) -> int:
    match value:
        case str():
            return 1 + len(value)
        case list():
            return 1 + sum(map(_parts, value))
        case dict():
            return 1 + sum(map(_parts, value.values()))
    return 1
