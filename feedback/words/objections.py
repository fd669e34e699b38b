"""What makes a sentence of a model's unusable. Each is looked at by itself; what the firewall says comes after."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from feedback.prose.claims import contradicts
from feedback.prose.lines import names_other_lines
from feedback.prose.markup import has_markup
from feedback.prose.plain import CODE_SPAN, FENCE, prose_of
from feedback.words.ground import PYTHON, Ground, as_python, number_spans, readings, stems
from feedback.words.telltale import CAUSE, DENIED, EMPTY, PRAISE, REPAIR
from services.contracts.feedback import Feedback

Objection = Literal[
    "markup", "verdict", "finding", "place", "exception", "number", "name", "cause", "repair", "reference"
]
"""Why a sentence is not shown: markup or an address; says that the work is right; names a finding, a line, an
exception, a number or a name that is nowhere in the evidence, the notebook or the learner's code; claims a cause that
nothing shows; tells the repair; finds fault with what the reference does too."""

_IN_CODE = re.compile(
    r"<\s*/?\s*(?:script|iframe|img|svg|object|embed|style|link|meta|a|form|input)\b|\bon\w+\s*=|javascript:",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|dev|ai|edu|gov|info|xyz|ru|de|cn)\b", re.IGNORECASE
)
_ID = re.compile(r"\b\d{1,3}-[0-9a-f]{6,64}\b")
_EXCEPTION = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)\b|\bStopIteration\b")
_NAME_IN_CODE = re.compile(r"[^\W\d]\w*")
_BARE_CODE = re.compile(r"\b[^\W\d]\w*_\w+\b|\b[^\W\d]\w*(?:\.\w+)*(?=\()")
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_EMPTY_STEMS = stems(EMPTY)


def objection_to(sentence: str, ground: Ground, feedback: Feedback) -> Objection | None:
    """What speaks against showing the sentence, or None. `ground`: of the findings that it is about."""
    if _marked_up(sentence):
        return "markup"
    prose = prose_of(sentence)
    if contradicts(prose, feedback) or _praises(prose):
        return "verdict"
    said = _Said(sentence, prose, ground)
    return next((name for name, applies in _AGAINST if applies(said)), None)


@dataclass(frozen=True)
class _Said:
    text: str
    prose: str
    """Without its code spans."""
    ground: Ground


def _marked_up(sentence: str) -> bool:
    prose = prose_of(sentence)
    return (
        FENCE in sentence
        or has_markup(prose)
        or _ADDRESS.search(prose) is not None
        or any(_IN_CODE.search(span) for span in CODE_SPAN.findall(sentence))
    )


def _praises(prose: str) -> bool:
    praise = PRAISE.search(prose)
    return praise is not None and DENIED.search(prose[: praise.start()]) is None and not prose.rstrip().endswith("?")


def _names_finding(said: _Said) -> bool:
    """An id says nothing to a learner, also when there is such a finding."""
    return _ID.search(said.text) is not None


def _elsewhere(said: _Said) -> bool:
    """A line that its findings do not mark."""
    return names_other_lines(said.prose, said.ground.lines)


def _unknown_exception(said: _Said) -> bool:
    return not set(_EXCEPTION.findall(said.text)) <= said.ground.names.union(_EXCEPTION.findall(said.ground.told))


def _unknown_number(said: _Said) -> bool:
    return any(readings(written).isdisjoint(said.ground.numbers) for written in number_spans(said.text))


def _unknown_name(said: _Said) -> bool:
    """Code that nobody has written yet: it would be a part of the repair."""
    code = [_STRING.sub("''", span) for span in CODE_SPAN.findall(said.text)]
    named = {name for part in (*code, *_BARE_CODE.findall(said.prose)) for name in _NAME_IN_CODE.findall(part)}
    return not named <= said.ground.names | PYTHON


def _unfounded(said: _Said) -> bool:
    """A cause of which neither the findings nor the step nor the code have a word."""
    for claim in CAUSE.finditer(said.text):
        cause = said.text[claim.end() :]
        words = stems(cause) - _EMPTY_STEMS
        if words and words.isdisjoint(said.ground.stems) and not CODE_SPAN.search(cause):
            return True
    return False


def _repairs(said: _Said) -> bool:
    return REPAIR.search(said.text) is not None


def _in_reference(said: _Said) -> bool:
    """Quotes code that the reference has too, and that no finding speaks of."""
    ground = said.ground
    return any(as_python(span) in ground.solved and span not in ground.told for span in CODE_SPAN.findall(said.text))


_AGAINST: tuple[tuple[Objection, Callable[[_Said], bool]], ...] = (
    ("finding", _names_finding),
    ("place", _elsewhere),
    ("exception", _unknown_exception),
    ("number", _unknown_number),
    ("name", _unknown_name),
    ("cause", _unfounded),
    ("repair", _repairs),
    ("reference", _in_reference),
)
