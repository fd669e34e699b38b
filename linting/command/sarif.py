"""Reports as SARIF 2.1.0, the format that code hosts and editors read (OASIS, 27 March 2020)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from linting.command.outcome import Outcome
from services.contracts.lint import LintFinding

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {"error": "error", "warning": "warning", "advice": "note"}


def sarif(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """One run over all files. A file that could not be reviewed, or a missing tool, is a notification."""
    found = [(outcome.path, finding) for outcome in outcomes for finding in outcome.findings]
    rules = {_rule_id(finding): _rule(finding) for _, finding in found}
    position = {rule: number for number, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "caseloop", "rules": list(rules.values())}},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(outcomes)],
                "results": [_result(path, finding, position[_rule_id(finding)]) for path, finding in found],
            }
        ],
    }


def _invocation(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    notes = [note for outcome in outcomes for note in _notes(outcome)]
    return {"executionSuccessful": not notes, "toolExecutionNotifications": notes}


def _notes(outcome: Outcome) -> Iterator[dict[str, Any]]:
    for text in (outcome.reason,) if outcome.report is None else outcome.missing:
        place = {"physicalLocation": {"artifactLocation": {"uri": _uri(outcome.path)}}}
        yield {"level": "error", "message": {"text": text}, "locations": [place]}


def _rule_id(finding: LintFinding) -> str:
    return f"{finding.tool}/{finding.rule}"


def _rule(finding: LintFinding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": _rule_id(finding),
        "name": finding.name,
        "shortDescription": {"text": finding.name},
        "fullDescription": {"text": finding.why},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {"category": finding.category},
    }
    return rule | ({"helpUri": finding.url} if finding.url else {})


def _result(path: str, finding: LintFinding, rule: int) -> dict[str, Any]:
    """A notebook's lines are those of a cell, which no region of the file can say: the cell is a logical location."""
    place = finding.place
    location = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(path)}},
        "logicalLocations": [{"name": place.cell, "fullyQualifiedName": f"{path}#{place.cell}", "kind": "module"}],
        "properties": {
            "line": place.line,
            "endLine": place.end_line,
            "column": finding.column,
            "endColumn": finding.end_column,
        },
    }
    return {
        "ruleId": _rule_id(finding),
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.message} ({place.cell}, line {place.line})"},
        "locations": [location],
        "partialFingerprints": {"caseloopFinding/v1": finding.id},
    }


def _uri(path: str) -> str:
    return quote(Path(path).as_posix())
