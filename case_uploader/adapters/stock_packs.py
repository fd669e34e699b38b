"""Images that repo2docker's own packs make of `environment.yml`, `apt.txt` and `runtime.txt`: with network, as root."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

from case_uploader.adapters.image_engine import Found, ImageEngine
from case_uploader.adapters.repo2docker_lines import ENGINE_PLACE, built
from case_uploader.errors import ImagesUnavailable

STOCK_PREFIX: Final = "/srv/conda/envs/notebook"
"""Where these packs put the Python environment."""
STOCK_BASE: Final = "buildpack-deps:24.04"
"""repo2docker's own default."""
_PASSED_ON: Final = (
    *ENGINE_PLACE,
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
"""All that repo2docker learns from our environment; the proxies go into the build, and none of our keys."""


class StockPacks:
    """Makes such images on an engine, from a base that is fetched where it is not there. None of a build's secrets."""

    def __init__(self, engine: ImageEngine, base: str = STOCK_BASE) -> None:
        self._engine, self._base = engine, base

    async def find_base(self) -> Found:
        """The base as the engine has it, fetched if need be. Raises `ImagesUnavailable`."""
        found = await self._engine.inspect(self._base)
        if found is None:
            why = await self._engine.pull(self._base)
            found = await self._engine.inspect(self._base)
            if found is None:
                raise ImagesUnavailable(
                    f"repo2docker's own packs build on {self._base}, which is not here and cannot be fetched "
                    f"({' '.join(why.split())[:500] or 'no reason given'}). Fetch it, or name another Ubuntu image by "
                    "CASELOOP_IMAGES_STOCK_BASE, or publish the case without environment.yml, apt.txt and runtime.txt."
                )
        return found

    async def make(
        self, declared: Mapping[str, str], base: Found, python: str, tag: str, memory_bytes: int
    ) -> AsyncIterator[str]:
        """Make an image of that name; yields lines. `python` counts where the files name no version themselves.

        Raises `CannotBuild`, `ImagesUnavailable`.
        """
        with tempfile.TemporaryDirectory(prefix="caseloop-packs-") as folder:
            context = Path(folder) / "context"
            await asyncio.to_thread(_write, context, with_python(declared, python))
            command = [sys.executable, "-P", "-m", "case_uploader.adapters.repo2docker_stock"]
            command += [base.digest, tag, str(memory_bytes), str(context)]
            async with aclosing(cast("Any", built(command, Path(folder), _PASSED_ON))) as lines:
                async for line in lines:
                    yield line


def with_python(declared: Mapping[str, str], python: str) -> Mapping[str, str]:
    """Without a word about it the packs take a Python of their own, for which the checks' packages have no wheels."""
    if "environment.yml" in declared or "runtime.txt" in declared:
        return declared
    return {**declared, "runtime.txt": f"python-{'.'.join(python.split('.')[:2])}\n"}


def _write(context: Path, files: Mapping[str, str]) -> None:
    """Nothing of the case but these files, and so no solution."""
    context.mkdir()
    for name, text in files.items():
        (context / name).write_text(text)
