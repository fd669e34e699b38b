"""Which language a text is in, by its script and its most common words: enough to notice an answer in a wrong one."""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\b\w+_\w+\b|\b\w+\(", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_FEWEST_LETTERS: Final = 6
_FEWEST_HITS: Final = 3
_FEWEST_SHARE: Final = 0.15
_LEAD: Final = 1.5

# By the first word of a letter's Unicode name. A script that several languages share stands for the most frequent one;
# `same` knows the others.
_SCRIPTS: Final = {
    "CYRILLIC": "ru",
    "GREEK": "el",
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
}
_SHARED: Final = {
    "ru": {"ru", "uk", "bg", "sr", "be", "mk", "kk"},
    "zh": {"zh", "ja"},
    "ar": {"ar", "fa", "ur"},
    "hi": {"hi", "mr", "ne"},
}


@cache
def _words_of_languages() -> Mapping[str, frozenset[str]]:
    languages = tomllib.loads(files("feedback.prose").joinpath("languages.toml").read_text("utf-8"))
    return {language: frozenset(words.split()) for language, words in languages.items()}


LATIN: Final = tuple(_words_of_languages())
"""Languages that are told from each other by their words; they share a script."""


def language_of(text: str) -> str | None:
    """Language as a two-letter tag; None: too short, or too mixed, to say."""
    prose = _CODE.sub(" ", text)
    script = _script(prose)
    if script is not None:
        return script
    words = [word.casefold() for word in _WORD.findall(prose)]
    hits = {language: sum(word in common for word in words) for language, common in _words_of_languages().items()}
    best, second = Counter(hits).most_common(2)
    if best[1] < _FEWEST_HITS or best[1] < _FEWEST_SHARE * len(words) or best[1] < _LEAD * second[1]:
        return None
    return best[0]


def wrong_language(text: str, allowed: Iterable[str]) -> bool:
    """Whether the text is surely in none of these languages (BCP 47 tags). No tags: every language is right."""
    tags = {tag.partition("-")[0].casefold() for tag in allowed}
    found = language_of(text)
    return bool(tags) and found is not None and tags.isdisjoint(_SHARED.get(found, {found}))


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


def _script(text: str) -> str | None:
    """The language of a script other than Latin, where most letters are of it."""
    letters = [c for c in text if c.isalpha()]
    strange = Counter(_SCRIPTS[script] for c in letters if not c.isascii() and (script := _first_word(c)) in _SCRIPTS)
    if not strange or strange.total() < _FEWEST_LETTERS or strange.total() * 2 < len(letters):
        return None
    # Japanese is written with Chinese characters, too; Chinese without kana.
    return "ja" if strange["ja"] >= 2 else strange.most_common(1)[0][0]


def _first_word(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]
