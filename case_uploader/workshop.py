"""A case folder is worked on in an environment that has what it asks for."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from case_uploader.environments.furnishing import Furnished, Furnisher
from case_uploader.publish import Errand, Publisher
from case_uploader.steps import Rejected, Step

MakePublisher = Callable[[Furnished], Publisher]
"""From what a case's code runs in to a publisher that tries it there."""


class Workshop:
    """Checks and publishes case folders as `Publisher` does, each in the environment that it asks for."""

    def __init__(self, furnisher: Furnisher, publisher: MakePublisher) -> None:
        self._furnisher, self._publisher = furnisher, publisher

    async def work(self, folder: Path, errand: Errand) -> AsyncIterator[Step]:
        """Do the errand; see `Publisher.work`."""
        furnished = Furnished(None)
        async with aclosing(cast("Any", self._furnisher.furnish(folder))) as steps:
            async for step in steps:
                if isinstance(step, Furnished):
                    furnished = step
                    continue
                yield step
                if isinstance(step, Rejected):
                    return
        async with aclosing(cast("Any", self._publisher(furnished).work(folder, errand))) as steps:
            async for step in steps:
                yield step
