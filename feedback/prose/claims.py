"""What a text claims about the work as a whole, against what the check says."""

import re

from services.contracts.feedback import Feedback, Verdict

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
