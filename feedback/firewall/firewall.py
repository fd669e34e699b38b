"""Whether a text that is about to be shown to a learner gives the case's secrets away."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from feedback.firewall.canary import holds_canary, squeezed, stem_of
from feedback.firewall.compared import OVER_TURNS, Known, Shown, compared, sum_too_much, together, too_much
from feedback.firewall.drip import in_a_row, newest
from feedback.firewall.encoded import TooMuch, decoded
from feedback.firewall.fingerprint import Fingerprint
from feedback.firewall.leak import Leak
from feedback.firewall.letters import Letters
from feedback.firewall.literals import Literals, numbers_in, squeezed_text, word_rows
from feedback.firewall.normalise import plain
from feedback.firewall.own import Own
from feedback.firewall.public import imported_names, public_texts
from feedback.firewall.scattered import Scattered
from feedback.firewall.secret_index import Public, SecretIndex
from feedback.firewall.secrets import Piece, pieces, without_words
from feedback.firewall.steps import Steps, concepts
from feedback.firewall.whole_lines import Line, WholeLines, adding_up, signs, telling
from services.contracts.case import AuthorCase

_NAME = re.compile(r"[^\W\d]\w*")
_MAX_DEPTH = 2
"""Codes within codes that are looked into."""
_LEAST_QUOTE = 8
_DRIP_BITS = 6.0
"""What the text itself must add to what was said before."""
_JUNCTION = 1_000
"""Characters in which a line that is cut over several texts is looked for; each by itself was looked at before."""
_REMEMBERED, _REMEMBERED_CHARS = 512, 4_000
"""Texts whose reading is kept, and how long they may be: a conversation's turns are read again with each sentence."""
_OWNERS = 64
_TEXTS, _TEXT_CHARS = 1_024, 20_000
"""Learners' texts whose reading is kept: of a notebook, one cell changes from one question to the next."""


@dataclass(frozen=True)
class _Text:
    """One of a learner's own texts, read once."""

    known: Known
    numbers: frozenset[str]
    squeezed: str
    signs: str
    words: frozenset[int]
    steps: tuple[str, ...]


@dataclass(frozen=True)
class _Read:
    """All of a learner's own texts."""

    known: Known
    numbers: frozenset[str]
    squeezed: str
    signs: str
    words: frozenset[int]
    steps: tuple[tuple[str, ...], ...]

    def holds(self, line: str) -> bool:
        """Whether the learner wrote this line, long enough to be recognised."""
        bare = squeezed_text(line)
        return len(bare) >= _LEAST_QUOTE and bare in self.squeezed

    def without(self, text: str) -> str:
        """The text but for the lines that the learner wrote."""
        return "\n".join(line for line in text.split("\n") if not self.holds(line))


class Firewall:
    """Built once a case version; examines any number of texts, from any thread. Never raises."""

    def __init__(self, case: AuthorCase, secrets: Sequence[Piece], public: Sequence[str]) -> None:
        codes = [(piece, plain(without_words(piece.source))) for piece in secrets]
        self._vocabulary = frozenset(
            {name.lower() for name in case.modules}.union(
                *(imported_names(text) for text in public), *(imported_names(piece.source) for piece in secrets)
            )
        )
        names = frozenset(name.lower() for text in public for name in _NAME.findall(text))
        told = Public.of([self._fingerprint(text) for text in public], names)
        self._index = SecretIndex(told)
        for piece, code in codes:
            self._index.add(piece, self._fingerprint(code))
        solutions = [(piece.subtask, code) for piece, code in codes if piece.kind == "solution"]
        self._literals = Literals.of(secrets, public)
        self._steps = Steps.of(solutions, public)
        self._lines = WholeLines.of(secrets, public, told, self._vocabulary)
        spelled = [(piece.subtask, text) for piece, code in codes for text in (code, plain(piece.source))]
        self._letters = Letters.of(spelled, public)
        self._canary = stem_of(case)
        self._remembered = lru_cache(_REMEMBERED)(self._read_and_compare)
        self._lines_remembered = lru_cache(_REMEMBERED)(self._lines.in_text)
        self._concepts_remembered = lru_cache(_REMEMBERED)(concepts)
        self._own_of = lru_cache(_OWNERS)(self._read_own)
        self._kept_text = lru_cache(_TEXTS)(self._read_text)

    @classmethod
    def of(cls, case: AuthorCase) -> "Firewall":
        """The firewall of a case version: reference, variants, hidden checks and hidden calls are secret."""
        return cls(case, pieces(case), [plain(text) for text in public_texts(case)])

    def examine(self, text: str, own: Own, before: Sequence[str] = ()) -> Leak | None:
        """The leak in the text, or None. `before`: what was said earlier in this conversation, oldest first."""
        said = plain(text)
        earlier = [plain(one) for one in before]
        mine = self._own_of(own)
        return (
            self._leak(said, mine)
            or self._disguised(said, text, mine)
            or self._scattered(said, newest(earlier), mine)
            or (self._drip(said, newest(earlier), mine) if earlier else None)
        )

    def read(self, own: Own) -> None:
        """Read what a learner wrote, so that the first text to be examined for them is examined at once."""
        self._own_of(own)

    def _leak(self, said: str, own: _Read) -> Leak | None:
        if holds_canary(squeezed(said), self._canary):
            return Leak("canary", "")
        found = too_much(self._shown_of(said, own.known), self._index)
        if found is not None:
            return Leak(found[0], self._index.units[found[1]].piece.subtask)
        lines = self._lines_of([said], own)
        line = telling(lines) or adding_up((), lines)
        if line is not None:
            return Leak("code", line.where)
        where = self._literals.number_in(said, own.numbers)
        if where is not None:
            return Leak("number", where)
        where = self._literals.text_in(said, own.squeezed, own.words)
        if where is not None:
            return Leak("text", where)
        told = self._steps.told(concepts(said), own.steps)
        return Leak("steps", told.where) if told else None

    def _disguised(self, said: str, raw: str, own: _Read) -> Leak | None:
        rest = own.without(said)
        return self._spelled(rest) or self._encoded(rest, "" if raw.isascii() else raw, own, _MAX_DEPTH)

    def _spelled(self, said: str) -> Leak | None:
        where = self._letters.turned_in(said) or self._letters.spelled_in(said) or self._lines.turned_in(said)
        return Leak("encoded", where) if where is not None else None

    def _any_line(self, said: str, own: _Read) -> Leak | None:
        """A line of a secret, however little it says: nobody puts that into a code by chance."""
        lines = self._lines_of([said], own)
        return Leak("code", lines[0].where) if lines else None

    def _encoded(self, said: str, raw: str, own: _Read, depth: int) -> Leak | None:
        return self._revealed(decoded(said, raw), said, own, depth)

    def _revealed(self, found: Iterator[str], said: str, own: _Read, depth: int) -> Leak | None:
        try:
            for hidden in found:
                inner = plain(hidden)
                if inner == said:
                    continue
                leak = self._leak(inner, own) or self._spelled(inner) or self._any_line(inner, own)
                if leak is None and depth > 1:
                    leak = self._encoded(inner, hidden, own, depth - 1)
                if leak is not None:
                    return leak if leak.kind == "canary" else Leak("encoded", leak.where)
        except TooMuch:
            return Leak("encoded", "")
        return None

    def _scattered(self, said: str, before: Sequence[str], own: _Read) -> Leak | None:
        """A code in pieces, in the text alone or to which the text adds some."""
        leak = self._put_together("\n".join([*before, said]), own)
        if leak is None or not before:
            return leak
        return None if self._put_together("\n".join(before), own) else leak

    def _put_together(self, said: str, own: _Read) -> Leak | None:
        scattered = Scattered.of(said, own.holds)
        found = chain(
            map(self._letters.turned_in, scattered.together()),
            map(self._letters.written_in, scattered.turned()),
            map(self._lines.turned_in, [own.without(said[-_JUNCTION:])]),
        )
        where = next((one for one in found if one is not None), None)
        if where is not None:
            return Leak("encoded", where)
        return self._revealed(scattered.decoded(), said, own, _MAX_DEPTH)

    def _drip(self, said: str, before: Sequence[str], own: _Read) -> Leak | None:
        """A leak together with what was said before, to which the text itself adds something."""
        past_texts, all_texts = in_a_row(before), in_a_row([*before, said])
        past = together(self._shown_of(one, own.known) for one in (*before, *past_texts))
        whole = together([past, *(self._shown_of(one, own.known) for one in (said, *all_texts))])
        found = sum_too_much(whole, self._index, OVER_TURNS)
        if found is not None and whole.bits(found[1]) >= past.bits(found[1]) + _DRIP_BITS:
            return Leak("drip", self._index.units[found[1]].piece.subtask)
        if any(holds_canary(squeezed(one), self._canary) for one in all_texts):
            return Leak("canary", "")
        past_lines = self._lines_of((*before, *(one[-_JUNCTION:] for one in past_texts)), own)
        now = self._lines_of((said, *(one[-_JUNCTION:] for one in all_texts)), own)
        new = [line for line in now if line not in past_lines]
        line = telling(new) or adding_up(past_lines, new)
        if line is not None:
            return Leak("drip", line.where)
        words = [mark for one in before for mark in self._concepts_remembered(one)]
        told = self._steps.told_more(words, concepts(said), own.steps, OVER_TURNS, _DRIP_BITS)
        return Leak("drip", told.where) if told else None

    def _fingerprint(self, text: str) -> Fingerprint:
        return Fingerprint.of(text, self._vocabulary)

    def _shown_of(self, said: str, known: Known) -> Shown:
        return (self._remembered if len(said) <= _REMEMBERED_CHARS else self._read_and_compare)(said, known)

    def _read_and_compare(self, said: str, known: Known) -> Shown:
        return compared(self._fingerprint(said), self._index, known)

    def _lines_of(self, texts: Sequence[str], own: _Read) -> list[Line]:
        """The whole lines of secrets in these texts, but for the learner's own."""
        found = (
            (self._lines_remembered if len(text) <= _REMEMBERED_CHARS else self._lines.in_text)(text) for text in texts
        )
        return [line for line in dict.fromkeys(chain.from_iterable(found)) if line.signs not in own.signs]

    def _read_own(self, own: Own) -> _Read:
        texts = [self._kept_text(text) if len(text) <= _TEXT_CHARS else self._read_text(text) for text in own.texts]
        rows = [text.steps for text in texts]
        return _Read(
            Known.all_of([text.known for text in texts]),
            frozenset().union(*(text.numbers for text in texts)),
            "".join(text.squeezed for text in texts),
            "\n".join(text.signs for text in texts),
            frozenset().union(*(text.words for text in texts)),
            (*rows, tuple(chain.from_iterable(rows))),
        )

    def _read_text(self, raw: str) -> _Text:
        text = plain(raw)
        return _Text(
            Known.of(self._fingerprint(text)),
            frozenset(numbers_in(text)),
            squeezed_text(text),
            signs(text),
            frozenset(word_rows(text)),
            tuple(concepts(text)),
        )
