"""Making environments of cases: with nothing at hand, with the packages at hand, and a second time."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, Final, cast

from benchmarks.harness import CouldNotRun, Figure, Report
from case_uploader.environments.ports import CannotBuild
from case_uploader.environments.shelf import EnvironmentShelf, Ready
from case_uploader.wiring import open_shelf
from infra.settings import EmbeddedSettings

_FIRST: Final = ("humanize",)
_SECOND: Final = ("humanize", "tabulate")
"""What two cases ask for that the common environment lacks."""


def measure(report: Report, folder: Path) -> None:
    """Make them with the real installer from the package index that it is set to."""
    settings = EmbeddedSettings()
    shelf = open_shelf(settings, folder / "environments", settings.set_up_dir)
    if shelf is None:
        raise CouldNotRun("the installer is missing: run `make setup`")
    with _empty_cache(folder / "cache", quick=report.quick):
        cold, warm, again = (_made(shelf, wanted) for wanted in (_FIRST, _SECOND, _FIRST))
    note = "nothing downloaded yet" if not report.quick else "with what is at hand on this machine"
    report.add("build_cold_s", Figure(cold[0], "s", note=note))
    report.add("build_warm_s", Figure(warm[0], "s", note="another case, the packages are at hand"))
    report.add("build_again_ms", Figure(again[0] * 1e3, "ms", note="another case with equal requirements"))
    report.add("builds_for_equal_requirements", Figure(float(again[1]), target=0, note="beyond the first"))


@contextmanager
def _empty_cache(folder: Path, *, quick: bool) -> Iterator[None]:
    """The installer's downloads go there; a quick run has no time for them."""
    before = os.environ.get("UV_CACHE_DIR")
    if not quick:
        os.environ["UV_CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("UV_CACHE_DIR", None)
        if before is not None:
            os.environ["UV_CACHE_DIR"] = before


def _made(shelf: EnvironmentShelf, requirements: tuple[str, ...]) -> tuple[float, bool]:
    """Seconds, and whether it was built."""

    async def get() -> Ready:
        async with aclosing(cast("Any", shelf.get(requirements))) as lines:
            async for line in lines:
                if isinstance(line, Ready):
                    return line
        raise CouldNotRun("the build ended without an environment")

    start = time.perf_counter()
    try:
        ready = asyncio.run(get())
    except CannotBuild as error:
        raise CouldNotRun(f"an environment could not be made, perhaps without the package index: {error}") from error
    return time.perf_counter() - start, ready.fresh
