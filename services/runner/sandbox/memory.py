"""Look at objects without touching them.

Python counts a reference for every look. Counting writes, and in a fork each first write to a page copies it: to look
at all functions of pandas in Python costs ten times what it costs to read the same numbers from memory.
"""

import ctypes
from array import array
from collections.abc import Callable, Sequence
from operator import itemgetter
from types import FunctionType

from .observe.libraries import library

_WORD = 8
_BASE = 4096
"""Nothing lies below; and NumPy takes an address of nothing for no memory at all."""
_MEMORY = memoryview((ctypes.c_uint64 * (1 << 45)).from_address(_BASE)).toreadonly().cast("B").cast("Q")
"""All that this process may address, as numbers of eight bytes."""
_VERSION = 3 * _WORD
"""Where CPython 3.11 and 3.12 keep the number that a dictionary gets anew with every change of it."""


class Words:
    """Numbers at these addresses, as they are now. Whoever asks keeps alive what lies there."""

    def __init__(self, addresses: Sequence[int]) -> None:
        self._read = _reader([_place(address) for address in addresses])
        self._then = self._read()

    def hold(self) -> bool:
        """Whether all are as they were."""
        return self._read() == self._then

    def others(self) -> list[int]:
        """Positions of those that are not."""
        now = self._read()
        if now == self._then:
            return []
        pairs = zip(memoryview(self._then).cast("Q"), memoryview(now).cast("Q"), strict=True)
        return [at for at, (before, after) in enumerate(pairs) if before != after]


def _reader(places: list[int]) -> Callable[[], bytes]:
    """Reads the numbers at these places, all at once; twenty times faster with NumPy."""
    numpy = library("numpy")
    if numpy is not None:
        take, indices = numpy.frombuffer(_MEMORY, "uint64").take, numpy.array(places, "int64")
        return lambda: bytes(take(indices).data)
    if not places:
        return bytes
    # The first once more: of one place alone `itemgetter` makes no tuple.
    get = itemgetter(*places, places[0])
    return lambda: array("Q", get(_MEMORY)[:-1]).tobytes()


def _place(address: int) -> int:
    return (address - _BASE) // _WORD


class Versions:
    """Dictionaries, and which of them have been changed since."""

    def __init__(self, dictionaries: Sequence[object]) -> None:
        # Whatever is no plain dictionary counts as changed.
        self._plain = [(at, found) for at, found in enumerate(dictionaries) if type(found) is dict]
        self._others = sorted(set(range(len(dictionaries))) - {at for at, _ in self._plain})
        self._words = Words([id(found) + _VERSION for _, found in self._plain]) if _has_versions() else None

    def changed(self) -> list[int]:
        """Positions of those that have, or may have."""
        if self._words is None:
            return sorted([*self._others, *(at for at, _ in self._plain)])
        return sorted([*self._others, *(self._plain[at][0] for at in self._words.others())])


def fields(functions: Sequence[FunctionType]) -> Words | None:
    """What each does and its defaults, as addresses; None where this Python keeps them in an unknown way."""
    offsets = _offsets()
    if offsets is None:
        return None
    return Words([id(function) + offset for function in functions for offset in offsets])


def _has_versions() -> bool:
    """Tried out: another Python may keep something else there."""
    tried: dict[str, object] = {"kept": 1}

    def version() -> int:
        return _MEMORY[_place(id(tried) + _VERSION)]

    seen = [version(), version()]
    tried["new"] = 1
    seen.append(version())
    tried["new"] = 2
    seen.append(version())
    tried.update(kept=2)
    seen.append(version())
    del tried["new"]
    seen.append(version())
    return seen[0] == seen[1] and len(set(seen[1:])) == len(seen) - 1


def _offsets() -> tuple[int, ...] | None:
    """Where a function keeps its code, defaults and defaults by name: looked for in one of ours."""

    def sample(value: object = (1, 2), *, name: object = ()) -> tuple[object, object]:
        return value, name

    size = FunctionType.__basicsize__ // _WORD
    words = [_MEMORY[_place(id(sample)) + at] for at in range(size)]
    wanted = [id(sample.__code__), id(sample.__defaults__), id(sample.__kwdefaults__)]
    if any(words.count(address) != 1 for address in wanted):
        return None
    return tuple(words.index(address) * _WORD for address in wanted)
