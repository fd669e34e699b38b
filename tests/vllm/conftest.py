"""One real vLLM for all tests of this folder, and the figures that they print."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.vllm.server import LOG, RealServer

_FIGURES: list[str] = []


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    folder: Path = tmp_path_factory.mktemp("vllm")
    LOG.unlink(missing_ok=True)
    server = RealServer(folder)
    server.start()
    _FIGURES.append(f"vLLM healthy after {server.start_seconds:.1f} s")
    yield server
    server.stop()


@pytest.fixture
def figure() -> Callable[[str], None]:
    """Keeps one line for the end of the run."""
    return _FIGURES.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("figures")
    for line in _FIGURES:
        terminalreporter.write_line(line)
