"""A running system for the tests of one module, in a home that is removed at the end, whatever happened."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.system.caseloop_system import System
from tests.e2e.system.published_home import PublishedHome


@contextmanager
def small_system(project: Path, *cases: str, **variables: str) -> Iterator[System]:
    """Yields a system that is not started yet; its first start publishes these of the sample cases."""
    with _short_folder() as folder:
        (folder / "cases").mkdir()
        for case in cases:
            shutil.copytree(project / "cases" / case, folder / "cases" / case)
        with _ended(System(project, folder / "home", CASELOOP_CASES=str(folder / "cases"), **variables)) as system:
            yield system


@contextmanager
def published_system(project: Path, published: PublishedHome, **variables: str) -> Iterator[System]:
    """Yields a running system in which the sample cases were published before."""
    with _short_folder() as folder, _ended(System(project, folder / "home", **variables)) as system:
        published.copied_to(system.home)
        system.start()
        yield system


@contextmanager
def _short_folder() -> Iterator[Path]:
    # a short path: unix sockets allow 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended(system: System) -> Iterator[System]:
    try:
        yield system
    finally:
        system.end()
