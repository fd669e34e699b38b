from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI

from linting.app import create_app
from linting.service import ReviewService
from linting.wiring import build_service
from services.contracts.clients.linting import LintingClient
from services.kit.app import running
from services.kit.http import in_process_client
from services.kit.settings import Settings


@pytest.fixture(scope="session")
def linting_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all tests here: mypy reads the libraries' stubs once."""
    return tmp_path_factory.mktemp("linting")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(linting_home: Path) -> AsyncIterator[FastAPI]:
    settings = Settings(_env_file=None, home=linting_home)  # type: ignore[call-arg]
    async with running(create_app(settings)) as app:
        yield app


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(app: FastAPI) -> AsyncIterator[LintingClient]:
    async with in_process_client(app, "gateway") as http:
        yield LintingClient(http)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(linting_home: Path) -> AsyncIterator[ReviewService]:
    service = build_service(linting_home)
    yield service
    await service.close()
