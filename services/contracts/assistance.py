"""What a learner has decided about AI in a case, and how much of it was used."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.identity import AiMode
from services.contracts.model import WireModel

WordsBy = Literal["rules", "model", "mentor"]
"""Who wrote what a learner reads."""


class AiChoice(WireModel):
    """POST /assistance/choice: the learner's own decision. It can be changed at any time; every change is kept."""

    ai: bool


class Assistance(WireModel):
    """Where a learner stands with AI in one case."""

    mode: AiMode
    """What the case allows; from the scope, never from the request."""
    choice: bool | None
    """What the learner chose last; None: not asked yet."""
    chosen: datetime | None = None
    uses: int = Field(ge=0)
    """Hints, chat answers and feedback that a model wrote for this learner in this case."""
    model: str | None
    """Name of the model that writes; None: none is configured, and rules write everything."""
    remote: bool
    """Whether the model's server is another machine, so that the learner's text leaves this one."""
