"""Whether one copy of the learner's process may work on several checks, one after the other.

In a copy of its own a check cannot be answered by what another one has called. Where a check calls nothing but
libraries, on values that are Python's, NumPy's or pandas' own, nothing of the learner's runs; and the next one is given
to the same copy only when the values and what checks rely on are as they were.
"""

import abc
import types
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from .observe.known import all_known, content_of
from .observe.plain import type_name
from .pristine import Pristine

_MOST = 30_000
"""Elements of one value; to compare more takes longer than a copy."""


class Basis(NamedTuple):
    """What a check rests on: names in the learner's namespace, and names that stand for modules whatever is there."""

    names: Sequence[str]
    modules: Mapping[str, str]


class Shared:
    """What checks rest on that run nothing of the learner's, as it is now."""

    def __init__(self, checks: Sequence[Basis], namespace: Mapping[str, Any], pristine: Pristine) -> None:
        names = {name for check in checks for name in check.names}.intersection(namespace)
        values = {name: namespace[name] for name in names if not _is_of_a_library(namespace[name], pristine)}
        foreign = {name for name, value in values.items() if not all_known([value], code=False, most=_MOST)}
        self.fit = [_rests_on_others(check, foreign, pristine) for check in checks]
        """Of each check, whether it does."""
        self._values = [value for name, value in values.items() if name not in foreign]
        self._content = content_of(self._values) if sum(self.fit) > 1 else None

    def is_as_before(self) -> bool:
        """Whether nothing in the values has changed."""
        now = content_of(self._values)
        return self._content is not None and now is not None and self._content.is_that_of(now)


def _rests_on_others(check: Basis, foreign: Set[str], pristine: Pristine) -> bool:
    modules = {name: module for name, module in check.modules.items() if name in check.names}
    found = foreign & (set(check.names) - modules.keys())
    return not found and all(map(pristine.loaded, modules.values()))


def _is_of_a_library(value: Any, pristine: Pristine) -> bool:
    """Whether it is a module, a function or a class, and stands where it says that it does."""
    kind = type(value)
    if kind is types.ModuleType:
        return pristine.loaded(vars(value).get("__name__")) is value
    if kind in (types.FunctionType, types.BuiltinFunctionType):
        return _stands_in(value.__module__, value.__name__, value, pristine)
    if kind in (type, abc.ABCMeta):
        return _stands_in(vars(value).get("__module__"), type_name(value), value, pristine)
    return False


def _stands_in(module: Any, name: Any, value: Any, pristine: Pristine) -> bool:
    # In `__main__` everything is the learner's. A name of another class could do anything when it is looked up.
    if type(name) is not str or type(module) is not str or module == "__main__":
        return False
    home = pristine.loaded(module)
    return home is not None and vars(home).get(name) is value
