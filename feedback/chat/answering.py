"""One answer by the model: read as it arrives, judged before a word of it is given on."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final

from feedback.chat.objections import Bounds, Objection, objection_to
from feedback.chat.spoken import Spoken
from feedback.firewall.gate import SentenceGate
from feedback.firewall.leak import Leak, Leaked
from feedback.model.port import BadAnswer, ChatModel, ModelAnswer, ModelRequest, streaming
from feedback.model.thinking import while_thinking

_BARE_WORDS: Final = 8
"""An answer of so few words says yes or no and nothing else."""
_BARE = re.compile(
    r"\W*(?:yes|yeah|yep|no|nope|correct|exactly|indeed|right|wrong|true|false|higher|lower|bigger|smaller|larger|more|less|warm\w*|"
    r"cold\w*|hot|close|almost|ja|nein|doch|genau|oui|non|sí|si|sì|да|нет|是|不|对)\b",
    re.IGNORECASE,
)


class Objected(Exception):
    """The model's answer cannot be used, though nothing was given away."""

    def __init__(self, objection: Objection | str) -> None:
        super().__init__(objection)
        self.objection = objection


@dataclass
class Answering:
    """Reads one answer. `text`, `cited`, `off_topic` and `truncated` are right when `pieces` has ended."""

    model: ChatModel
    request: ModelRequest
    gate: SentenceGate
    whole: Callable[[str], Leak | None]
    """Looks for a leak in the answer as a whole, which no sentence of it need hold."""
    prepare: Callable[[], None]
    """What the gate needs before its first sentence, and takes a while: it is done while the model begins to think."""
    spoken: Spoken
    bounds: Bounds
    hold_off_topic: bool
    """Whether an answer that the model itself calls off the topic is not to be given at all."""
    text: str = ""
    truncated: bool = False

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of the findings that the answer marks, in order."""
        return tuple(self.spoken.cited)

    async def pieces(self) -> AsyncGenerator[str, None]:
        """What may be shown, piece by piece.

        Raises:
            ModelError: the model gave no usable answer.
            Leaked: it gives something of the reference away.
            Objected: it cannot be used for another reason.
        """
        heard, held = "", ""
        ready = asyncio.create_task(while_thinking(self.prepare))
        try:
            async with streaming(self.model, self.request) as parts:
                async for part in parts:
                    if isinstance(part, ModelAnswer):
                        self.truncated = part.truncated
                        break
                    said = self.spoken.push(part.text)
                    if not said:
                        continue
                    heard += said
                    await ready
                    cleared = "".join(self.gate.push(said, whole_words=self.spoken.whole_words))
                    if not cleared:
                        continue
                    # With what is not cleared yet: an objection to its beginning is one to all of it.
                    self._judge(heard)
                    held += cleared
                    if not _bare(self.text + held):
                        self.text += held
                        yield held
                        held = ""
            await ready
        finally:
            ready.cancel()
        rest = self.spoken.end()
        heard += rest
        held += "".join([*self.gate.push(rest), *self.gate.end()])
        self._judge(heard)
        if (leak := self.whole(heard)) is not None:
            raise Leaked(leak)
        if not (self.text + held).strip():
            raise BadAnswer("the answer is empty")
        if _bare(self.text + held):
            raise Objected("confirmation")
        if held:
            self.text += held
            yield held
        self.text = self.text.strip()

    def _judge(self, heard: str) -> None:
        if self.spoken.off_topic and self.hold_off_topic:
            raise Objected("off_topic")
        if objection := objection_to(heard, self.bounds):
            raise Objected(objection)


def _bare(text: str) -> bool:
    """Whether this only confirms or denies: so a solution could be guessed letter by letter."""
    return len(text.split()) <= _BARE_WORDS and _BARE.match(text) is not None
