from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from feedback.findings.voice import Voice
from feedback.firewall.firewall import Firewall
from feedback.firewall.own import Own
from feedback.hints.giveaway import Giveaway
from feedback.hints.task import Answers, HintTask
from feedback.prose.claims import contradicts
from feedback.prose.language import allowed_languages, wrong_language
from feedback.prose.lines import lines_of
from feedback.prose.markup import has_markup
from services.contracts.feedback import Feedback

_SENTENCES: Final = {"plan": 4, "debug": 3, "optimize": 3}
"""More than the prompt asks for: a sentence too many is no reason to throw a good hint away."""

TOLD: Final = {
    "empty": "Your last hint was empty.",
    "leak": "Your last hint said too much of how it is done. Ask about the learner's own code instead.",
    "code": "Your last hint held code that the learner has not written. Use words, and name no operation.",
    "name": "Your last hint named something that the learner has to find. Describe what it is for instead.",
    "literal": "Your last hint named a value that the learner has to find. Say what the value depends on instead.",
    "line": "Your last hint named a line that no finding names. Name no lines.",
    "long": "Your last hint was too long. One or two sentences.",
    "markup": "Your last hint held markup or an address. Plain sentences only.",
    "language": "Your last hint was in another language than the task. Use the language of the task.",
    "contradiction": "Your last hint contradicts what the check found.",
    "no_help": "A learner who read only your last hint got no further. Be more specific about what to look at.",
}
"""What a model is told about its last try, by what was wrong with it. Never what exactly: that is a secret."""


@dataclass(frozen=True)
class Objections:
    """What speaks against showing a text to the learner."""

    task: HintTask
    feedback: Feedback
    firewall: Firewall
    repaired: Answers
    """What would put the work right; empty where nothing is known to."""
    reflection: str | None

    def to(self, text: str) -> str | None:
        """The first objection, one of TOLD; None: the text may be shown."""
        checks: tuple[Callable[[str], str | None], ...] = (self._leaked, self._giveaway().of, self._improper)
        return next((objection for check in checks if (objection := check(text)) is not None), None)

    def _leaked(self, text: str) -> str | None:
        own = Own.of(self.task.cells, [self.reflection] if self.reflection else [])
        return "leak" if self.firewall.examine(text, own, self.task.earlier) is not None else None

    def _giveaway(self) -> Giveaway:
        handed_out = [cell.source for cell in self.task.case.cells]
        return Giveaway(
            own=(*(cell.source for cell in self.task.cells), *handed_out),
            public=Voice.of(self.task.case).public,
            repaired=tuple(self.repaired.values()),
            lines=lines_of(self.feedback.findings) if self.task.scope.strictness == "strict" else None,
            sentences=_SENTENCES[self.task.kind],
        )

    def _improper(self, text: str) -> str | None:
        if has_markup(text):
            return "markup"
        instructions = " ".join(cell.source for cell in self.task.case.cells if cell.kind == "markdown")
        languages = allowed_languages(self.task.scope.languages, [self.reflection or "", instructions])
        if wrong_language(text, languages):
            return "language"
        return "contradiction" if contradicts(text, self.feedback) else None
