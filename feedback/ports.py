from collections.abc import AsyncIterator
from typing import Protocol

from feedback.firewall.firewall import Firewall
from feedback.repair.engine import Repaired
from services.contracts.case import AuthorCase, Subtask
from services.contracts.escalation import Recall, Recalled
from services.contracts.notebook import Cell
from services.contracts.observation import RunEvent, RunRequest


class Runs(Protocol):
    """Runs untrusted code; `services.contracts.clients.runner.RunnerClient` is one."""

    def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
        """Run; the last part is RunFinished or RunFailed. Raises `ServiceError` when the runner is away."""
        ...


class AuthorCases(Protocol):
    """Case versions with their references; `services.contracts.clients.cases.CasesClient` is one."""

    async def author(self, version: str) -> AuthorCase:
        """One version. Raises `ServiceError`: 404 `case_version_not_found`, 503 when the service is away."""
        ...


class Memory(Protocol):
    """What mentors have answered before; `services.contracts.clients.mentoring.MentoringClient` is one."""

    async def recall(self, recall: Recall, scope: str) -> Recalled:
        """Answers for these signatures, in the case and version of the scope token `scope`. Raises `ServiceError`."""
        ...


class Causes(Protocol):
    """Says what would put failing work right, which is where it goes wrong; `feedback.causes` does."""

    async def of(self, case: AuthorCase, subtask: Subtask, cells: tuple[Cell, ...], beside: int) -> Repaired | None:
        """A verified repair of the step's answer; None where none is at hand in the time there is for it. Never raises.

        `beside`: how many other checks are under way.
        """
        ...


class LearnersData(Protocol):
    """What another service keeps of learners, for operators."""

    @property
    def name(self) -> str:
        """What it is, in a few words."""
        ...

    async def forget(self, learner: str, who: str) -> int:
        """Delete all of it that is of one learner, write down who had it done, return how many entries there were."""
        ...


class Cache(Protocol):
    """Keeps what makes feedback quicker or more precise, for as long as it likes: no verdict depends on it."""

    async def get(self, key: str) -> bytes | None:
        """What was put under the key (64 hex digits), or None."""
        ...

    async def put(self, key: str, data: bytes) -> None:
        """Keep the data; a later put of the same key replaces it, a reader never sees a half of it."""
        ...


class Firewalls(Protocol):
    """The reference firewall of each case version."""

    async def of(self, case: AuthorCase) -> Firewall:
        """The version's own; making one takes a while, so they are kept."""
        ...
