"""Undo what a learner's code did to the functions that checks rely on."""

import builtins
import gc
import importlib
import sys
import types
import warnings
from collections.abc import Iterable, Mapping
from itertools import chain, product
from operator import attrgetter, is_, itemgetter
from typing import Any

from . import memory

_STANDARD = (
    "ast", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "csv", "datetime", "decimal",
    "fractions", "functools", "importlib", "inspect", "io", "itertools", "json", "marshal", "math", "numbers",
    "operator", "os", "pathlib", "random", "re", "signal", "socket", "statistics", "string", "struct", "sys", "time",
    "traceback", "types", "typing", "unittest", "warnings",
)  # fmt: skip
_OF_LIBRARIES = (
    "numpy.testing", "numpy._core", "numpy.linalg", "numpy.lib", "pandas.testing", "pandas._testing", "pandas.api",
    "pandas.core.dtypes", "pandas.core.frame", "pandas.core.series", "pandas.core.generic", "pandas.core.base",
    "pandas.core.arraylike", "pandas.core.indexes", "pandas.core.indexing", "sklearn.metrics",
    "sklearn.utils.validation", "sklearn.base",
)  # fmt: skip
_WATCHED = ("builtins", *_STANDARD, *_OF_LIBRARIES)
"""Modules, with everything below them, whose names are put back; `numpy` and `pandas` themselves by name only."""
_EXACT = ("numpy", "pandas", "IPython", "IPython.display")
_LEFT_ALONE = frozenset({"sys.modules", "sys.stdout", "sys.stderr", "sys.stdin", "sys.__stdout__", "sys.__stderr__"})
_CLASS_NOISE = frozenset({"__dict__", "__weakref__", "__doc__", "__abstractmethods__", "_abc_impl"})
_ABSENT = object()


def load_what_checks_use() -> None:
    """Import what checks rely on: only what was loaded before a learner's code can be put back."""
    for name in _STANDARD:
        importlib.import_module(name)
    for library, module in (("numpy", "numpy.testing"), ("pandas", "pandas.testing"), ("sklearn", "sklearn.metrics")):
        if library in sys.modules:
            importlib.import_module(module)


class Pristine:
    """What the watched modules, their classes and their functions' code were like before any learner's code."""

    def __init__(self) -> None:
        self._loaded = dict(sys.modules)
        self._imported = _Names(self._loaded)
        self._modules = [(m, _Names(_names(m))) for name, m in self._loaded.items() if _watched(name)]
        own = {id(v): v for _, names in self._modules for v in names.saved.values() if isinstance(v, type)}
        self._classes = [(kind, _Names(_attributes(kind))) for kind in own.values() if kind.__flags__ & (1 << 9)]
        # Nearly all stay as they are: only the others are looked at.
        self._of_modules = memory.Versions([_own_dictionary(module) for module, _ in self._modules])
        self._of_classes = memory.Versions([_dictionary(kind) for kind, _ in self._classes])
        self._all_modules = sys.modules
        self._of_all_modules = memory.Versions([sys.modules])
        self._code = _Code({id(f): f for f in self._functions()}.values())
        search: tuple[list[Any], ...] = (sys.path, sys.meta_path, sys.path_hooks)
        self._paths = [(found, list(found)) for found in search]
        self._filters = list(warnings.filters)

    def _functions(self) -> list[types.FunctionType]:
        named = [v for _, names in self._modules for v in names.saved.values()]
        wrapped = [getattr(v, "_implementation", None) for v in named if type(v).__name__.endswith("Dispatcher")]
        methods = [v for _, names in self._classes for v in names.saved.values()]
        return [v for v in (*named, *wrapped, *methods) if type(v) is types.FunctionType]

    def restore(self) -> bool:
        """Put everything back; whether anything was otherwise. Runs after the learner's code has ended."""
        changed = False
        for module, names in map(self._modules.__getitem__, self._of_modules.changed()):
            if not names.hold_in(vars(module)) or (module is builtins and len(vars(module)) != len(names.saved)):
                _restore_module(module, names.saved)
                changed = True
        may_differ = sys.modules is not self._all_modules or self._of_all_modules.changed()
        if may_differ and not self._imported.hold_in(sys.modules):
            sys.modules.update(self._loaded)
            changed = True
        for kind, names in map(self._classes.__getitem__, self._of_classes.changed()):
            if not (_without_noise(vars(kind)) == len(names.saved) and names.hold_in(vars(kind))):
                _restore_class(kind, names.saved)
                changed = True
        changed = self._code.restore() or changed
        for found, saved in (*self._paths, (warnings.filters, self._filters)):
            if len(found) != len(saved) or not all(map(is_, found, saved)):
                found[:] = saved  # type: ignore[index]
                changed = True
        return changed

    def loaded(self, name: object) -> types.ModuleType | None:
        """The module that had this name before any learner's code."""
        return self._loaded.get(name) if type(name) is str else None

    def module(self, name: str) -> types.ModuleType | None:
        """The real module of that name, imported now if it was not loaded before; None when there is none."""
        if name in self._loaded:
            return self._loaded[name]
        try:
            return importlib.import_module(name)
        except ImportError:
            return None


class _Names:
    """What stood under some names. Nearly always all of it still does: that is found out without a Python loop."""

    def __init__(self, saved: dict[str, Any]) -> None:
        self.saved = saved
        # The first name once more: of one name alone `itemgetter` makes no tuple.
        self._values = (*saved.values(), *list(saved.values())[:1])
        self._get = itemgetter(*saved, next(iter(saved))) if saved else None

    def hold_in(self, current: Mapping[str, Any]) -> bool:
        """Whether each name still stands for the same object."""
        try:
            return self._get is None or all(map(is_, self._get(current), self._values))
        except KeyError:
            return False


class _Code:
    """What many functions do, and their defaults."""

    _ATTRIBUTES = ("__code__", "__defaults__", "__kwdefaults__")

    def __init__(self, functions: Iterable[types.FunctionType]) -> None:
        self._functions = tuple(functions)
        self._values = tuple(chain.from_iterable(map(attrgetter(*self._ATTRIBUTES), self._functions)))
        self._referents = tuple(gc.get_referents(*self._functions))
        self._fields = memory.fields(self._functions)

    def restore(self) -> bool:
        """Whether any was otherwise. Written only where it differs: every write copies a page of memory."""
        if self._fields is not None and self._fields.hold():
            return False
        # All that the functions refer to at once: Python reports each look at one of these attributes to audit hooks,
        # which takes four times as long.
        referents = gc.get_referents(*self._functions)
        if len(referents) == len(self._referents) and all(map(is_, referents, self._referents)):
            return False
        changed = False
        pairs = product(self._functions, self._ATTRIBUTES)
        for (function, attribute), value in zip(pairs, self._values, strict=True):
            if getattr(function, attribute) is not value:
                setattr(function, attribute, value)
                changed = True
        return changed


def _watched(name: str) -> bool:
    return name in _EXACT or any(name == top or name.startswith(top + ".") for top in _WATCHED)


def _own_dictionary(module: object) -> object:
    """Its names; None for what is no module, and could be given others as a whole."""
    return vars(module) if isinstance(module, types.ModuleType) else None


def _dictionary(kind: type) -> object:
    """The dictionary itself of which `vars` shows a view."""
    return next(iter(gc.get_referents(vars(kind))), None)


def _attributes(kind: type) -> dict[str, Any]:
    return {name: value for name, value in vars(kind).items() if name not in _CLASS_NOISE}


def _names(module: types.ModuleType) -> dict[str, Any]:
    return {name: v for name, v in vars(module).items() if f"{module.__name__}.{name}" not in _LEFT_ALONE}


def _without_noise(current: Mapping[str, Any]) -> int:
    """How many names besides those that come and go by themselves."""
    return len(current) - sum(map(current.__contains__, _CLASS_NOISE))


def _restore_module(module: types.ModuleType, names: dict[str, Any]) -> None:
    current = vars(module)
    for name, value in names.items():
        if current.get(name, _ABSENT) is not value:
            current[name] = value
    if module is builtins:
        for name in current.keys() - names.keys():
            del current[name]


def _restore_class(kind: type, attributes: dict[str, Any]) -> None:
    current = dict(vars(kind))
    for name, value in attributes.items():
        if current.get(name, _ABSENT) is not value:
            type.__setattr__(kind, name, value)
    for name in current.keys() - attributes.keys() - _CLASS_NOISE:
        type.__delattr__(kind, name)
