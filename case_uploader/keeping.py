"""Looking after published cases from the machine itself, also while Caseloop is running."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from case_uploader.errors import CaseVersionNotFound
from case_uploader.regrades.errors import RegradeNotReady
from case_uploader.regrades.service import REGRADE_QUEUE, Regrades
from case_uploader.versions.service import Versions
from services.contracts.case_version import CaseVersion, VersionChanges
from services.contracts.regrade import RegradeView
from services.kit.jobs import Handler, JobQueue

CountLearners = Callable[[str], Awaitable[Mapping[str, int]]]
"""Case -> version -> learners whose newest check was of it."""
_SHORTEST: Final = 7
"""Fewest digits that stand for a version; a shorter name is a number."""
_LOOK: Final = 0.2
"""Seconds between two looks at a regrade."""


@dataclass(frozen=True)
class Keeping:
    """Versions of cases and regrades, for whoever has the machine. Versions have the names that `find` takes."""

    versions: Versions
    regrades: Regrades
    jobs: JobQueue
    regrading: Mapping[str, Handler]
    learners: CountLearners

    async def history(self, case: str) -> tuple[CaseVersion, ...]:
        """All versions of a case, newest first, with how many learners are on each. Raises `CaseNotFound`."""
        versions, learners = await self.versions.history(case), await self.learners(case)
        return tuple(one.model_copy(update={"learners": learners.get(one.version, 0)}) for one in versions)

    async def find(self, case: str, name: str | None) -> CaseVersion:
        """A version by its number or the beginning of its digest; None: the current one.

        Raises `CaseNotFound`, `CaseVersionNotFound`.
        """
        versions = await self.versions.history(case)
        found = [one for one in versions if _is(one, name)]
        if len(found) == 1:
            return found[0]
        if name is None:
            raise CaseVersionNotFound(f"{case} has no current version: every one was withdrawn.")
        known = ", ".join(str(one.number) for one in versions if one.number is not None)
        why = "is the beginning of several" if found else "is none"
        raise CaseVersionNotFound(f"{name[:64]!r} {why} of the versions of {case}. Its numbers: {known or 'none yet'}.")

    async def compare(self, case: str, before: str, after: str | None) -> VersionChanges:
        """What changed, and how many learners are still on the first. Raises as `find`."""
        one, other = await self.find(case, before), await self.find(case, after)
        changes = await self.versions.compare(one.version, other.version)
        return changes.model_copy(update={"affected": (await self.learners(case)).get(one.version, 0)})

    async def make_current(self, case: str, name: str, by: str) -> CaseVersion:
        """Roll back to an older version, or publish one that waits. Raises as `find`, and `AlreadyCurrent`."""
        return await self.versions.publish((await self.find(case, name)).version, by)

    async def withdraw(self, case: str, name: str, by: str, reason: str) -> CaseVersion:
        """Let nobody new get a version. Raises as `find`, and `NotPublished`."""
        return await self.versions.withdraw((await self.find(case, name)).version, by, reason)

    async def preview(self, case: str, name: str | None, by: str) -> AsyncIterator[RegradeView]:
        """Have everybody's work judged again, here or by a running Caseloop; the last view says what would change.

        It is durable: when nobody asks for the next view, the running Caseloop or the next one goes on with it. Raises
        as `find`.
        """
        regrade = await self.regrades.start((await self.find(case, name)).version, by)
        working = asyncio.create_task(self.jobs.work(REGRADE_QUEUE, self.regrading))
        try:
            while True:
                regrade = await self.regrades.get(regrade.id)
                yield regrade
                if regrade.state != "running":
                    return
                await asyncio.sleep(_LOOK)
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def apply(self, case: str, name: str | None, by: str) -> RegradeView:
        """Take over what the newest preview by this version showed. Raises as `find`, and `RegradeNotReady`."""
        version = (await self.find(case, name)).version
        last = next((one for one in await self.regrades.of_case(case) if one.version == version), None)
        if last is None:
            raise RegradeNotReady("Nobody has had the work judged by this version yet: make a preview first.")
        return await self.regrades.apply(last.id, by)


def _is(version: CaseVersion, name: str | None) -> bool:
    if name is None:
        return version.state == "current"
    if len(name) < _SHORTEST:
        return version.number is not None and str(version.number) == name
    return version.version.startswith(name)
