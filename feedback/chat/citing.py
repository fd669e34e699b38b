from collections.abc import Iterable, Sequence

from feedback.chat.intent import words
from services.contracts.chat import Cited, Intent
from services.contracts.finding import Finding

_ABOUT_EVIDENCE: frozenset[Intent] = frozenset({"debug", "status", "strategy", "reflection", "general"})
_SHARED = 0.3
"""Share of a finding's own words that an answer must hold to be about it."""
_SAYS_NOTHING = 3


def cited(marked: Iterable[str], findings: Sequence[Finding], intent: Intent, answer: str) -> tuple[Cited, ...]:
    """The findings that an answer explains: those it marks; without a mark the one whose words it uses, or none."""
    known = {finding.id: finding for finding in findings}
    chosen = [known[id_] for id_ in dict.fromkeys(marked) if id_ in known]
    if not chosen and intent in _ABOUT_EVIDENCE:
        chosen = _fitting(findings, answer)
    return tuple(Cited(finding=finding.id, message=finding.message) for finding in chosen)


def _fitting(findings: Sequence[Finding], answer: str) -> list[Finding]:
    said = _telling(answer)
    shares = [(len(said & own) / len(own), finding) for finding in findings if (own := _telling(finding.message))]
    share, best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return [best] if best is not None and share >= _SHARED else []


def _telling(text: str) -> set[str]:
    return {word for word in words(text) if len(word) > _SAYS_NOTHING}
