"""Any object -> a Value."""

import collections
import datetime
import decimal
import fractions
import types
from typing import Any

from .facts import SHORT
from .hashes import NO_HASHES, Hashes, hashes_of_tokens, text_hash
from .libraries import library
from .models import is_model, model_value
from .plain import clean, integer, is_numpy_scalar, number, plain, token, type_name
from .tables import array_value, frame_value, index_value, is_index, sequence_facts, series_value

MAX_TEXT = 2_000
MAX_DEPTH = 4
MAX_MODELS = 3
MAX_NODES = 5_000
MAX_TOKENS = 200_000
_DICT_TYPES = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)
_SCALARS: dict[type, tuple[str, str]] = {
    datetime.datetime: ("datetime.datetime", "time"),
    datetime.date: ("datetime.date", "time"),
    datetime.time: ("datetime.time", "time"),
    datetime.timedelta: ("datetime.timedelta", "duration"),
    decimal.Decimal: ("decimal.Decimal", "float"),
    fractions.Fraction: ("fractions.Fraction", "float"),
}


class _Spent(Exception):
    """The budget for hashing one value is used up."""


class Observer:
    """Describes one object as a Value; `seed` chooses the positions of samples. Bounded in depth and size."""

    def __init__(self, seed: int) -> None:
        self._seed, self._nodes, self._tokens = seed, 0, 0

    def value(self, obj: Any, depth: int = 0, models: int = 0) -> dict[str, Any]:
        """The Value of `obj`."""
        self._nodes += 1
        kind = type(obj)
        if kind in (list, tuple):
            return self._sequence(obj, kind, depth, models)
        if kind in (set, frozenset):
            return self._set(obj, kind, depth, models)
        if kind in _DICT_TYPES:
            return self._dict(obj, kind, depth, models)
        simple = _scalar(obj, kind) or self._library(obj, kind)
        if simple is not None:
            return simple
        if is_model(obj):
            return self._model(obj, depth, models)
        return _code(obj, kind) or _other(obj, kind)

    def _library(self, obj: Any, kind: type) -> dict[str, Any] | None:
        numpy, pandas = library("numpy"), library("pandas")
        if numpy is not None and kind is numpy.ndarray:
            return array_value(obj, self._seed)
        if pandas is None:
            return None
        if kind is pandas.DataFrame:
            return frame_value(obj, self._seed)
        if kind is pandas.Series:
            return series_value(obj, self._seed)
        if is_index(obj):
            return index_value(obj, self._seed)
        return None

    def _model(self, obj: Any, depth: int, models: int) -> dict[str, Any]:
        if models >= MAX_MODELS or self._nodes > MAX_NODES:
            return _other(obj, type(obj))
        return model_value(obj, lambda field: self.value(field, max(depth, 1), models + 1))

    def _sequence(self, obj: Any, kind: type, depth: int, models: int) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": kind.__name__, "length": len(obj), "hash": self._hashes(obj, ordered=True)}
        if self._deeper(depth):
            found["items"] = [self.value(item, depth + 1, models) for item in obj[:SHORT]]
        facts = sequence_facts(list(obj), self._seed)
        if facts is not None:
            found["facts"] = facts
        return found

    def _set(self, obj: Any, kind: type, depth: int, models: int) -> dict[str, Any]:
        items = sorted(obj, key=lambda item: (type_name(type(item)), token(item, coarse=False) or "", _sort(item)))
        found: dict[str, Any] = {"kind": kind.__name__, "length": len(items)}
        found["hash"] = self._hashes(items, ordered=False)
        if self._deeper(depth):
            found["items"] = [self.value(item, depth + 1, models) for item in items[:SHORT]]
        return found

    def _dict(self, obj: Any, kind: type, depth: int, models: int) -> dict[str, Any]:
        pairs = list(dict.items(obj))
        found: dict[str, Any] = {"kind": "dict", "length": len(pairs), "keys": [plain(k) for k, _ in pairs[:SHORT]]}
        if kind is not dict:
            found["type"] = kind.__name__
        found["hash"] = self._hashes(pairs, ordered=True)
        if self._deeper(depth):
            found["items"] = [[plain(k), self.value(v, depth + 1, models)] for k, v in pairs[:SHORT]]
        return found

    def _deeper(self, depth: int) -> bool:
        return depth < MAX_DEPTH and self._nodes < MAX_NODES

    def _hashes(self, items: Any, *, ordered: bool) -> Hashes:
        try:
            fine = [self._token(item, coarse=False, depth=0) for item in items]
            coarse = [self._token(item, coarse=True, depth=0) for item in items]
        except _Spent:
            return NO_HASHES
        found = hashes_of_tokens(fine, coarse)
        return found if ordered else {"ordered": found["unordered"], "unordered": found["unordered"]}

    def _token(self, obj: Any, *, coarse: bool, depth: int) -> str:
        """Text equal for equal objects, nested ones included. Raises _Spent where there is none."""
        self._tokens += 1
        if depth > 20 or self._tokens > MAX_TOKENS * 2:
            raise _Spent
        kind = type(obj)
        if kind in (list, tuple):
            return f"{kind.__name__}[" + "\x1f".join(self._token(v, coarse=coarse, depth=depth + 1) for v in obj) + "]"
        if kind in (set, frozenset):
            return "set[" + "\x1f".join(sorted(self._token(v, coarse=coarse, depth=depth + 1) for v in obj)) + "]"
        if kind in _DICT_TYPES:
            pairs = [self._token(pair, coarse=coarse, depth=depth + 1) for pair in dict.items(obj)]
            return "dict[" + "\x1f".join(sorted(pairs)) + "]"
        said = token(obj, coarse=coarse)
        return said if said is not None else self._library_token(obj, kind, coarse=coarse)

    def _library_token(self, obj: Any, kind: type, *, coarse: bool) -> str:
        described = self._library(obj, kind)
        if described is None:
            raise _Spent
        digest = described.get("pairs", described["hash"])["ordered"][1 if coarse else 0]
        if digest is None:
            raise _Spent
        return f"{described['kind']}{described.get('shape', '')}{digest}"


def observed(obj: Any, seed: int) -> dict[str, Any]:
    """The Value of `obj`; one that breaks its own library's functions is `other`."""
    return described(Observer(seed), obj)


def described(observer: Observer, obj: Any) -> dict[str, Any]:
    """What the observer says of `obj`; `other` where that breaks."""
    try:
        return observer.value(obj)
    except Exception:
        return _other(obj, type(obj))


def _home(kind: type) -> str:
    home = type.__dict__["__module__"].__get__(kind)
    return clean(home, 200) if type(home) is str else ""


def _sort(item: Any) -> float:
    return float(item) if type(item) in (int, float) else 0.0


def _scalar(obj: Any, kind: type) -> dict[str, Any] | None:
    if obj is None:
        return _as_scalar("NoneType", "none", None)
    if kind is bool:
        return _as_scalar("bool", "bool", obj)
    if kind is int:
        return _as_scalar("int", "int", integer(obj))
    if kind is float:
        return _as_scalar("float", "float", number(obj))
    if kind is complex:
        return _as_scalar("complex", "complex", {"t": [number(obj.real), number(obj.imag)]})
    if kind is str:
        return _text("str", obj)
    if kind is bytes:
        return {**_text("bytes", obj[: MAX_TEXT // 2].hex()), "length": len(obj), "hash": text_hash(obj)}
    if kind in _SCALARS:
        name, family = _SCALARS[kind]
        found = _as_scalar(name, family, plain(obj))
        return {**found, "text": clean(str(obj), 200)} if family == "float" else found
    return _numpy_scalar(obj, kind) or _pandas_scalar(obj, kind)


def _as_scalar(name: str, family: str, value: Any) -> dict[str, Any]:
    return {"kind": "scalar", "type": name, "family": family, "value": value}


def _text(name: str, text: str) -> dict[str, Any]:
    return {
        "kind": "text", "type": name, "length": len(text), "hash": text_hash(text), "value": clean(text, MAX_TEXT),
    }  # fmt: skip


def _numpy_scalar(obj: Any, kind: type) -> dict[str, Any] | None:
    numpy = library("numpy")
    if not is_numpy_scalar(obj):
        return None
    if isinstance(obj, numpy.str_):
        return _text("numpy.str_", str(obj))
    families = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex", "M": "time", "m": "duration"}
    family = families.get(obj.dtype.kind)
    if family is None:
        return None
    name = f"numpy.{kind.__name__}"
    if family in ("time", "duration"):
        missing = bool(numpy.isnat(obj))
        return _as_scalar(name, "none" if missing else family, None if missing else str(obj))
    described = _scalar(obj.item(), type(obj.item()))
    return None if described is None else _as_scalar(name, family, described["value"])


def _pandas_scalar(obj: Any, kind: type) -> dict[str, Any] | None:
    pandas = library("pandas")
    if pandas is None:
        return None
    if obj is pandas.NaT:
        return _as_scalar("pandas.NaT", "none", None)
    if obj is pandas.NA:
        return _as_scalar("pandas.NA", "none", None)
    families = {pandas.Timestamp: "time", pandas.Timedelta: "duration", pandas.Period: "time"}
    return _as_scalar(f"pandas.{kind.__name__}", families[kind], plain(obj)) if kind in families else None


def _code(obj: Any, kind: type) -> dict[str, Any] | None:
    if kind is types.ModuleType:
        return {"kind": "module", "name": clean(str(vars(obj).get("__name__", "")), 200)}
    if kind is types.FunctionType:
        code = obj.__code__
        positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
        return {
            "kind": "function",
            "name": clean(obj.__name__, 200),
            "args": list(code.co_varnames[:positional]),
            "defaults": len(obj.__defaults__ or ()),
            "keyword_only": list(code.co_varnames[positional : positional + keyword_only]),
            "varargs": bool(code.co_flags & 0x04),
            "varkw": bool(code.co_flags & 0x08),
        }
    if kind is types.BuiltinFunctionType:
        return {"kind": "function", "name": obj.__name__, "args": None}
    return None


def _other(obj: Any, kind: type) -> dict[str, Any]:
    if kind is type:
        return {"kind": "other", "type": "type", "class": clean(type_name(obj), 80), "module": _home(obj)}
    bases = type.__dict__["__mro__"].__get__(kind)[1:4]
    return {
        "kind": "other",
        "type": clean(type_name(kind), 80),
        "module": _home(kind),
        "bases": [clean(type_name(base), 80) for base in bases],
    }
