"""What a learner's message is about, by rules: words that give it away, and whether it is about the case at all."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from feedback.chat.vocabulary import common_words
from services.contracts.chat import Intent

_SPLIT = re.compile(r"[^\W_]+")
_SHORT: Final = 4
"""A message of so few words ("and then?", "why is that?") leans on what was said before: it is never off the topic."""


def _forms(*texts: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{text})" for text in texts), re.IGNORECASE)


# In the order in which they are tried: an error message beats everything, "what is a mean" beats "what should I do".
_INTENTS: Final[tuple[tuple[Intent, re.Pattern[str]], ...]] = (
    (
        "debug",
        _forms(
            r"\b\w{0,60}Error\b",
            r"\btraceback\b",
            r"\bexception\b",
            r"\b(?:crash|fail|break|stop|hang|freez)(?:s|es|ed|ing)?\b",
            r"\b(?:does|is|do|did|will|wo)(?:n['’]?t| not) (?:work|run|pass|end|right|correct)",
            r"\bwrong\b",
            r"\bbug\b",
            r"\berrors?\b",
            r"\bnan\b",
            r"\b(?:fehler|falsch|funktioniert nicht|klappt nicht|geht nicht|absturz)\b",
            r"\b(?:erreur|ne marche pas|faux)\b",
            r"\b(?:falla|no funciona|incorrecto)\b",
            r"\bошибк\w*|\bне работает\b",
        ),
    ),
    (
        "status",
        _forms(
            r"\b(?:am i|are we|is (?:it|this|that|my (?:code|answer|solution))) (?:\w+ )?"
            r"(?:done|right|correct|finished|approved|ok(?:ay)?|good)\b",
            r"\bhow (?:far|many points|much)\b.{0,40}\b(?:am i|have i|left|points?|score|missing)\b",
            r"\b(?:my )?(?:points|score|grade|progress|verdict)\b",
            r"\bwhat (?:is|did) (?:still )?(?:missing|open|the check)\b",
            r"\b(?:bin ich fertig|ist das richtig|wie viele punkte|was fehlt)\b",
            r"\b(?:est-ce (?:juste|correct)|ai-je fini)\b",
            r"\b(?:está bien|he terminado)\b",
        ),
    ),
    (
        "reflection",
        _forms(
            r"\bi (?:think|believe|guess|suppose|understand|understood|reali[sz]ed|noticed|learned|tried)\b",
            r"\bmy (?:idea|plan|thought|guess|reasoning) (?:is|was)\b",
            r"\b(?:ich (?:denke|glaube|vermute|habe versucht)|meine (?:idee|vermutung))\b",
            r"\b(?:je (?:pense|crois)|creo que|pienso que|я думаю)\b",
        ),
    ),
    (
        "concept",
        _forms(
            r"\bwhat (?:is|are|does|do)\b.*\?",
            r"\b(?:explain|meaning of|definition|difference between|concept)\b",
            r"\bwhy (?:do|does|is|are|would) (?:we|one|you|it|people|a|an|the)\b",
            r"\b(?:was (?:ist|sind|bedeutet|heißt)|erklär\w*|unterschied zwischen)\b",
            r"\b(?:qu['’]est-ce que|c['’]est quoi|explique\w*)\b",
            r"\b(?:qué (?:es|significa)|explica\w*)\b",
            r"\b(?:что такое|что значит|объясни\w*)\b",
        ),
    ),
    (
        "strategy",
        _forms(
            r"\bhow (?:do|can|could|should|would|to)\b",
            r"\b(?:where|what) (?:do|should|can|could|shall) (?:i|we) (?:start|begin|do|try|look|use|write)\b",
            r"\bnext step\b",
            r"\b(?:stuck|hint|help|approach|strategy|plan|steps?|begin|start)\b",
            r"\b(?:wie (?:mache|kann|soll|geht)|was soll ich|womit|hilf|tipp|nächste[rn]? schritt)\b",
            r"\b(?:comment (?:faire|puis)|aide[zr]?|par où)\b",
            r"\b(?:cómo|ayuda|por dónde)\b",
            r"\b(?:как (?:мне|сделать|начать)|помог\w*|подскаж\w*)\b",
        ),
    ),
)

# What nobody asks about a table or a program. Other languages than Python are off the course unless a topic names them.
_ELSEWHERE: Final = _forms(
    r"\b(?:weather|football|soccer|basketball|recipes?|cook(?:ing)?|horoscope|lottery|"
    r"girlfriend|boyfriend|dating|tinder)\b",
    r"\b(?:poem|limerick|song|lyrics|joke|fairy ?tale|novel|movie|netflix|celebrit\w+|video ?games?|minecraft)\b",
    r"\b(?:politic\w*|elections?|president|religion|bitcoin|crypto(?:currency)?|stock tips?|gambling|casino)\b",
    r"\b(?:my|an?) (?:essay|love letter|cover letter|cv|résumé|homework for (?:another|history|english|biology))\b",
    r"\b(?:capital of|who (?:won|is the president)|translate (?:this|the following)? ?(?:into|to) \w+)\b",
    r"\b(?:wetter|fußball|rezept|gedicht|witz|horoskop|freundin|politik)\b",
    r"\b(?:météo|recette|poème|blague)\b|\b(?:clima|receta|poema|chiste)\b|\b(?:погода|рецепт|стих\w*|анекдот)\b",
)
_OTHER_LANGUAGES: Final = _forms(
    r"\b(?:javascript|typescript|java|kotlin|c\+\+|c#|rust|golang|php|ruby|perl|swift|scala|haskell|fortran|cobol|"
    r"html|css|bash|matlab)(?![\w+#])"
)
_MATERIAL: Final = _forms(
    r"\b(?:code|python|cell|notebook|line|function|variable|column|row|table|data ?frame|data ?set|check|test|error|"
    r"step|script)s?\b"
)
_ASKED_FOR: Final = _forms(
    r"\b(?:write|tell|sing|compose|make|give|schreib|erzähl)\w* (?:me |us |mir )?(?:an? |some |the |ein\w* )?(?:\w+ )?"
    r"(?:poem|joke|song|story|limerick|recipe|essay|gedicht|witz|rezept)\b"
)
_SAYS_NOTHING: Final = 3
"""Words of so few letters tell nothing about a case."""
_WORK: Final = _forms(
    r"\b(?:code|python|cell|notebook|line|function|variable|column|row|table|value|number|data|file|check|test|assert|"
    r"step|task|exercise|case)s?\b",
    r"\b(?:error|exception|result|output|print|loop|list|dict|string|index|type|import|return|argument|"
    r"answer|hint|solution|plot|mean|model)s?\b",
    r"`[^`]+`",
    r"\b\w{1,60}\(",
)


@dataclass(frozen=True)
class Ground:
    """What the case is about, as words in lower case: titles, instructions, allowed topics, names in the notebook."""

    words: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Ground":
        """Every word of these texts that says something."""
        return cls(
            frozenset(word for text in texts for word in words(text) if len(word) > _SAYS_NOTHING) - common_words()
        )

    def touches(self, text: str) -> bool:
        """Whether the text has a word of the case in it."""
        return not self.words.isdisjoint(words(text))


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return [word.casefold() for word in _SPLIT.findall(text)]


def intent_of(text: str, ground: Ground, *, strict: bool, english: bool) -> Intent:
    """What the message is about.

    Args:
        text: the learner's words.
        ground: what the case is about.
        strict: a longer English message that has no word of the case or of programming in it counts as off the
            topic, too; otherwise only what is clearly about something else does.
        english: whether the message is surely in English; the words of work are.
    """
    if _elsewhere(text, ground, strict=strict, english=english):
        return "off_topic"
    return next((intent for intent, form in _INTENTS if form.search(text)), "general")


def _elsewhere(text: str, ground: Ground, *, strict: bool, english: bool) -> bool:
    if _named(_OTHER_LANGUAGES, text, ground):
        return True
    if _named(_ELSEWHERE, text, ground):
        # "The column `weather` is empty" is about the case; "a poem about the column" is not.
        return not _MATERIAL.search(text) or _ASKED_FOR.search(text) is not None
    if not strict or not english or len(words(text)) <= _SHORT:
        return False
    intended = any(form.search(text) for intent, form in _INTENTS if intent in {"debug", "status", "strategy"})
    return not (ground.touches(text) or _WORK.search(text) or intended)


def _named(form: re.Pattern[str], text: str, ground: Ground) -> bool:
    """Whether the text names something of this kind that the case itself does not speak of."""
    return any(not ground.words.intersection(words(hit.group())) for hit in form.finditer(text))
