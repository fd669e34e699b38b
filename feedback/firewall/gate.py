import re
from collections.abc import Sequence

from feedback.firewall.firewall import Firewall
from feedback.firewall.leak import Leak, Leaked
from feedback.firewall.own import Own
from feedback.firewall.snippets import FENCE

HELD_CHARS = 600
"""At most so much is held back; then what is there is judged, up to the end of a line or word if it has one."""
_END = re.compile(r"[.!?…][\"'”’»)\]*_]*(?=\s)|\n")
_END_OF_WORDS = re.compile(_END.pattern.replace(r"(?=\s)", r"(?=\s|\Z)"))
"""The same in a text that ends where a word does."""
_NOT_AN_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|z\.B|d\.h|u\.a|p\.ex|c\.-à-d|cf|vs|etc|approx|resp|bzw|ca|Nr|No|Fig|Dr|Mr|Mrs|Ms|Prof|St)"
    r"|^\s*\d+)\.$"
)


class SentenceGate:
    """Holds a streamed text back just long enough to judge it, sentence by sentence; code goes by whole blocks.

    Each unit is judged together with what was said before it. After a leak nothing more comes out. What seemed to end a
    sentence and did not (`data.` and then `csv`) is judged once more, in one unit with what follows.
    """

    def __init__(self, firewall: Firewall, own: Own, before: Sequence[str] = ()) -> None:
        self._firewall = firewall
        self._own = own
        self._before = list(before)
        self._held = ""
        self._whole_words = False
        self._seemed = False
        """The last unit was cleared without a look at what follows on it."""
        self._leak: Leak | None = None

    def push(self, piece: str, *, whole_words: bool = False) -> list[str]:
        """Take more of the stream; returns what is cleared by it, in order. Raises Leaked.

        `whole_words`: a sentence may end with the piece, since white space follows on it or seems to.
        """
        self._held += piece
        self._whole_words = whole_words
        return self._cleared(final=False)

    def end(self) -> list[str]:
        """The stream is over; returns the rest. Raises Leaked."""
        return self._cleared(final=True)

    def _cleared(self, *, final: bool) -> list[str]:
        released = []
        while self._leak is None and (size := self._unit(final)):
            unit, self._held = self._held[:size], self._held[size:]
            whole = self._begun(unit) + unit
            self._leak = self._firewall.examine(whole, self._own, self._before)
            if self._leak is None:
                self._before.append(whole)
                self._seemed = not self._held and not whole[-1].isspace()
                released.append(unit)
        if self._leak is not None:
            # What was cleared in the same call stays behind as well: nobody finishes reading half an answer.
            self._held = ""
            raise Leaked(self._leak)
        return released

    def _begun(self, unit: str) -> str:
        """What was cleared already of the sentence that this goes on with; it is what was said before no longer."""
        if self._seemed and not unit[0].isspace() and len(self._before[-1]) <= HELD_CHARS:
            return self._before.pop()
        return ""

    def _unit(self, final: bool) -> int:
        """Length of the next unit that can be judged; 0 to wait for more."""
        held = self._held
        size = self._block() if FENCE.match(held) else self._sentence()
        if size:
            return size
        if final or len(held) > HELD_CHARS:
            return len(held) if len(held) <= HELD_CHARS else self._forced()
        return 0

    def _block(self) -> int:
        """Up to the end of the line that closes the fence."""
        place = self._held.find("\n") + 1
        while 0 < place <= HELD_CHARS:
            end = self._held.find("\n", place)
            if end >= 0 and FENCE.match(self._held[place : end + 1]):
                return end + 1
            place = end + 1
        return 0

    def _sentence(self) -> int:
        end = _END_OF_WORDS if self._whole_words and len(self._held) <= HELD_CHARS else _END
        for match in end.finditer(self._held, 0, HELD_CHARS + 1):
            sentence = self._held[: match.end()]
            line = sentence[sentence.rfind("\n", 0, -1) + 1 :]
            if match[0] != "\n" and (line.count("`") % 2 or _NOT_AN_END.search(sentence)):
                continue
            return match.end()
        return 0

    def _forced(self) -> int:
        head = self._held[:HELD_CHARS]
        return head.rfind("\n") + 1 or head.rfind(" ") + 1 or HELD_CHARS
