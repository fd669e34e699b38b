"""Whether a hint says what to write instead of what to think about."""

import builtins
import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from feedback.hints.tokens import code_tokens, loose_tokens
from feedback.notebook.reading import identifiers
from feedback.prose.lines import names_other_lines

GiveawayKind = Literal["code", "name", "literal", "line", "long"]

_FENCE: Final = re.compile(r"(```|~~~).*?(?:\1|\Z)", re.DOTALL)
_QUOTED: Final = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# What looks like code in the middle of a sentence: a call, a dotted name, an assignment or comparison, an index.
_CODE_LIKE: Final = (
    re.compile(r"\b[^\W\d]\w*(?:\.[^\W\d]\w*)*\([^()\n]*\)"),
    re.compile(r"\b[^\W\d]\w+(?:\.[^\W\d]\w+)+"),
    re.compile(r"\b[\w.\]\)]+ ?(?:==|!=|<=|>=|:=|[-+*/%|&]?=)(?!=) ?[\w.\[('\"-]+"),
    re.compile(r"\b[^\W\d]\w*\[[^\]\n]+\]"),
    re.compile(
        r"(?:^|[\s(])(?:lambda \w|(?:def|class) \w+ ?[(:]|import \w+$|for \w+ in [\w.]+ ?:|\*\*\w)", re.MULTILINE
    ),
)
# "e.g." and "i.e." end no sentence.
_SENTENCE: Final = re.compile(r"(?<!\b\w)[.!?…。！？]+(?=[\s\"'»”)]|$)")
_PLAIN_NUMBERS: Final = frozenset(("0", "1", "2", "10", "100"))
_BUILTINS: Final = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)
_MIN_NAME: Final = 3
_MIN_TEXT: Final = 3


@dataclass(frozen=True)
class Giveaway:
    """Judges hints to one learner's code by what would put it right.

    Args:
        own: the learner's sources; what stands in them may be said.
        public: words of the notebook as it was handed out; they may be said, too.
        repaired: the sources that put it right: what is only in them may not.
        lines: lines that the findings name; None: any line may be named.
        sentences: how many a hint of this kind may have.
    """

    own: tuple[str, ...]
    public: frozenset[str]
    repaired: tuple[str, ...] = ()
    lines: frozenset[int] | None = None
    sentences: int = 3

    def of(self, text: str) -> GiveawayKind | None:
        """What the text gives away, or None."""
        if self._code(text):
            return "code"
        new = self._only_in_the_repair()
        if any(_says(text, name) for name in new.names):
            return "name"
        if any(number in _numbers(text) for number in new.numbers) or any(_says(text, t) for t in new.texts):
            return "literal"
        if self.lines is not None and names_other_lines(text, self.lines):
            return "line"
        return "long" if len(_SENTENCE.findall(text)) > self.sentences else None

    def _code(self, text: str) -> bool:
        """Whether there is code in it that the learner has not written."""
        if _FENCE.search(text):
            return True
        if any(not self._familiar(span) for span in _QUOTED.findall(text)):
            return True
        prose = _QUOTED.sub(" ", text)
        return any(not self._familiar(found.group()) for form in _CODE_LIKE for found in form.finditer(prose))

    def _familiar(self, code: str) -> bool:
        wanted = [token for token in code_tokens(code.strip()) if token.strip()]
        if all(token.isidentifier() for token in wanted) and len(wanted) <= 1:
            return all(token in self.public or token in self._words for token in wanted)
        return any(_contains(loose_tokens(source), loose_tokens(code)) for source in self.own)

    @property
    def _words(self) -> frozenset[str]:
        return frozenset().union(*(identifiers(source) for source in self.own))

    def _only_in_the_repair(self) -> "_New":
        known = self._words | self.public
        old = _literals(self.own)
        new = _literals(self.repaired)
        names = {
            token
            for source in self.repaired
            for token in code_tokens(source)
            if token.isidentifier() and len(token) >= _MIN_NAME and token not in _BUILTINS
        }
        return _New(
            frozenset(names - known),
            frozenset(new.numbers - old.numbers - _PLAIN_NUMBERS - known),
            frozenset(text for text in new.texts - old.texts if text not in known),
        )


@dataclass(frozen=True)
class _New:
    names: frozenset[str]
    numbers: frozenset[str]
    texts: frozenset[str]


def _literals(sources: Iterable[str]) -> _New:
    numbers, texts = set(), set()
    for source in sources:
        for token in code_tokens(source):
            if token[:1].isdigit():
                numbers.add(token)
            elif token[-1:] in "\"'" and len(token) > 1:
                text = token.lstrip("bBfFrRuU").strip("\"'")
                if len(text) >= _MIN_TEXT:
                    texts.add(text)
    return _New(frozenset(), frozenset(numbers), frozenset(texts))


def _says(text: str, wanted: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text) is not None


def _numbers(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])", text))


def _contains(tokens: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    size = len(wanted)
    return any(tokens[at : at + size] == wanted for at in range(len(tokens) - size + 1))
