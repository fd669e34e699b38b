"""A model's answer as it arrives: the marks taken out, typography made plain, before anybody judges what it says."""

import re
from collections.abc import Iterable
from typing import Final

from feedback.prompts.channel import visible

OFF_TOPIC: Final = "off-topic"
_LONGEST_WORD: Final = 120
"""Characters without a space that are waited for: some languages write none."""
_MARK = re.compile(r"[ \t]?\[(?:(off-topic)|(?:finding-|id-)?(\d{1,3}-[0-9a-z]{1,64}))\]", re.IGNORECASE)
_OPEN_MARK = re.compile(r"\[[^\[\]\s]*$")
_EMPHASIS = re.compile(r"(?<![\w*`])\*\*(?=[^\s*])|(?<=[^\s*])\*\*(?![\w*`])")
_OPEN_HEADING = re.compile(r"(?m)^#{1,6}\Z")
_HEADING = re.compile(r"(?m)^#{1,6} (?=\S)")
_LAST_WORD = re.compile(r"[^\W\d_]{3,}[.!?…]")
"""A word of prose with which a sentence ends, nearly always; an answer is not kept waiting for the space after it."""
_ID = re.compile(r"\d{1,3}-[0-9a-f]{10}")


class Spoken:
    """Turns pieces of an answer into plain text with `code` spans, whole words at a time.

    Args:
        findings: ids of the findings that an answer can cite.
    """

    def __init__(self, findings: Iterable[str]) -> None:
        self._known = {id_.casefold(): id_ for id_ in findings}
        self._held = ""
        self._fences = 0
        self._begun = False
        self._starred = False
        self.cited: dict[str, None] = {}
        """Ids that were marked and exist, in order."""
        self.off_topic = False
        """The model says that the question has nothing to do with the case."""
        self.whole_words = True
        """White space follows on what was given last, or will as far as can be told."""

    def push(self, piece: str) -> str:
        """Take the next piece; returns what is complete and can be judged."""
        self._held += visible(piece)
        self._starred = self._starred or "*" in self._held
        end = self._complete()
        ready, self._held = self._held[:end], self._held[end:]
        return self._plain(ready)

    def end(self) -> str:
        """The rest, when nothing more comes."""
        rest, self._held = self._held, ""
        return self._plain(rest).rstrip()

    def _complete(self) -> int:
        """Where the last whole word ends. The space after it waits: a mark swallows the space in front of it."""
        cut = max(self._held.rfind(space) for space in (" ", "\n", "\t"))
        # Where something may be emphasised, stars may follow on the sentence.
        if not self._starred and _LAST_WORD.fullmatch(self._held, cut + 1):
            self.whole_words = True
            return len(self._held)
        self.whole_words = cut >= 0
        if cut < 0 and len(self._held) > _LONGEST_WORD:
            half = _OPEN_MARK.search(self._held)
            return half.start() if half and half.start() else len(self._held)
        heading = _OPEN_HEADING.search(self._held[: max(cut, 0)])
        return heading.start() if heading else max(cut, 0)

    def _plain(self, text: str) -> str:
        if not text:
            return ""
        text = _MARK.sub(self._noted, text)
        parts = text.split("```")
        for at, part in enumerate(parts):
            if (self._fences + at) % 2 == 0:
                parts[at] = _HEADING.sub("", _EMPHASIS.sub("", part))
        self._fences += len(parts) - 1
        plain = "```".join(parts)
        if not self._begun:
            plain = plain.lstrip()
            self._begun = bool(plain)
        return plain

    def _noted(self, mark: re.Match[str]) -> str:
        if mark[1]:
            self.off_topic = True
            return ""
        known = self._known.get(mark[2].casefold())
        if known is not None:
            self.cited[known] = None
            return ""
        # What looks like the id of a finding is no word of a sentence, also when there is no such finding.
        return "" if _ID.fullmatch(mark[2].casefold()) else mark.group()
