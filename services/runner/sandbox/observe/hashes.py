"""Hashes over all elements, in an order-sensitive and an order-insensitive form, each fine and coarse."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .libraries import library
from .plain import COARSE_BITS, COARSE_OFFSET, FINE_BITS, FINE_OFFSET, MAX_SAFE_INTEGER, token

Hashes = dict[str, list[str | None]]
NO_HASHES: Hashes = {"ordered": [None, None], "unordered": [None, None]}

_MISSING, _BOOL, _TIME, _DURATION = 0x9E3779B97F4A7C15, 0xB001, 0x713E0000, 0xD04A0000
_FLOAT = 0xF10A7_0000_0000
_LANES = (0x5EED_0001, 0xC0FF_EE02)


class Elements(NamedTuple):
    """One 64-bit number for each element, equal for equal elements; floats cut finely and coarsely."""

    fine: Any
    coarse: Any


def text_hash(data: bytes | str) -> str:
    """24 hexadecimal characters over these bytes."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return hashlib.blake2b(raw, digest_size=12).hexdigest()


def hashes_of_tokens(fine: list[str], coarse: list[str]) -> Hashes:
    """Hashes over text tokens, for containers of plain Python values."""

    def joined(tokens: Iterable[str]) -> str:
        return text_hash("\x00".join(tokens))

    return {
        "ordered": [joined(fine), joined(coarse)],
        "unordered": [joined(sorted(fine)), joined(sorted(coarse))],
    }


def hashes(elements: Elements | None) -> Hashes:
    """Hashes over numpy elements."""
    if elements is None:
        return {key: list(value) for key, value in NO_HASHES.items()}
    same = elements.fine is elements.coarse

    def both(digest: Callable[[Any], str]) -> list[str | None]:
        first = digest(elements.fine)
        return [first, first if same else digest(elements.coarse)]

    return {"ordered": both(_in_order), "unordered": both(_in_any_order)}


def _in_order(numbers: Any) -> str:
    return text_hash(len(numbers).to_bytes(8, "little") + numbers.tobytes())


def _in_any_order(numbers: Any) -> str:
    """Two sums modulo 2**64 over scrambled numbers: twenty times cheaper than sorting them."""
    numpy = library("numpy")
    sums = [int(mix(numbers ^ numpy.uint64(salt)).sum(dtype="uint64")) for salt in _LANES]
    return text_hash(f"{len(numbers)} {sums}")


def mix(numbers: Any) -> Any:
    """Scramble uint64 numbers (the finaliser of splitmix64), so that sums of them tell rows apart."""
    numpy = library("numpy")
    with numpy.errstate(over="ignore"):
        x = numbers + numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return x ^ (x >> numpy.uint64(31))


def combine(parts: list[tuple[int, Elements]]) -> Elements:
    """One number a row from its columns, given as (salt, elements); the order of the columns does not matter."""
    numpy = library("numpy")

    def summed(which: int) -> Any:
        total = numpy.zeros(len(parts[0][1][0]), dtype="uint64")
        for salt, column in parts:
            total += mix(column[which] ^ numpy.uint64(salt))
        return total

    fine = summed(0)
    return Elements(fine, fine if all(c.fine is c.coarse for _, c in parts) else summed(1))


def elements_of(array: Any) -> Elements | None:
    """Elements of a one-dimensional numpy array, or None when it holds something that cannot be compared."""
    kind = array.dtype.kind
    if kind == "f":
        return _floats(array)
    if kind == "c":
        parts = [_floats(array.real), _floats(array.imag)]
        return combine(list(enumerate(parts, start=1)))
    numpy = library("numpy")
    if kind == "b":
        exact = mix(array.astype("uint64") ^ numpy.uint64(_BOOL))
    elif kind in "iu":
        exact = _integers(array)
    elif kind in "mM":
        exact = _times(array)
    else:
        return _objects(array)
    return Elements(exact, exact)


def _integers(array: Any) -> Any:
    return mix(array.astype("int64" if array.dtype.kind != "u" else "uint64").view("uint64"))


def _floats(array: Any) -> Elements:
    numpy = library("numpy")
    values = array.astype("float64") + 0.0
    missing = numpy.isnan(values)
    with numpy.errstate(invalid="ignore"):
        whole = (numpy.abs(values) <= MAX_SAFE_INTEGER) & (values == numpy.rint(values))
    wholes = _integers(numpy.where(whole, values, 0.0).astype("int64"))
    if bool((whole | missing).all()):
        exact = numpy.where(missing, numpy.uint64(_MISSING), wholes)
        return Elements(exact, exact)

    def cut(bits: int, offset: int) -> Any:
        grid = (values.view("uint64") + numpy.uint64(offset)) >> numpy.uint64(52 - bits)
        return numpy.where(missing, numpy.uint64(_MISSING), numpy.where(whole, wholes, mix(grid ^ _salt(bits))))

    def _salt(bits: int) -> Any:
        return numpy.uint64(_FLOAT + bits)

    return Elements(cut(FINE_BITS, FINE_OFFSET), cut(COARSE_BITS, COARSE_OFFSET))


def _times(array: Any) -> Any:
    numpy = library("numpy")
    name, salt = ("datetime64", _TIME) if array.dtype.kind == "M" else ("timedelta64", _DURATION)
    exact = mix(array.astype(f"{name}[us]").view("int64").view("uint64") ^ numpy.uint64(salt))
    return numpy.where(numpy.isnat(array), numpy.uint64(_MISSING), exact)


def _objects(array: Any) -> Elements | None:
    pandas = library("pandas")
    values = array.astype(object)
    if pandas is not None:
        kind = pandas.api.types.infer_dtype(values, skipna=True)
        if kind in ("string", "empty"):
            return _texts(values)
        if kind in ("integer", "floating", "mixed-integer-float"):
            try:
                return _floats(values.astype("float64"))
            except (TypeError, ValueError, OverflowError):
                pass
    return _tokens(values)


def _texts(values: Any) -> Elements:
    numpy, pandas = library("numpy"), library("pandas")
    exact = pandas.util.hash_array(values, categorize=False)
    exact = numpy.where(pandas.isna(values), numpy.uint64(_MISSING), exact)
    return Elements(exact, exact)


def _tokens(values: Any) -> Elements | None:
    numpy = library("numpy")

    def hashed(*, coarse: bool) -> Any:
        tokens = [token(v, coarse=coarse) for v in values.tolist()]
        if None in tokens:
            return None
        return numpy.array([_number(str(t)) for t in tokens], dtype="uint64")

    fine = hashed(coarse=False)
    return None if fine is None else Elements(fine, hashed(coarse=True))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def name_salt(name: Any) -> int:
    """A number for a column's name."""
    return _number(token(name, coarse=False) or "?")
