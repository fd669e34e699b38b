"""Bech32 (BIP 173, without its limit of 90 characters): how age writes keys."""

from collections.abc import Iterable
from typing import Final

_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM: Final = 6
"""Letters at the end."""


def encode(prefix: str, data: bytes) -> str:
    """Write bytes with a prefix (small letters) and a checksum."""
    values = _regrouped(data, 8, 5, padded=True)
    mixed = _polymod([*_expanded(prefix), *values, *(0 for _ in range(_CHECKSUM))]) ^ 1
    checksum = [(mixed >> 5 * (_CHECKSUM - 1 - at)) & 31 for at in range(_CHECKSUM)]
    return f"{prefix}1" + "".join(_LETTERS[value] for value in [*values, *checksum])


def decode(text: str) -> tuple[str, bytes]:
    """Prefix and bytes. Raises ValueError for what was mistyped."""
    if text not in (text.lower(), text.upper()):
        raise ValueError("small and capital letters are mixed")
    prefix, one, rest = text.lower().rpartition("1")
    if not (prefix and one) or len(rest) < _CHECKSUM or not set(rest) <= set(_LETTERS):
        raise ValueError("it has letters that no key has, or too few")
    values = [_LETTERS.index(letter) for letter in rest]
    if _polymod([*_expanded(prefix), *values]) != 1:
        raise ValueError("its checksum is wrong")
    return prefix, bytes(_regrouped(values[:-_CHECKSUM], 5, 8, padded=False))


def _expanded(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for at, factor in enumerate(_GENERATOR):
            check ^= factor if top >> at & 1 else 0
    return check


def _regrouped(values: Iterable[int], width: int, wanted: int, *, padded: bool) -> list[int]:
    """The same bits in groups of another width. Raises ValueError for bits left over that are none."""
    waiting = bits = 0
    groups = []
    for value in values:
        waiting = waiting << width | value
        bits += width
        while bits >= wanted:
            bits -= wanted
            groups.append(waiting >> bits & (1 << wanted) - 1)
        waiting &= (1 << bits) - 1
    if padded and bits:
        groups.append(waiting << wanted - bits & (1 << wanted) - 1)
    elif not padded and (bits >= width or waiting):
        raise ValueError("its end is not a key's")
    return groups
