"""Whether one copy of the learner's process may work on several checks, one after the other.

In a copy of its own a check cannot be answered by what another one has called. Where a check calls nothing but
libraries, and functions of the learner's that can keep nothing, on values that are Python's, NumPy's, pandas' or
scikit-learn's own, there is nothing that a call could leave for the next: and the next check is given to the same copy
only when the values, the interpreter and what checks rely on are as they were.
"""

import abc
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .observe.known import Content, content_of
from .observe.plain import type_name
from .pristine import Pristine
from .questions import interpreter_state
from .reach import names_in

_MOST: Final = 30_000
"""Elements of one value; to compare more takes longer than a copy."""
_ABSENT: Final = object()
_LIBRARIES: Final = frozenset(
    {
        "bisect", "calendar", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions",
        "functools", "heapq", "itertools", "json", "math", "numbers", "numpy", "operator", "pandas", "re", "scipy",
        "sklearn", "statistics", "statsmodels", "string", "textwrap", "typing", "unicodedata",
    }
)  # fmt: skip
"""Those whose functions keep nothing for the next call but options: no figures, files, logs, streams or processes."""


class Basis(NamedTuple):
    """What a check rests on."""

    names: Sequence[str]
    """In the learner's namespace."""
    imports: Sequence[tuple[str, str | None]]
    """Modules that it imports, each with the name that it takes from it, if it does."""
    modules: Mapping[str, str]
    """Names that stand for modules, whatever is there."""


class Shared:
    """What checks rest on that have nothing to leave for each other, as it is now."""

    def __init__(self, checks: Sequence[Basis], namespace: dict[str, Any], pristine: Pristine) -> None:
        self._namespace, self._pristine = namespace, pristine
        names = _Names(namespace, pristine)
        reached = [_reached(check, names, pristine) for check in checks]
        self.fit = [found is not None for found in reached]
        """Of each check, whether it does."""
        of_all = frozenset[str]().union(*(found for found in reached if found is not None))
        self._values = [content for name, content in names.values.items() if name in of_all]
        self._interpreter = interpreter_state()
        self._bound = dict(namespace)

    def undo_names(self) -> None:
        """Take back whatever a check has done to the learner's names."""
        self._namespace.clear()
        self._namespace.update(self._bound)

    def is_as_before(self) -> bool:
        """Whether nothing in the values, the interpreter or what checks rely on has changed."""
        if self._pristine.restore() or interpreter_state() != self._interpreter:
            return False
        return all(content.is_the_same() for content in self._values)


class _Names:
    """What the learner's names stand for."""

    def __init__(self, namespace: dict[str, Any], pristine: Pristine) -> None:
        self._namespace, self._pristine = namespace, pristine
        self._behind: dict[str, frozenset[str] | None] = {}
        self.values: dict[str, Content] = {}
        """Of those looked at that stand for numbers, text, tables, models and the like."""

    def reached(self, names: Iterable[str]) -> frozenset[str] | None:
        """These names, and those that functions find which they stand for; None where there is no telling."""
        found, left = set[str](), set(names)
        while left:
            name = left.pop()
            if name not in self._behind:
                self._behind[name] = self._look(name)
            further = self._behind[name]
            if further is None:
                return None
            found.add(name)
            left |= further - found
        return frozenset(found)

    def _look(self, name: str) -> frozenset[str] | None:
        value = self._namespace.get(name, _ABSENT)
        if value is _ABSENT or _is_of_a_library(value, self._pristine):
            return frozenset()
        if type(value) is types.FunctionType:
            return names_in(value, self._namespace)
        content = content_of(value, most=_MOST)
        if content is None:
            return None
        self.values[name] = content
        return frozenset()


def _reached(check: Basis, names: _Names, pristine: Pristine) -> frozenset[str] | None:
    """The learner's names that it could come upon; None where there is no telling."""
    modules = [module for name, module in check.modules.items() if name in check.names]
    if not all(_is_there(module, None, pristine) for module in modules) or not all(
        _is_there(*found, pristine) for found in check.imports
    ):
        return None
    return names.reached(set(check.names) - check.modules.keys())


def _is_there(module: str, name: str | None, pristine: Pristine) -> bool:
    """Whether an import only finds what was loaded before any learner's code."""
    home = pristine.loaded(module)
    if home is None or not _is_in_one(module):
        return False
    return name is None or _is_of_a_library(vars(home).get(name), pristine)


def _is_of_a_library(value: Any, pristine: Pristine) -> bool:
    """Whether it is a module, a function or a class of one of these, and stands where it says that it does."""
    kind = type(value)
    if kind is types.ModuleType:
        name = vars(value).get("__name__")
        return pristine.loaded(name) is value and _is_in_one(name)
    if kind in (types.FunctionType, types.BuiltinFunctionType):
        return _stands_in(value.__module__, value.__name__, value, pristine)
    if kind in (type, abc.ABCMeta):
        return _stands_in(vars(value).get("__module__"), type_name(value), value, pristine)
    return False


def _stands_in(module: Any, name: Any, value: Any, pristine: Pristine) -> bool:
    # A name of another class could do anything when it is looked up.
    if type(name) is not str or type(module) is not str or not _is_in_one(module):
        return False
    home = pristine.loaded(module)
    return home is not None and vars(home).get(name) is value


def _is_in_one(module: Any) -> bool:
    return type(module) is str and module.partition(".")[0] in _LIBRARIES
