"""When a learner's environment counts as idle: what its server says of itself, held against the operator's limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

_LONGEST_PAUSE: Final = timedelta(minutes=5)


class UnreadableSigns(Exception):
    """What the server says of itself is not what a Jupyter server says."""


@dataclass(frozen=True)
class Signs:
    """What is known of an environment's use."""

    last_activity: datetime
    """When something was last asked of its server, or came out of one of its kernels or terminals."""
    in_use: str = ""
    """Why it may be in use all the same, in words for the log; empty when nothing says so."""


class _Status(BaseModel):
    last_activity: AwareDatetime


class _Kernel(BaseModel):
    execution_state: str
    connections: int = Field(ge=0)


_KERNELS: Final[TypeAdapter[list[_Kernel]]] = TypeAdapter(list[_Kernel])


def read_signs(status: bytes, kernels: bytes) -> Signs:
    """Read the answers of `/api/status` and `/api/kernels`. UnreadableSigns."""
    try:
        return Signs(_Status.model_validate_json(status).last_activity, _in_use(_KERNELS.validate_json(kernels)))
    except ValidationError as error:
        raise UnreadableSigns(f"{error.error_count()} faults, as: {error.errors()[0]['msg']}") from error


def _in_use(kernels: Sequence[_Kernel]) -> str:
    # A kernel that waits for input() is busy, too; one that computes in silence shows no other sign of life.
    if any(kernel.execution_state == "busy" for kernel in kernels):
        return "a kernel is busy"
    # A page in the background asks for nothing, but keeps its connection.
    return "a page is open" if any(kernel.connections for kernel in kernels) else ""


@dataclass(frozen=True)
class IdleLimits:
    """How long an environment may go without activity."""

    idle: timedelta
    """One that shows no sign of use. Zero: for ever, and so may every other."""
    in_use: timedelta
    """One that may be in use all the same, at least as long as the other. Zero: for ever."""

    @property
    def pause(self) -> timedelta:
        """Between two looks at one environment."""
        return min(self.idle / 10, _LONGEST_PAUSE)

    def exceeded(self, signs: Signs, now: datetime) -> str:
        """Why the environment is to be ended, in words for the log; empty when it is not."""
        unused = now - signs.last_activity
        if not self.is_long(unused):
            return ""
        if not signs.in_use:
            return f"there was no activity for {_said(unused)}"
        if self.in_use and unused >= self.in_use:
            return f"there was no activity for {_said(unused)}, although {signs.in_use}"
        return ""

    def is_long(self, unused: timedelta) -> bool:
        """Whether it was unused for so long that it matters what else it does."""
        return bool(self.idle) and unused >= self.idle


def _said(time: timedelta) -> str:
    return str(timedelta(seconds=int(time.total_seconds())))
