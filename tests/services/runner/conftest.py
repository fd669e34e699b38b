from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.runner.service import Runner
from services.runner.settings import RunnerSettings


class Shelf:
    """A data source of the tests: files by digest, and how often each was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def data(self, digest: str) -> AsyncIterator[bytes]:
        self.asked.append(digest)
        content = self.files[digest]
        for start in range(0, len(content), 1_000):
            yield content[start : start + 1_000]


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture(scope="module")
def settings(project: Path, tmp_path_factory: pytest.TempPathFactory) -> RunnerSettings:
    cache = tmp_path_factory.mktemp("runner-cache")
    return RunnerSettings(learner_env=project / ".venv-learner", cache=cache, spares=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(settings: RunnerSettings, shelf: Shelf) -> AsyncIterator[Runner]:
    async with Runner(settings, shelf) as opened:
        yield opened
