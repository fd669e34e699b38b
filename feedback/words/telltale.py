"""Words by which a sentence gives itself away: as praise, as a repair, as a claim about causes."""

import re
from typing import Final


def _any_of(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{form})" for form in forms), re.IGNORECASE)


PRAISE: Final = _any_of(
    r"\b(?:well done|nicely done|(?:good|great|nice) (?:job|work)|congrat\w+|bravo|perfect|excellent|flawless)\b",
    r"\b(?:gut gemacht|super gemacht|glückwunsch|bien joué|félicitations|bien hecho|felicidades|enhorabuena)\b",
    r"\b(?:молодец|отлично|поздравляю|превосходно)\b",
    r"\b(?:full|maximum|all(?: the)?) (?:marks|points|score)\b",
    r"\b(?:is|are|was|been) (?:now )?approved\b",
    r"\b(?:the|this|your|every|each|all)\s+(?:\w+\s+){0,2}?(?:checks?|tests?)\s+(?:\w+\s+)?(?:pass(?:es|ed)?|holds?|succeeds?)\b",
    r"\b(?:код|решение|результат|ответ|шаг)\s+(?:\w+\s+)?(?:верн\w+|правильн\w+|корректн\w+)",
)
"""That the work is right, or somebody is pleased with it."""

DENIED: Final = _any_of(r"\b(?:not|no|never|n['’]t|none|cannot|before|until|unless|nicht|kein\w*|ne|pas|no|не|нет)\b")
"""In front of praise it is none."""

CAUSE: Final = _any_of(
    r"\b(?:because(?: of)?|due to|caused by|owing to)\b",
    r"\bthe (?:reason|cause) (?:is|being|for)\b",
    r"\b(?:stems?|results?|comes?) from\b",
    r"\b(?:weil|wegen|aufgrund|liegt (?:an|daran))\b",
    r"\b(?:parce que?|à cause d|en raison d|porque|debido a|a causa de)\b",
    r"\b(?:потому что|из-за|так как)\b",
)
"""What follows is claimed to be the cause."""

_ACTS = (
    r"(?:use|replace|change|add|remove|call|set|rename|insert|delete|convert|fill|drop|wrap|import|return|fix|write|move|put|"
    r"swap|cast|sort|reset|apply|initiali[sz]e|make sure|ensure|try (?:to|using|adding|calling|with))\b"
)
_DONE = r"(?:replaced|changed|removed|added|called|renamed|converted|filled|dropped|sorted|set|written|cast|moved|`)"
REPAIR: Final = _any_of(
    rf"^(?:\W*(?:so|then|instead|please|first|just|simply|to fix (?:this|it)),?\s+)*{_ACTS}",
    r"\b(?:you|one)(?:\s+\w+)?\s+(?:should|need to|must|have to|ought to|(?:could|can) (?:use|call|fix))\b",
    rf"\b(?:should|needs? to|must|has to) be {_DONE}",
    r"\binstead (?:use|call|take|write)\b",
    r"\b(?:use|call|try|write) `[^`]+` instead\b",
    r"\b(?:the )?(?:fix|solution|correct (?:value|answer|code|way|call)) (?:is|would be|should be)\b",
    r"\bdu (?:solltest|musst|kannst)\b",
    r"^(?:verwende|benutze|nutze|ersetze|ändere|füge|entferne|rufe|setze|schreibe)\b",
    r"\b(?:tu (?:dois|devrais)|il faut|debes|deberías|hay que)\b",
    r"^(?:utilise|remplace|ajoute|supprime|usa|utiliza|reemplaza|añade)\b",
    r"^(?:используй|замени|добавь|удали|напиши)",
    r"\b(?:нужно|следует|надо|должен|должна)\b",
)
"""What to do about it."""

EMPTY: Final = (
    "that this there these those which with from your yours have when then they them their what where while code value "
    "values result results step here into only some other others each every same right wrong look looks nobody "
    "somebody does will would could cannot being been were dass diese dieser wenn dein"
)
"""Longer words that say nothing of what something is about."""
