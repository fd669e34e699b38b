from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from services.contracts.model import WireModel


class Role(StrEnum):
    """What a person may do. A mentor may do what a learner may; an admin what everybody may."""

    LEARNER = "learner"
    MENTOR = "mentor"
    ADMIN = "admin"
    QA = "qa"


class Principal(WireModel):
    """Who asks."""

    user: str = Field(min_length=1, max_length=255)
    roles: frozenset[Role] = frozenset({Role.LEARNER})


AiMode = Literal["none", "lead_and_reveal", "full"]
Strictness = Literal["light", "strict"]
ScopeMode = Literal["soft", "strict"]
"""Off the case's topics: `soft` answers in short and leads back, `strict` only leads back."""
MayRemain = Literal["none", "advice", "warning"]
"""The gravest remark of the style review that a polished step may still have."""


class ScopeClaims(WireModel):
    """What a scope token states. Inner services trust these, never the request's body.

    Minted by the gateway only (Ed25519, see `services.kit.scope`), valid for minutes.
    """

    user: str
    role: Role
    case: str
    case_version: str
    subtask: str | None = None
    """None: the whole case."""
    ai_mode: AiMode = "full"
    strictness: Strictness = "light"
    topics: tuple[str, ...] = ()
    scope_mode: ScopeMode = "soft"
    languages: tuple[str, ...] = ()
    """Languages that the assistant may write, as BCP 47 tags; empty: the learner's own."""
    may_remain: MayRemain = "advice"
    expires: datetime
