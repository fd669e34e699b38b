"""What a text says in another code: base64 and its kin, hexadecimal, character numbers, escapes, hidden characters."""

import base64
import binascii
import html
import re
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import unquote

MAX_DECODED = 20_000
"""Characters decoded from one text in all; what asks for more is not an honest answer."""
_LEAST_READABLE = 0.85
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{4,}={0,2}(?:\s{1,3}[A-Za-z0-9+/_-]{4,}={0,2})*")
_BASE85 = re.compile(r"[!-~]{20,}")
_HEX = re.compile(r"(?:(?:0x|\\x|%|\b|(?<=[0-9a-fA-F]{2}))[0-9a-fA-F]{2}[\s,:;-]{0,2}){10,}")
_NUMBERS = re.compile(r"(?:\b\d{2,3}\b[\s,;.-]{1,3}){9,}\d{2,3}\b")
_BITS = re.compile(r"(?:[01]{7,8}[\s,]{0,2}){8,}")
_ESCAPES = re.compile(r"(?:\\u\{?[0-9a-fA-F]{2,6}\}?|\\U[0-9a-fA-F]{8}|\\[0-7]{3}|U\+[0-9a-fA-F]{4,5}\s?){6,}")
_ONE_ESCAPE = re.compile(r"\\u\{?([0-9a-fA-F]{2,6})\}?|\\U([0-9a-fA-F]{8})|\\([0-7]{3})|U\+([0-9a-fA-F]{4,5})")
_LEAST_BASE64 = 16
_LEAST_FOUND = 8


class TooMuch(Exception):
    """More was encoded than an honest text holds."""


def decoded(text: str, raw: str) -> Iterator[str]:
    """Every readable text that the given one carries in another code; raises TooMuch.

    `text` is plain (`normalise.plain`), `raw` the same as it came: what cannot be seen is in that one only.
    """
    left = MAX_DECODED
    for decode in (*_DECODERS, _hidden):
        for found in decode(raw if decode is _hidden else text):
            if len(found) >= _LEAST_FOUND and _readable(found):
                left -= len(found)
                if left < 0:
                    raise TooMuch
                yield found


def _readable(text: str) -> bool:
    good = sum((c.isprintable() and c != "\ufffd") or c in "\n\t\r" for c in text)
    return good >= _LEAST_READABLE * len(text)


def _text(raw: bytes) -> str:
    if raw[:2] == b"\x1f\x8b" or raw[:1] == b"\x78":
        try:
            raw = zlib.decompressobj(47).decompress(raw, MAX_DECODED)
        except zlib.error:
            return ""
    return raw.decode("utf-8", "replace").replace("\0", "")


def _base64(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        # Words in a row look like base64 in several lines; each is tried alone, then all together.
        blocks = match[0].split()
        candidates = [
            block for block in blocks if len(block) > 40 or (len(block) >= _LEAST_BASE64 and not block.isalpha())
        ]
        if len(blocks) > 1 and all(len(block) >= _LEAST_BASE64 for block in blocks[:-1]):
            candidates = ["".join(blocks)]
        for block in candidates:
            yield from in_base64(block.rstrip("="))


def in_base64(block: str) -> Iterator[str]:
    """What one block says as base64, URL-safe or not, or as base32. `block`: without the signs that fill it up."""
    plain = block.translate(str.maketrans("-_", "+/"))[: MAX_DECODED * 2]
    for start in range(1 if len(plain) % 4 != 1 else 2):
        part = plain[start:]
        try:
            yield _text(base64.b64decode(part + "=" * (-len(part) % 4)))
        except (binascii.Error, ValueError):
            continue
    if re.fullmatch(r"[A-Z2-7]{16,}", plain):
        try:
            yield _text(base64.b32decode(plain + "=" * (-len(plain) % 8)))
        except (binascii.Error, ValueError):
            return


def _base85(text: str) -> Iterator[str]:
    for match in _BASE85.finditer(text):
        for decode in (base64.b85decode, base64.a85decode):
            try:
                yield _text(decode(match[0][: MAX_DECODED * 2]))
            except (ValueError, OverflowError):
                continue


def _hexadecimal(text: str) -> Iterator[str]:
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", match[0])
        yield _text(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _character_numbers(text: str) -> Iterator[str]:
    for match in _NUMBERS.finditer(text):
        yield "".join(chr(int(part)) for part in re.findall(r"\d+", match[0]))
    for match in _BITS.finditer(text):
        yield "".join(chr(int(part, 2)) for part in re.findall(r"[01]{7,8}", match[0]))


def _escapes(text: str) -> Iterator[str]:
    for match in _ESCAPES.finditer(text):
        yield "".join(_escaped(one) for one in _ONE_ESCAPE.finditer(match[0]))


def _escaped(match: re.Match[str]) -> str:
    code = int(match[3], 8) if match[3] else int(match[1] or match[2] or match[4], 16)
    return chr(code) if code < 0x110000 else ""


def _entities(text: str) -> Iterator[str]:
    if text.count("&") >= 3 and text.count(";") >= 3:
        yield html.unescape(text)[:MAX_DECODED]
    if text.count("%") >= 4:
        yield unquote(text)[:MAX_DECODED]
    if text.count("\\n") >= 1 and text.count('\\"') >= 1:
        yield text.replace("\\n", "\n").replace('\\"', '"')[:MAX_DECODED]


def _hidden(text: str) -> Iterator[str]:
    """Characters that nobody sees: tags stand for ASCII, variation selectors for bytes."""
    if text.isascii():
        return
    yield "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) <= 0xE007E)
    selected = [_selected(ord(c)) for c in text]
    yield _text(bytes(byte for byte in selected if byte is not None))


def _selected(code: int) -> int | None:
    if 0xFE00 <= code <= 0xFE0F:
        return code - 0xFE00
    return code - 0xE0100 + 16 if 0xE0100 <= code <= 0xE01EF else None


_DECODERS: tuple[Callable[[str], Iterator[str]], ...] = (
    _base64,
    _hexadecimal,
    _character_numbers,
    _escapes,
    _entities,
    _base85,
)
