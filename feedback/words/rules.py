from collections.abc import Sequence

from feedback.findings.places import short
from feedback.findings.voice import one_line
from feedback.words.port import Draft, Worded
from services.contracts.feedback import CheckResult, LocalizedWarning, Verdict
from services.contracts.finding import Finding

MAX_WARNING = 120
MAX_REMARK = 600
_CASE = "This step cannot be judged: something is wrong with the case itself, not with your work. Nothing was counted."
_PLATFORM = "This could not be checked: something broke on our side, not in your work. Nothing was counted; try again."
_HEADLINES = {
    "incomplete": "The code did not come to its end.",
    "exception": "The code stops before this step is done.",
    "notebook": "Nothing is written in this step yet.",
    "missing": "Something that this step asks for does not exist yet.",
}


class RuleWords:
    """Words made by rules: always there, always the same, and nothing in them that the findings do not say."""

    async def write(self, draft: Draft) -> Worded:
        """Word the draft from its findings."""
        warnings: dict[str, LocalizedWarning] = {}
        remarks: dict[str, None] = {}
        for finding in draft.findings:
            if finding.place is not None and finding.place.line is not None:
                warning = _warning(finding)
                warnings.setdefault(warning.message, warning)
            else:
                remarks.setdefault(one_line(finding.message, MAX_REMARK))
        unsaid = tuple(remark for remark in remarks if remark not in warnings)
        return Worded(headline(draft), tuple(warnings.values()), unsaid, "rules")


def _warning(finding: Finding) -> LocalizedWarning:
    assert finding.place is not None
    message = one_line(finding.message, MAX_WARNING)
    return LocalizedWarning(place=short(finding.place), message=message, finding=finding.id)


def headline(draft: Draft) -> str:
    """One sentence on how it went."""
    if draft.verdict is Verdict.APPROVED:
        return "This step is right."
    if draft.verdict is Verdict.COULD_NOT_JUDGE:
        return _CASE if draft.fault == "case" else _PLATFORM
    first = draft.findings[0] if draft.findings else None
    if first is not None and first.kind == "notebook" and first.evidence[0].aspect == "missing":
        return "The answer cell of this step is missing."
    if first is not None and first.evidence[0].subject == "NotImplementedError" and first.kind == "exception":
        return _HEADLINES["notebook"]
    return _HEADLINES.get(first.kind if first else "", "") or _counted(draft.checks)


def _counted(checks: Sequence[CheckResult]) -> str:
    open_, total = sum(not check.passed for check in checks), len(checks)
    if not open_:
        return "The checks hold, but the result is not yet what this step leads to."
    do = "does" if open_ == 1 else "do"
    return f"{open_} of {total} checks {do} not hold yet." if total > 1 else "The check does not hold yet."
