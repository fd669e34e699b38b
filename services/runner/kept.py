"""Sessions that stay open after their run with snapshots in them: a further run of their owner goes on from there."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.contracts.observation import RunRequest
from services.runner.sandboxes import Plan
from services.runner.session import Session
from services.runner.settings import RunnerSettings

_WEIGHED_AFTER: Final = 0.5
"""Seconds."""


@dataclass(frozen=True)
class _Kept:
    session: Session
    plan: Plan
    request: RunRequest
    expiry: asyncio.TimerHandle
    weighing: "asyncio.Task[float]"
    """What its processes have for themselves, in MB."""

    def let_go(self) -> None:
        """Nobody counts its age or weight any more."""
        self.expiry.cancel()
        self.weighing.cancel()

    @property
    def memory_mb(self) -> float:
        """Its weight, as far as it is known."""
        weighed = self.weighing.done() and not self.weighing.cancelled() and self.weighing.exception() is None
        return self.weighing.result() if weighed else 0.0


class KeptSessions:
    """At most one session for each owner; bounded in number, memory and age."""

    def __init__(
        self, settings: RunnerSettings, end: Callable[[Session], None], weighed_after: float = _WEIGHED_AFTER
    ) -> None:
        """`end` closes a session that is no longer kept; one is weighed after so many seconds."""
        self._settings, self._end, self._weighed_after = settings, end, weighed_after
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def take(self, request: RunRequest, plan: Plan) -> tuple[Session, int] | None:
        """The owner's session and how many of the request's cells it need not run; None: begin anew.

        It is the caller's from then on. One that does not fit is ended.
        """
        kept = self._kept.pop(request.keep.owner, None) if request.keep else None
        if kept is None:
            return None
        kept.let_go()
        depth = _fitting(kept, request, plan) if kept.session.alive else 0
        if depth:
            return kept.session, depth
        self._end(kept.session)
        return None

    def put(self, session: Session, request: RunRequest, plan: Plan) -> None:
        """Keep a session for the request's owner, or end it."""
        keep = request.keep
        if keep is None or keep.then == "nothing" or not session.kept or not self._settings.kept:
            self._end(session)
            return
        owner = keep.owner
        self.drop(owner)
        expiry = asyncio.get_running_loop().call_later(self._settings.kept_seconds, self.drop, owner)
        weighing = asyncio.create_task(self._weight(session))
        weighing.add_done_callback(lambda _: self._make_room())
        self._kept[owner] = _Kept(session, plan, request, expiry, weighing)
        self._make_room()

    async def _weight(self, session: Session) -> float:
        """Its memory in MB, when it has waited for a while.

        While its pages are added up, its processes cannot fork; and most of those that `caseloop grade` leaves are
        taken again at once.
        """
        await asyncio.sleep(self._weighed_after)
        return await session.memory_mb()

    def _make_room(self) -> None:
        while self._kept and (len(self._kept) > self._settings.kept or self._memory() > self._settings.kept_mb):
            self.drop(next(iter(self._kept)))

    def drop(self, owner: str) -> None:
        """Keep nothing of this owner's any more."""
        kept = self._kept.pop(owner, None)
        if kept is not None:
            kept.let_go()
            self._end(kept.session)

    def close(self) -> None:
        """Keep nothing any more."""
        for owner in list(self._kept):
            self.drop(owner)

    def _memory(self) -> float:
        return sum(kept.memory_mb for kept in self._kept.values())


def _fitting(kept: _Kept, request: RunRequest, plan: Plan) -> int:
    """The longest snapshot that the request's cells begin with; 0 where anything else about the runs differs."""
    before = kept.request
    if kept.plan != plan or _bounds(before) != _bounds(request):
        return 0
    alike = 0
    for one, other in zip(before.cells, request.cells, strict=False):
        if one != other:
            break
        alike += 1
    return max((depth for depth in kept.session.kept if depth <= alike), default=0)


def _bounds(request: RunRequest) -> tuple[object, ...]:
    """What the cells are run with; how long a question may take is no concern of theirs."""
    return request.seed, request.limits.model_copy(update={"probe_seconds": 0}), request.stop_on_error
