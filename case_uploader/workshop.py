"""A case folder is worked on in an environment that has what it asks for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from packaging.requirements import Requirement

from case_uploader.environments.ports import CannotBuild
from case_uploader.environments.shelf import EnvironmentShelf, Ready
from case_uploader.format.problem import Problems
from case_uploader.format.requirements_file import REQUIREMENTS_FILE, LearnerEnvironment, read_requirements
from case_uploader.publish import Errand, Publisher
from case_uploader.steps import Building, Built, Rejected, Step

MakePublisher = Callable[[LearnerEnvironment | None, str | None], Publisher]
"""From an environment and its digest (None: the common one's) to a publisher."""
OpenEnvironment = Callable[[Path], LearnerEnvironment]


class Workshop:
    """Checks and publishes case folders as `Publisher` does, after making the environment where the common one lacks.

    Without a shelf the common environment is the only one, and what it lacks is a problem of the case.
    """

    def __init__(
        self,
        common: LearnerEnvironment | None,
        publisher: MakePublisher,
        shelf: EnvironmentShelf | None = None,
        open_environment: OpenEnvironment | None = None,
    ) -> None:
        self._common, self._publisher, self._shelf, self._open = common, publisher, shelf, open_environment

    async def work(self, folder: Path, errand: Errand) -> AsyncIterator[Step]:
        """Do the errand; see `Publisher.work`."""
        environment, digest = self._common, None
        requirements = await asyncio.to_thread(self._unmet, folder)
        if requirements and self._shelf is not None and self._open is not None:
            yield Building(requirements=requirements)
            try:
                async with aclosing(cast("Any", self._shelf.get(requirements))) as lines:
                    async for line in lines:
                        if isinstance(line, Ready):
                            environment, digest = self._open(line.folder), line.digest
                            yield Built(digest=line.digest, fresh=line.fresh)
                        else:
                            yield Building(requirements=requirements, line=line[:500])
            except CannotBuild as error:
                problems = Problems()
                message = f"these packages cannot be installed together with those of the Lab: {error}"[:2_000]
                problems.add("requirement-unresolvable", message, file=REQUIREMENTS_FILE)
                yield Rejected(problems=problems.all)
                return
        async with aclosing(cast("Any", self._publisher(environment, digest).work(folder, errand))) as steps:
            async for step in steps:
                yield step

    def _unmet(self, folder: Path) -> tuple[str, ...]:
        """All requirements, where the common environment does not meet one of them and they can be read."""
        if self._common is None:
            return ()
        problems = Problems()
        lines = read_requirements(folder, None, problems)
        unmet = any(self._lacks(Requirement(line)) for line in lines)
        return lines if unmet and not problems.errors else ()

    def _lacks(self, requirement: Requirement) -> bool:
        assert self._common is not None
        applies = requirement.marker is None or requirement.marker.evaluate()
        return applies and self._common.unmet(requirement) is not None
