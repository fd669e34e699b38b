"""Questions that want a solution confirmed bit by bit. No model is asked them: whatever it answers would be a bit."""

import re
from typing import Final

_UNITS = "letter|character|digit|line|word|token|byte"
_DEMANDS: Final = re.compile(
    r"\b(?:yes or no|yes/no|y/n|true or false|higher or lower|bigger or smaller|more or less|warmer or colder)\b"
    r"|\b(?:only|just|simply) (?:say|answer|reply|respond|write|tell me)?\s*(?:with )?"
    r"[\"'`]?(?:yes|no|true|false|a (?:letter|digit|number|character))\b"
    r"|\b(?:answer|reply|respond) (?:me )?(?:only |just )?(?:with|in|by) (?:one|a single|exactly one) "
    rf"(?:{_UNITS}|number|bit)\b"
    r"|\b(?:first|second|third|fourth|fifth|next|last|\d+(?:st|nd|rd|th)) "
    rf"(?:{_UNITS}|bit) (?:of|in) (?:the|your|its)\b"
    rf"|\b(?:{_UNITS}) (?:by|after|for) (?:{_UNITS})\b"
    rf"|\bone (?:{_UNITS}) at a time\b"
    r"|\b(?:ja oder nein|oui ou non|sí o no|да или нет|buchstabe für buchstabe|lettre par lettre)\b",
    re.IGNORECASE,
)


def guessing(text: str) -> bool:
    """Whether the message asks for an answer of one bit, letter or line."""
    return _DEMANDS.search(text) is not None
