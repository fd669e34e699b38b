"""A running system for the tests of one module, with two of the sample cases so that it starts quickly."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.system.caseloop_system import System

CASES = ("python-basics", "clean-regression")


@contextmanager
def small_system(project: Path, *cases: str, **variables: str) -> Iterator[System]:
    """Yields a system that is not started yet; stopped and removed at the end, whatever happened."""
    # a short path: unix sockets allow 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="cl-"))
    for case in cases or CASES:
        shutil.copytree(project / "cases" / case, folder / "cases" / case)
    system = System(project, folder / "home", CASELOOP_CASES=str(folder / "cases"), **variables)
    try:
        yield system
    finally:
        system.end()
        shutil.rmtree(folder, ignore_errors=True)
