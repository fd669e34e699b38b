"""What makes a finding of one review the same as one of the next."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from services.contracts.lint import LintFinding

UNIDENTIFIED: Final = ""
"""The id of a finding before `identified` has seen all of them."""
_NUMBERS = re.compile(r"\d+")
_LENGTH = 24
"""Hexadecimal digits of an id: 96 bits."""


def identified(findings: Iterable[LintFinding], sources: Mapping[str, str]) -> list[LintFinding]:
    """The findings, each with the id of its cell, rule, message and flagged lines; `sources` are the cells' texts.

    Line numbers have no part in it, so that a line added above leaves the id as it is. Equal ones are numbered.
    """
    seen = Counter[str]()
    named = []
    for finding in findings:
        base = _identity(finding, sources.get(finding.place.cell, ""))
        named.append(finding.model_copy(update={"id": f"{base}-{seen[base]}"}))
        seen[base] += 1
    return named


def _identity(finding: LintFinding, source: str) -> str:
    first = finding.place.line or 1
    flagged = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")[first - 1 : finding.place.end_line or first]
    parts = (
        finding.place.cell,
        f"{finding.tool}:{finding.rule}",
        _NUMBERS.sub("", finding.message),
        *(line.strip() for line in flagged),
    )
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]
