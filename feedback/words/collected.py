from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from feedback.findings.places import short
from feedback.findings.voice import one_line
from feedback.words.answer import MAX_MESSAGE, MAX_REMARK_WORDS
from feedback.words.ground import stems
from feedback.words.rules import MAX_REMARK
from services.contracts.feedback import Feedback, LocalizedWarning
from services.contracts.finding import Finding
from services.contracts.words import MAX_REMARKS, MAX_WARNINGS, Words

_ALIKE: Final = 0.8
"""Share of the longer words that two sentences have in common when they say the same."""
_LONGEST_REMARK: Final = 1_000
_LONGEST_HEADLINE: Final = 400


def words_of(feedback: Feedback) -> Words:
    """The words that a feedback has, as far as they can be told."""
    return Words(
        headline=one_line(feedback.headline, _LONGEST_HEADLINE),
        warnings=feedback.warnings[:MAX_WARNINGS],
        remarks=tuple(one_line(remark, _LONGEST_REMARK) for remark in feedback.remarks[:MAX_REMARKS]),
        words_by=feedback.words_by,
    )


@dataclass
class Collected:
    """Sentences of a model that may be shown, and where they belong."""

    feedback: Feedback
    findings: Sequence[Finding]
    """Those that the model was told of."""
    said: list[str] = field(default_factory=list)
    """All of it, in the order it was said."""
    truncated: bool = False
    _of: dict[str, list[str]] = field(default_factory=dict)
    _remarks: list[list[str]] = field(default_factory=list)
    _words: int = 0

    def room_for_warning(self, finding: str, sentence: str) -> bool:
        """Whether the finding's message stays short enough with it."""
        return len(" ".join([*self._of.get(finding, ()), sentence])) <= MAX_MESSAGE

    def room_for_remark(self, sentence: str) -> bool:
        """Whether all remarks together stay short enough with it."""
        fits = self._words + len(sentence.split()) <= MAX_REMARK_WORDS
        self.truncated |= not fits
        return fits

    def repeats(self, sentence: str) -> bool:
        """Whether this was said already."""
        return any(_alike(sentence, earlier) for earlier in self.said)

    def warn(self, finding: str, sentence: str) -> None:
        """Add to the message of a finding."""
        self._of.setdefault(finding, []).append(sentence)
        self.said.append(sentence)

    def begin_remark(self) -> None:
        """What is remarked next is a remark of its own."""
        self._remarks.append([])

    def remark(self, sentence: str) -> None:
        """Add to the newest remark."""
        self._remarks[-1].append(sentence)
        self._words += len(sentence.split())
        self.said.append(sentence)

    def words(self) -> Words:
        """All of it, with the rules' words for findings of which the model said nothing that could be shown.

        The headline stays: it says what the check decided.
        """
        warnings, remarks = [], []
        for finding in self.feedback.findings:
            own, rules = " ".join(self._of.get(finding.id, ())), self._rules(finding)
            if finding.place is not None and finding.place.line is not None:
                place = rules.place if rules else short(finding.place)
                if own or rules:
                    message = own or (rules.message if rules else "")
                    warnings.append(LocalizedWarning(place=place, message=message, finding=finding.id))
            else:
                remarks.append(own or one_line(finding.message, MAX_REMARK))
        remarks += [" ".join(remark) for remark in self._remarks if remark]
        told = {warning.message for warning in warnings}
        return words_of(self.feedback).model_copy(
            update={
                "warnings": tuple(warnings[:MAX_WARNINGS]),
                "remarks": tuple(dict.fromkeys(r[:_LONGEST_REMARK] for r in remarks if r not in told))[:MAX_REMARKS],
                "words_by": "model",
                "truncated": self.truncated,
            }
        )

    def _rules(self, finding: Finding) -> LocalizedWarning | None:
        return next((warning for warning in self.feedback.warnings if warning.finding == finding.id), None)


def _alike(one: str, other: str) -> bool:
    if " ".join(one.casefold().split()).rstrip(".!… ") == " ".join(other.casefold().split()).rstrip(".!… "):
        return True
    mine, theirs = stems(one), stems(other)
    return len(mine) >= 3 and len(mine & theirs) >= _ALIKE * max(len(mine), len(theirs))
