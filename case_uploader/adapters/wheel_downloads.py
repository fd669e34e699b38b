"""Wheels for an image, fetched outside of it: the build itself has no network and learns no address."""

import asyncio
import os
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Final, cast

from case_uploader.adapters.child_lines import ChildFailed, ChildTookTooMuch, lines_of, passed_on
from case_uploader.environments.ports import CannotBuild
from case_uploader.images.plan import Base

_PASSED_ON: Final = (
    *("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"),
    *("PIP_NO_INDEX", "PIP_CONFIG_FILE", "PIP_CACHE_DIR"),
)
"""All that pip learns from our environment: where packages are. None of our keys."""
_ALSO_CALLED: Final = (
    ("PIP_INDEX_URL", ("UV_DEFAULT_INDEX", "UV_INDEX_URL")),
    ("PIP_EXTRA_INDEX_URL", ("UV_INDEX", "UV_EXTRA_INDEX_URL")),
)
"""What the installer of environments is told counts for pip, where pip is told nothing."""
_TAIL: Final = 4


class WheelDownloads:
    """Fetches wheels by pip, whose configuration on this machine says from where.

    Args:
        python: a Python that has pip.
        wheels: folder of wheels that no index has: our own extension.
        index: more arguments for pip.
    """

    def __init__(self, python: Path, wheels: Path | None = None, *, index: Sequence[str] = ()) -> None:
        self._python, self._wheels, self._index = python, wheels, tuple(index)

    async def fetch(self, wanted: Sequence[str], base: Base, into: Path, most_bytes: int) -> AsyncIterator[str]:
        """Put wheels of `wanted` that run in the base into the folder, whose parent it uses for itself; yields lines.

        Raises `CannotBuild`, also when they are more than `most_bytes`, packed or unpacked.
        """
        if not wanted:
            return
        scratch = into.parent
        list_of_them = scratch / "wanted.txt"
        list_of_them.write_text("".join(f"{line}\n" for line in wanted))
        (scratch / "tmp").mkdir()
        too_large = CannotBuild(f"its packages need more than the {most_bytes:,} bytes that are allowed")
        said: list[str] = []
        command = [str(self._python), "-m", "pip", "download", *self._options(base, into), "-r", str(list_of_them)]
        variables = pip_variables() | {"TMPDIR": str(scratch / "tmp")}
        lines = lines_of(command, scratch, variables, lambda: _bytes_below(scratch) > most_bytes)
        try:
            async with aclosing(cast("Any", lines)) as opened:
                async for line in opened:
                    said.append(line)
                    # other lines name addresses and folders, which are nobody's business
                    if line.startswith(("Collecting ", "Processing ")):
                        yield f"fetching {Path(line.split()[1]).name}"
        except ChildTookTooMuch:
            raise too_large from None
        except ChildFailed:
            raise CannotBuild(_reason(said)) from None
        if await asyncio.to_thread(_unpacked_bytes, into) > most_bytes:
            raise too_large

    def _options(self, base: Base, into: Path) -> list[str]:
        major, minor = base.python.split(".")[:2]
        own = ("--find-links", str(self._wheels)) if self._wheels and self._wheels.is_dir() else ()
        platforms = [word for platform in base.platforms for word in ("--platform", platform)]
        return [
            *("--only-binary", ":all:", "--no-deps", "--dest", str(into)),
            *("--progress-bar", "off", "--no-color", "--no-input", "--disable-pip-version-check"),
            *("--python-version", base.python, "--implementation", "cp", "--abi", f"cp{major}{minor}", *platforms),
            *own,
            *self._index,
        ]


def pip_variables() -> dict[str, str]:
    """What pip is told by our environment."""
    told = passed_on(_PASSED_ON)
    for name, others in _ALSO_CALLED:
        for value in passed_on(others).values():
            told.setdefault(name, value)
    return told


def _reason(said: Sequence[str]) -> str:
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    return " ".join(" ".join((errors or list(said))[-_TAIL:]).split())


def _bytes_below(folder: Path) -> int:
    """What lies there at this moment, while somebody else writes and removes."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                total += Path(place, name).lstat().st_size
    return total


def _unpacked_bytes(folder: Path) -> int:
    """As the wheels say themselves. Raises `CannotBuild` for one that cannot be read."""
    total = 0
    for wheel in folder.glob("*.whl"):
        try:
            with zipfile.ZipFile(wheel) as archive:
                total += sum(member.file_size for member in archive.infolist())
        except zipfile.BadZipFile:
            raise CannotBuild(f"{wheel.name} is no wheel") from None
    return total
