"""Calls of a Docker engine, in threads, and what its refusals mean."""

import asyncio
from typing import Any, Final

import docker.errors
import requests

from spawner.case_server import CaseServer, SpawnError
from spawner.engine_errors import advice

ENGINE_FAULTS: Final = (docker.errors.DockerException, requests.RequestException)
"""What a call of the engine raises."""


class EngineCalls(CaseServer):
    """For a spawner that has a `client` of the engine."""

    client: Any

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the engine in a thread; the first call connects, and so must not hold up the Hub either."""
        return await asyncio.to_thread(lambda: getattr(self.client, method)(*args, **kwargs))

    def refused(self, error: Exception) -> SpawnError:
        """Tell the operator what the engine said, and the learner as much as helps."""
        told = advice(str(error))
        self.log.error("The engine refuses an environment for %s: %s. %s", self._log_name, error, told.operator)
        return SpawnError(told.learner)
