from collections.abc import Sequence

from pydantic import JsonValue

from feedback.prompts.channel import harmless
from services.contracts.finding import Finding
from services.contracts.notebook import Place

MAX_FACTS = 12
MAX_MESSAGE = 500


def facts(findings: Sequence[Finding]) -> list[dict[str, JsonValue]]:
    """Findings as a prompt that a learner's words come from may hold them, most consequential first.

    Their rule-based message only: what the evidence itself says may quote hidden expectations.
    """
    return [_fact(finding) for finding in findings[:MAX_FACTS]]


def _fact(finding: Finding) -> dict[str, JsonValue]:
    fact: dict[str, JsonValue] = {
        "id": harmless(finding.id, 80),
        "kind": finding.kind,
        "severity": finding.severity,
        "message": harmless(finding.message, MAX_MESSAGE),
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
