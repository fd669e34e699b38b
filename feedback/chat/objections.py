"""What makes a model's answer unusable, other than giving the reference away: that is the firewall's to say."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from feedback.chat.cryptic import cryptic
from feedback.prose.claims import contradicts
from feedback.prose.language import wrong_language
from feedback.prose.lines import lines_of, names_other_lines
from feedback.prose.markup import has_markup
from services.contracts.feedback import Feedback
from services.contracts.identity import Strictness

Objection = Literal["markup", "cryptic", "language", "contradiction", "strictness"]
"""Holds markup or an address; holds a code that nobody reads; is in a language that is not allowed; says the contrary
of the evidence; shows code or places where the case allows neither."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_FENCE: Final = "```"
_STATEMENT = re.compile(r"(?<![=!<>])=(?!=)|\b(?:def|for|while|return|import|lambda|if|with|class)\b|\n")


@dataclass(frozen=True)
class Bounds:
    """What an answer must keep to."""

    feedback: Feedback | None
    strictness: Strictness
    languages: tuple[str, ...]
    own_code: str
    """The learner's code, which may be quoted back also where no other code may be shown."""
    readable: str = ""
    """What the learner has written or can read anyway."""


def objection_to(text: str, bounds: Bounds) -> Objection | None:
    """What speaks against the answer so far, or None."""
    prose = _CODE.sub(" ", text)
    if has_markup(prose):
        return "markup"
    if cryptic(text, bounds.readable):
        return "cryptic"
    if wrong_language(text, bounds.languages):
        return "language"
    if contradicts(prose, bounds.feedback):
        return "contradiction"
    if bounds.strictness == "strict" and _too_much(text, prose, bounds):
        return "strictness"
    return None


def _too_much(text: str, prose: str, bounds: Bounds) -> bool:
    """Code that is not the learner's own, or a line that no finding names."""
    if _FENCE in text:
        return True
    own = _squeezed(bounds.own_code)
    for span in re.findall(r"`([^`\n]+)`", text):
        if _STATEMENT.search(span) and _squeezed(span) not in own:
            return True
    return names_other_lines(prose, lines_of(bounds.feedback.findings if bounds.feedback else ()))


def _squeezed(code: str) -> str:
    return re.sub(r"\s+", "", code)
