"""Personal data in a dataset, by patterns that real data has and made-up data seldom: a reason to look, not a proof."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from case_uploader.format.data_files import DataSource
from case_uploader.format.problem import Problems

SCANNED_BYTES: Final = 8 * 1024 * 1024
"""Of each file: whoever is in a table is nearly always near its top, too."""
_BLOCK_BYTES: Final = 1024 * 1024
_SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".log", ".md", ".xml", ".html", ""})
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24})\b", re.IGNORECASE)
_RESERVED = re.compile(r"(^|\.)(example(\.(com|org|net))?|test|invalid|localhost)$", re.IGNORECASE)
"""Names that RFC 2606 keeps for examples: nobody has an address there."""
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\d.,-])(?:\d{4}[ -]){3}\d{4}(?![\d.,-])")
_PHONE = re.compile(r"(?<![\w.+])\+\d{1,3}[ ./-]?\(?\d{2,5}\)?(?:[ ./-]?\d{2,5}){2,4}(?!\w)")
_US_SOCIAL = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")


def find_personal_data(data: Iterable[DataSource], problems: Problems) -> None:
    """Record each kind of personal data in each file, once, with its first line and nothing of what it says."""
    for source in data:
        if source.path.suffix.lower() not in _SUFFIXES:
            continue
        told: dict[str, tuple[int, int]] = {}
        with suppress(OSError):
            for begins, text in _blocks(source.path):
                for kind, at in _found(text):
                    first, count = told.get(kind, (begins + text.count("\n", 0, at), 0))
                    told[kind] = first, count + 1
        for kind, (line, count) in told.items():
            more = f" and {count - 1} more" if count > 1 else ""
            problems.add(
                "personal-data",
                f"line {line}{more}: what looks like {kind}; take it out, or say `fictional_data: true` in case.yaml "
                "when all of it was made up",
                file=source.file.path,
                cell=f"line {line}",
            )


def _blocks(path: Path) -> Iterator[tuple[int, str]]:
    """The number of the first line, and whole lines, a part of the file at a time: a service holds many at once."""
    number, left = 1, SCANNED_BYTES
    with path.open("rb") as stream:
        while left > 0 and (block := stream.read(min(_BLOCK_BYTES, left))):
            left -= len(block)
            rest = stream.readline(min(_BLOCK_BYTES, left)) if left > 0 else b""
            left -= len(rest)
            text = (block + rest).decode("utf-8", "replace")
            yield number, text
            number += text.count("\n")


def _found(text: str) -> Iterator[tuple[str, int]]:
    for match in _EMAIL.finditer(text):
        if not _RESERVED.search(match["domain"]):
            yield "an e-mail address", match.start()
    for match in _IBAN.finditer(text):
        if _is_iban(match[0].replace(" ", "")):
            yield "a bank account (IBAN)", match.start()
    for match in _CARD.finditer(text):
        if _is_card(match[0]):
            yield "a payment card", match.start()
    for match in _PHONE.finditer(text):
        yield "a telephone number", match.start()
    for match in _US_SOCIAL.finditer(text):
        yield "a social security number", match.start()


def _is_iban(text: str) -> bool:
    """ISO 13616: moved and spelled in digits, it is 1 modulo 97."""
    if not 15 <= len(text) <= 34:
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """Luhn's sum (ISO/IEC 7812) is a multiple of ten."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
