"""The environment that a case folder asks for: the common one, or one of its own, which is made if need be."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from packaging.requirements import Requirement

from case_uploader.environments.ports import CannotBuild
from case_uploader.environments.shelf import EnvironmentShelf, Ready
from case_uploader.format.declarations import checked_declarations
from case_uploader.format.problem import Problems
from case_uploader.format.requirements_file import (
    LearnerEnvironment,
    no_image,
    no_stock_image,
    read_requirements,
    unresolvable,
)
from case_uploader.images.shelf import ImageShelf, ReadyImage
from case_uploader.steps import Building, Built, Rejected

_LINE: Final = 500
"""Longest line of an installer that is told."""
OpenEnvironment = Callable[[Path], LearnerEnvironment]


@dataclass(frozen=True)
class Furnished:
    """What the case's code runs in."""

    environment: LearnerEnvironment | None
    """What is installed there; None: nobody knows."""
    digest: str | None = None
    """Of an environment of its own; None: the common one."""
    folder: Path | None = None
    """Where one of its own is; None: the common one."""
    image: str | None = None
    """`sha256:…` of the image that learners' containers get; None: the common one, or there are no containers."""


class Furnisher:
    """Finds or makes the environments of case folders.

    Without a shelf the common environment is the only one, and what it lacks is a problem of the case. With `images`
    an environment of a case's own gets an image of the same packages, too; and so does a case with files for
    repo2docker's own packs, where these are allowed.
    """

    def __init__(
        self,
        common: LearnerEnvironment | None,
        shelf: EnvironmentShelf | None = None,
        open_environment: OpenEnvironment | None = None,
        images: ImageShelf | None = None,
    ) -> None:
        self._common, self._shelf, self._open, self._images = common, shelf, open_environment, images

    async def furnish(self, case: Path) -> AsyncIterator[Building | Built | Furnished | Rejected]:
        """Steps of the build, if there is one; the last is what the case gets, or why it gets none.

        Raises `ImagesUnavailable`.
        """
        requirements = await asyncio.to_thread(self._unmet, case)
        problems = Problems()
        declared = await asyncio.to_thread(self._declared, case, problems)
        if problems.errors:
            yield Rejected(problems=problems.errors)
            return
        if not requirements or self._shelf is None or self._open is None:
            async for step in self._common_one({} if requirements else declared):
                yield step
            return
        yield Building(requirements=requirements)
        ready: Ready | None = None
        try:
            async with aclosing(cast("Any", self._shelf.get(requirements))) as lines:
                async for line in lines:
                    if isinstance(line, Ready):
                        ready = line
                    else:
                        yield Building(requirements=requirements, line=line[:_LINE])
        except CannotBuild as error:
            yield Rejected(problems=(unresolvable(str(error)),))
            return
        assert ready is not None, "a build ends with an environment"
        furnished = Furnished(self._open(ready.folder), ready.digest, ready.folder)
        if self._images is None:
            yield Built(digest=ready.digest, fresh=ready.fresh)
            yield furnished
            return
        async for step in self._with_image(requirements, declared, furnished, self._images, fresh=ready.fresh):
            yield step

    async def _common_one(self, declared: Mapping[str, str]) -> AsyncIterator[Building | Built | Furnished | Rejected]:
        """The common environment, which may need an image of its own all the same."""
        if not declared or self._images is None or self._common is None:
            yield Furnished(self._common)
            return
        async for step in self._with_image((), declared, Furnished(self._common), self._images, fresh=False):
            yield step

    async def _with_image(
        self,
        requirements: tuple[str, ...],
        declared: Mapping[str, str],
        furnished: Furnished,
        images: ImageShelf,
        *,
        fresh: bool,
    ) -> AsyncIterator[Building | Built | Furnished | Rejected]:
        assert furnished.environment is not None, "it is there, or was made a moment ago"
        packages = await asyncio.to_thread(furnished.environment.installed)
        wanted = (*requirements, *declared)
        try:
            async with aclosing(cast("Any", images.get(packages, declared))) as lines:
                async for line in lines:
                    if isinstance(line, ReadyImage):
                        yield Built(digest=furnished.digest, fresh=fresh or line.fresh, image=line.digest)
                        yield replace(furnished, image=line.digest)
                    else:
                        yield Building(requirements=wanted, line=f"image: {line}"[:_LINE])
        except CannotBuild as error:
            yield Rejected(problems=(no_stock_image(str(error)) if declared else no_image(str(error)),))

    def _declared(self, case: Path, problems: Problems) -> Mapping[str, str]:
        """What repo2docker's own packs are to read; empty where they are not allowed."""
        if self._images is None or not self._images.stock_packs:
            return {}
        return checked_declarations(case, problems)

    def at_hand(self, case: Path) -> Furnished | None:
        """What the case gets without anything being made for it; None when something would have to be."""
        requirements = self._unmet(case)
        if not requirements or self._shelf is None or self._open is None:
            return Furnished(self._common)
        ready = self._shelf.find(requirements)
        if ready is None:
            return None
        return Furnished(self._open(ready.folder), ready.digest, ready.folder)

    def _unmet(self, case: Path) -> tuple[str, ...]:
        """All requirements, where the common environment does not meet one of them and they can be read."""
        if self._common is None:
            return ()
        problems = Problems()
        lines = read_requirements(case, None, problems)
        unmet = any(self._lacks(Requirement(line)) for line in lines)
        return lines if unmet and not problems.errors else ()

    def _lacks(self, requirement: Requirement) -> bool:
        assert self._common is not None
        applies = requirement.marker is None or requirement.marker.evaluate()
        return applies and self._common.unmet(requirement) is not None
