from collections.abc import Callable, Sequence

from pydantic import JsonValue

from feedback.prompts.channel import harmless
from services.contracts.finding import Finding
from services.contracts.notebook import Place

MAX_FACTS = 12
MAX_MESSAGE = 500


def facts(findings: Sequence[Finding], redacted: Callable[[str], str]) -> list[dict[str, JsonValue]]:
    """Findings as a prompt that a learner's words come from may hold them, most consequential first.

    Their rule-based message only: what the evidence itself says may quote hidden expectations. A message quotes what
    the learner's own code or data said: `redacted` (`Redactor.text`) takes out of it what identifies somebody.
    """
    return [_fact(finding, redacted) for finding in findings[:MAX_FACTS]]


def _fact(finding: Finding, redacted: Callable[[str], str]) -> dict[str, JsonValue]:
    fact: dict[str, JsonValue] = {
        "id": harmless(finding.id, 80),
        "kind": finding.kind,
        "severity": finding.severity,
        "message": harmless(redacted(finding.message), MAX_MESSAGE),
    }
    aspect = finding.evidence[0].aspect if finding.evidence else None
    if aspect is not None:
        fact["aspect"] = harmless(aspect, 80)
    if finding.place is not None:
        fact["place"] = _place(finding.place)
    return fact


def _place(place: Place) -> dict[str, JsonValue]:
    lines = [line for line in (place.line, place.end_line) if line is not None]
    return {"cell": harmless(place.cell, 80)} | ({"lines": [min(lines), max(lines)]} if lines else {})
