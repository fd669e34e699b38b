"""Undo what a learner's code did to the functions that checks rely on."""

import builtins
import importlib
import sys
import types
import warnings
from typing import Any

_STANDARD = (
    "ast", "bisect", "collections", "contextlib", "copy", "csv", "datetime", "decimal", "fractions", "functools",
    "importlib", "inspect", "io", "itertools", "json", "math", "numbers", "operator", "os", "pathlib", "random", "re",
    "signal", "socket", "statistics", "string", "struct", "sys", "time", "traceback", "types", "typing", "unittest",
    "warnings",
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
        self._modules = [(module, dict(vars(module))) for name, module in self._loaded.items() if _watched(name)]
        own = {id(v): v for _, names in self._modules for v in names.values() if isinstance(v, type)}
        self._classes = [(kind, _attributes(kind)) for kind in own.values() if kind.__flags__ & (1 << 9)]
        functions = {id(f): f for f in self._functions()}
        self._code = [(f, f.__code__, f.__defaults__, f.__kwdefaults__) for f in functions.values()]
        search: tuple[list[Any], ...] = (sys.path, sys.meta_path, sys.path_hooks)
        self._paths = [(found, list(found)) for found in search]
        self._filters = list(warnings.filters)

    def _functions(self) -> list[types.FunctionType]:
        named = [v for _, names in self._modules for v in names.values()]
        wrapped = [getattr(v, "_implementation", None) for v in named if type(v).__name__.endswith("Dispatcher")]
        methods = [v for _, names in self._classes for v in names.values()]
        return [v for v in (*named, *wrapped, *methods) if type(v) is types.FunctionType]

    def restore(self) -> None:
        """Put everything back. Runs in a fork after the learner's code has ended."""
        for module, names in self._modules:
            _restore_module(module, names)
        sys.modules.update(self._loaded)
        for kind, attributes in self._classes:
            _restore_class(kind, attributes)
        for function, code, defaults, keyword_defaults in self._code:
            # Written only where they differ: every write copies a page of memory.
            if function.__code__ is not code:
                function.__code__ = code
            if function.__defaults__ is not defaults:
                function.__defaults__ = defaults
            if function.__kwdefaults__ is not keyword_defaults:
                function.__kwdefaults__ = keyword_defaults
        for found, saved in self._paths:
            found[:] = saved
        warnings.filters[:] = self._filters  # type: ignore[index]

    def module(self, name: str) -> types.ModuleType | None:
        """The real module of that name, imported now if it was not loaded before; None when there is none."""
        if name in self._loaded:
            return self._loaded[name]
        try:
            return importlib.import_module(name)
        except ImportError:
            return None


def _watched(name: str) -> bool:
    return name in _EXACT or any(name == top or name.startswith(top + ".") for top in _WATCHED)


def _attributes(kind: type) -> dict[str, Any]:
    return {name: value for name, value in vars(kind).items() if name not in _CLASS_NOISE}


def _restore_module(module: types.ModuleType, names: dict[str, Any]) -> None:
    current = vars(module)
    for name, value in names.items():
        if current.get(name, _ABSENT) is not value and f"{module.__name__}.{name}" not in _LEFT_ALONE:
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
