"""What environments made of an image share, whatever runs them: which image, how much of the machine, how much disk."""

import asyncio
from pathlib import Path
from typing import Final

from traitlets import Float, Integer, Unicode

from services.contracts.case import LearnerCase
from spawner.case_server import CaseServer
from spawner.folder_size import folder_bytes

_OF_A_TAG: Final = 24
"""Digits of an environment's digest in the tag of its image."""


class ContainedServer(CaseServer):
    """Made of the image of the case version, within limits."""

    image_name = Unicode("caseloop/learner", config=True, help="Repository of the images that learners' code runs in.")
    image_tag = Unicode("latest", config=True, help="Tag of the common image; a case's own has a digest.")
    python = Unicode("/opt/learner/bin/python", config=True, help="The Python of the learners' environment inside.")
    memory_mb = Integer(2048, config=True, help="Memory of one environment, kernels and /tmp included; no swap.")
    cpus = Float(1.0, config=True, help="Processors of one environment.")
    processes = Integer(256, config=True, help="Processes and threads of one environment.")
    disk_mb = Integer(2048, config=True, help="Size of one learner's folder, and of the largest file in it.")
    _allowed_bytes: int | None = None
    """What the folder may hold; not known after a restart of the Hub until it is looked at."""

    @property
    def scratch_bytes(self) -> int:
        """Most that /tmp and /dev/shm take of the memory, each."""
        size: int = (self.memory_mb // 2) << 20
        return size

    def tagged_image(self, case: LearnerCase) -> str:
        """The image by its tag: the common one, or the one of the packages that the case adds."""
        return f"{self.image_name}:{case.environment[:_OF_A_TAG] if case.environment else self.image_tag}"

    @property
    def inner_command(self) -> list[str]:
        """What runs in the container."""
        return [self.python, "-m", "jupyterhub.singleuser", *self.server_arguments()]

    def inside(self) -> dict[str, str]:
        """The environment's variables."""
        return self.variables(str(Path(self.python).parent))

    async def measure(self) -> None:
        """Find out what this start's folder may hold: one that is above its limit already may shrink, but not grow."""
        self._allowed_bytes = await self._measured()

    async def _measured(self) -> int:
        limit: int = self.disk_mb << 20
        return max(limit, await asyncio.to_thread(folder_bytes, self.workplace.work))

    async def look_after(self) -> None:
        """End an environment whose folder outgrew its limit."""
        if self._allowed_bytes is None:
            self._allowed_bytes = await self._measured()
        size = await asyncio.to_thread(folder_bytes, self.workplace.work, self._allowed_bytes)
        if size > self._allowed_bytes:
            self.log.error("The folder of %s is over %d MB: its environment is ended", self._log_name, self.disk_mb)
            await self.end()
