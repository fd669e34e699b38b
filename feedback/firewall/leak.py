from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "structure", "steps", "number", "text", "canary", "encoded", "drip"]


@dataclass(frozen=True)
class Leak:
    """That a text gives a secret away, and how it was seen; never the text, so that it may be logged and counted."""

    kind: Kind
    """`code`: as it stands; `structure`: renamed or rewritten; `steps`: told in words; `number`, `text`: a telling
    literal or sentence; `canary`; `encoded`; `drip`: together with what was said before."""
    where: str
    """Id of the subtask whose secret it is; empty where it belongs to the case as a whole."""


class Leaked(Exception):
    """What was about to be said gives a secret away; nothing of the sentence in question has been released."""

    def __init__(self, leak: Leak) -> None:
        super().__init__(f"held back: {leak.kind} of {leak.where or 'the case'}")
        self.leak = leak
