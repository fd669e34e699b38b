import re
from typing import Final

from services.contracts.hint import MIN_REFLECTION_WORDS

_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces; a word has about two of their letters.
_UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LETTERS_A_WORD: Final = 2


def words(text: str) -> int:
    """How many words a text has."""
    unspaced = len(_UNSPACED.findall(text))
    return len(_WORD.findall(_UNSPACED.sub(" ", text))) + -(-unspaced // _LETTERS_A_WORD)


def enough(text: str | None) -> bool:
    """Whether a learner has put down a thought."""
    return text is not None and words(text) >= MIN_REFLECTION_WORDS
