"""One element as JSON (`Plain`), and as a token to hash."""

import datetime
import decimal
import fractions
import math
import struct
from typing import Any

from .libraries import library

MAX_ELEMENT_TEXT = 200
MAX_SAFE_INTEGER = 2**53
FINE_BITS, COARSE_BITS = 30, 23
"""Bits of a float's mantissa that count in the two hashes."""
FINE_OFFSET, COARSE_OFFSET = 0, 0x0C3A5C85
"""The coarse grid is shifted, so that round numbers do not lie on its edges."""

Plain = Any


def number(value: float) -> Plain:
    """A float; what JSON cannot say as {"f": …}."""
    if math.isnan(value):
        return {"f": "nan"}
    if math.isinf(value):
        return {"f": "inf" if value > 0 else "-inf"}
    return value


def integer(value: int) -> Plain:
    """An int; beyond 2**53 as decimal text, and not said at all when absurdly long: decimals cost time squared."""
    if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value
    if value.bit_length() > 1300:
        return {"o": "int"}
    return {"i": str(value)}


def is_missing(value: Any) -> bool:
    """None, pd.NA, NaT or a float NaN, by type; calls nothing of the value's."""
    if value is None:
        return True
    kind = type(value)
    pandas = library("pandas")
    if pandas is not None and (value is pandas.NA or value is pandas.NaT):
        return True
    numpy = library("numpy")
    if kind is float or (numpy is not None and kind in (numpy.float64, numpy.float32, numpy.float16)):
        return bool(value != value)
    return False


def plain(value: Any) -> Plain:
    """One element of a container or column; missing ones are null."""
    if is_missing(value):
        return None
    kind = type(value)
    if kind is bool:
        return value
    if kind is int:
        return integer(value)
    if kind is float:
        return number(value)
    if kind is str:
        return clean(value, MAX_ELEMENT_TEXT)
    if kind is tuple:
        return {"t": [plain(v) for v in value[:50]]} if len(value) <= 50 else {"o": "tuple"}
    return _library_plain(value, kind)


def is_numpy_scalar(value: Any) -> bool:
    """A scalar of one of NumPy's own classes; a subclass that calls itself so is none."""
    numpy, kind = library("numpy"), type(value)
    # isinstance would ask the value for its __class__.
    return numpy is not None and issubclass(kind, numpy.generic) and vars(numpy).get(type_name(kind)) is kind


def _library_plain(value: Any, kind: type) -> Plain:
    numpy, pandas = library("numpy"), library("pandas")
    if is_numpy_scalar(value):
        if kind is numpy.datetime64 or kind is numpy.timedelta64:
            return str(value)
        if isinstance(value, (numpy.bool_, numpy.integer, numpy.floating, numpy.str_)):
            return plain(value.item())
        return {"o": kind.__name__}
    if pandas is not None and kind in (pandas.Timestamp, pandas.Timedelta):
        return str(value.isoformat())
    if pandas is not None and kind in (pandas.Period, pandas.Interval):
        return str(value)
    if kind in (datetime.datetime, datetime.date, datetime.time):
        return str(value.isoformat())
    if kind is datetime.timedelta:
        return duration(value)
    if kind in (decimal.Decimal, fractions.Fraction):
        return number(float(value))
    return {"o": clean(type_name(kind), 80)}


def duration(value: datetime.timedelta) -> str:
    """ISO 8601 with days and seconds: `P1DT7200.0S`."""
    return f"P{value.days}DT{value.seconds + value.microseconds / 1e6}S"


def type_name(kind: type) -> str:
    """A class's own name; a metaclass cannot interfere."""
    return str(type.__dict__["__name__"].__get__(kind))


def clean(text: str, limit: int) -> str:
    """Cut, and without lone surrogates, which JSON readers refuse."""
    return text[:limit].encode("utf-8", "replace").decode("utf-8")


def float_bits(value: float, bits: int, offset: int) -> int:
    """The float's bits with all but `bits` of the mantissa cut off, on a shifted grid."""
    raw: int
    (raw,) = struct.unpack("<Q", struct.pack("<d", value + 0.0))
    return ((raw + offset) & 0xFFFFFFFFFFFFFFFF) >> (52 - bits)


def token(value: Any, *, coarse: bool) -> str | None:
    """Text that is equal for equal elements: numbers by value, floats cut; None when nothing can be said."""
    said = plain(value)
    if said is None:
        return "~"
    if type(said) is bool:
        return f"b{said}"
    if type(said) is int:
        return f"n{said}"
    if type(said) is float:
        if said == int(said) and abs(said) <= MAX_SAFE_INTEGER:
            return f"n{int(said)}"
        bits, offset = (COARSE_BITS, COARSE_OFFSET) if coarse else (FINE_BITS, FINE_OFFSET)
        return f"f{float_bits(said, bits, offset):x}"
    if type(said) is str:
        return f"s{value}" if type(value) is str else f"v{said}"
    if "t" in said:
        parts = [token(v, coarse=coarse) for v in value]
        return None if None in parts else "(" + "\x1f".join(str(p) for p in parts) + ")"
    return None if "o" in said else f"n{sorted(said.items())}"
