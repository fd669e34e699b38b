"""What makes a model's answer unusable, other than giving the reference away: that is the firewall's to say."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from feedback.chat.cryptic import cryptic
from feedback.chat.language import LATIN, language_of, wrong_language
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Strictness

Objection = Literal["markup", "cryptic", "language", "contradiction", "strictness"]
"""Holds markup or an address; holds a code that nobody reads; is in a language that is not allowed; says the contrary
of the evidence; shows code or places where the case allows neither."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_FENCE: Final = "```"
_MARKUP = re.compile(
    r"</?[a-z][\w:-]*(?:\s[^<>]*|/)?>|<!--|<!\w|<\s*/?\s*(?:script|style|iframe|img|svg|object|embed|link|meta|form|"
    r"input|button|video|audio|base|body|html|math|template|think|tool_call)\b|&(?:#x?[0-9a-f]+|lt|gt|amp|quot|nbsp);|"
    r"\]\s*\(|!\[|\b(?:javascript|vbscript|data|file)\s*:\s*[\w/]|\bhttps?\s*:\s*//|\bwww\.\w",
    re.IGNORECASE,
)

_THING = r"(?:code|solution|answer|step|work|result|function|submission|cell|subtask|task)"
_SUBJECT = rf"\b(?:your|the|this|that|my)\s+(?:\w+\s+){{0,2}}?{_THING}"
_GOOD = r"(?:correct|right|fine|perfect|complete|approved|flawless|finished|done|solved|working)"
_VERY = r"(?:(?:now|already|completely|absolutely|perfectly|totally|all|to be|successfully|do)\s+)*"
_ALL_WELL = re.compile(
    rf"{_SUBJECT}\s+(?:is|looks|seems|works|appears)\s+{_VERY}{_GOOD}\b"
    rf"|\b(?:it|everything|all of it)(?:\s+is|['’]s|\s+looks)\s+{_VERY}(?:correct|right|fine|perfect|solved)\b"
    r"|\ball\s+(?:of\s+)?(?:the\s+|your\s+)?(?:\w+\s+)?(?:checks|tests)\s+"
    rf"{_VERY}(?:pass|hold|succeed|are (?:green|passing))"
    r"|\b(?:nothing|no error|no mistake) (?:is wrong|needs? (?:to be )?(?:chang|fix)\w*|(?:is|can be) found)\b"
    rf"|\byou(?:['’]ve| have)?\s+{_VERY}(?:solved|passed|completed|finished)\b"
    r"|\b(?:full|maximum|all(?: the)?) points\b|\byou (?:pass|are done|are approved)\b"
    r"|\b(?:dein|der|die|das)\s+(?:code|lösung|antwort|ergebnis|schritt)\s+(?:ist|sieht)\s+"
    r"(?:(?:jetzt|schon|völlig)\s+)*(?:richtig|korrekt|fertig|perfekt|gut aus)\b"
    r"|\b(?:votre|ton|ta|le|la)\s+(?:code|solution|réponse)\s+est\s+(?:\w+\s+)?(?:correcte?|juste|parfaite?)\b"
    r"|\b(?:tu|el|la)\s+(?:código|solución|respuesta)\s+(?:es|está)\s+(?:\w+\s+)?(?:correct[oa]|bien|perfect[oa])\b"
    r"|\b(?:код|решение|результат|ответ)\s+(?:\w+\s+)?(?:верн\w+|правильн\w+|корректн\w+)",
    re.IGNORECASE,
)
_NOT_WELL = re.compile(
    rf"{_SUBJECT}\s+(?:is|looks|seems)\s+(?:still\s+)?(?:wrong|incorrect|broken|not (?:yet )?{_GOOD})\b"
    rf"|{_SUBJECT}\s+(?:does not|doesn['’]t|fails to)\s+(?:work|pass|run)\b"
    r"|\b(?:the\s+|your\s+)?(?:\w+\s+)?(?:checks?|tests?)\s+(?:still\s+)?(?:fails?|do(?:es)? not (?:pass|hold))\b"
    r"|\b(?:dein|die|das)\s+(?:code|lösung|antwort|ergebnis)\s+ist\s+(?:noch\s+)?(?:falsch|nicht richtig)\b",
    re.IGNORECASE,
)
# "if your code is correct", "make sure that", "is your code right?", "not yet": no claim.
_UNCLAIMED = re.compile(
    r"\b(?:if|when|once|whether|until|unless|before|after|make sure|so that|would|could|should|might|suppose|imagine|"
    r"ensure|check that|test (?:if|whether)|not|never|n['’]t|cannot|think|believe|why|how|wenn|falls|ob|bis|nicht|si|"
    r"quand|lorsque|cuando|если|не|когда)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_LINE = re.compile(
    r"\blines?\s+(\d{1,5})(?:\s*(?:-|–|to|and)\s*(\d{1,5}))?|\bZeilen?\s+(\d{1,5})|\blignes?\s+(\d{1,5})", re.IGNORECASE
)
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


def has_markup(prose: str) -> bool:
    """Whether the text, without its code spans, holds markup or an address."""
    return _MARKUP.search(prose) is not None


def contradicts(prose: str, feedback: Feedback | None) -> bool:
    """Whether a sentence claims that the work is right when it is not, or wrong when it is approved.

    Without a verdict nothing may be claimed either way.
    """
    verdict = feedback.verdict if feedback is not None else Verdict.COULD_NOT_JUDGE
    forms = [_ALL_WELL] * (verdict is not Verdict.APPROVED) + [_NOT_WELL] * (verdict is not Verdict.NEEDS_WORK)
    return any(_claims(sentence, form) for sentence in _SENTENCE.findall(prose) for form in forms)


def _claims(sentence: str, form: re.Pattern[str]) -> bool:
    claim = form.search(sentence)
    if claim is None or sentence.rstrip().endswith("?"):
        return False
    return not _UNCLAIMED.search(sentence[: claim.start()])


def _too_much(text: str, prose: str, bounds: Bounds) -> bool:
    """Code that is not the learner's own, or a line that no finding names."""
    if _FENCE in text:
        return True
    own = _squeezed(bounds.own_code)
    for span in re.findall(r"`([^`\n]+)`", text):
        if _STATEMENT.search(span) and _squeezed(span) not in own:
            return True
    return not _lines(prose) <= _named_lines(bounds.feedback)


def _squeezed(code: str) -> str:
    return re.sub(r"\s+", "", code)


def _lines(prose: str) -> set[int]:
    found: set[int] = set()
    for hit in _LINE.finditer(prose):
        numbers = [int(group) for group in hit.groups() if group]
        found.update(range(numbers[0], min(numbers[-1], numbers[0] + 50) + 1))
    return found


def _named_lines(feedback: Feedback | None) -> set[int]:
    places = [f.place for f in (feedback.findings if feedback else ()) if f.place is not None and f.place.line]
    return {n for place in places for n in range(place.line or 0, (place.end_line or place.line or 0) + 1)}


def allowed_languages(scope: Iterable[str], spoken: Sequence[str]) -> tuple[str, ...]:
    """Languages of an answer: the case's; where it names none, English and the one that the learner writes.

    Args:
        scope: what the scope states.
        spoken: the learner's messages, newest first. Where they are too short to tell, any language in Latin letters
            will do.
    """
    named = tuple(scope)
    if named:
        return named
    own = next((found for text in spoken if (found := language_of(text)) is not None), None)
    own = own or language_of(" ".join(spoken))
    return LATIN if own is None else ("en", own)
