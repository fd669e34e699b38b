"""Virtual environments made by uv, from wheels only: nothing that a package brings is run on the way."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from importlib import metadata
from pathlib import Path
from typing import Any, Final, cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from case_uploader.adapters.child_lines import ChildFailed, lines_of, passed_on
from case_uploader.environments.ports import CannotBuild

_PASSED_ON: Final = (
    *("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_CACHE_DIR"),
    *("UV_NO_INDEX", "UV_FIND_LINKS"),
)
"""All that the installer learns from our environment: where packages are. None of our keys."""
_TAIL: Final = 6
_LAB_SETTINGS: Final = Path("etc") / "jupyter" / "labconfig"


class UvBuilder:
    """`EnvironmentBuilder`: the packages of the common environment at their versions, and what a case asks for.

    Where a case names a package itself, the case decides about its version.

    Args:
        uv: the installer.
        base: the common environment of learners.
        wheels: folder of wheels that no index has: our own extension.
        seconds: longest that one build may take.
        most_bytes: largest environment.
        index: more arguments for the installer.
    """

    def __init__(
        self,
        uv: Path,
        base: Path,
        wheels: Path | None = None,
        *,
        seconds: float = 900,
        most_bytes: int = 6 * 1024**3,
        index: Sequence[str] = (),
    ) -> None:
        self._uv, self._base, self._wheels = uv, base, wheels
        self._seconds, self._most_bytes, self._index = seconds, most_bytes, tuple(index)

    def fingerprint(self) -> str:
        """Digest of the common environment's packages and of our wheels."""
        pins = [f"{name}=={version}" for name, version in sorted(self._common().items())]
        wheels = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in self._own_wheels()]
        return hashlib.sha256("\n".join([*pins, *wheels]).encode()).hexdigest()

    async def build(self, folder: Path, requirements: Sequence[str]) -> AsyncIterator[str]:
        """As `EnvironmentBuilder.build`."""
        python = (self._base / "bin" / "python").resolve()
        with tempfile.TemporaryDirectory(prefix="caseloop-build-") as scratch:
            await asyncio.to_thread(self._write_wishes, Path(scratch), requirements)
            try:
                async with asyncio.timeout(self._seconds):
                    async for line in self._run(scratch, "venv", "--python", str(python), str(folder)):
                        yield line
                    async for line in self._run(scratch, "pip", "install", *self._install(folder, Path(scratch))):
                        yield line
            except TimeoutError:
                raise CannotBuild(f"installing took longer than {self._seconds:.0f} seconds") from None
        await asyncio.to_thread(self._finish, folder)

    def _install(self, folder: Path, scratch: Path) -> list[str]:
        return [
            *("--python", str(folder / "bin" / "python"), "--only-binary", ":all:"),
            *("-r", str(scratch / "wanted.txt"), "-c", str(scratch / "pins.txt"), *self._index),
        ]

    def _write_wishes(self, scratch: Path, requirements: Sequence[str]) -> None:
        own = {canonicalize_name(wheel.name.split("-")[0]) for wheel in self._own_wheels()}
        named = {canonicalize_name(Requirement(line).name) for line in requirements}
        common = {name: version for name, version in self._common().items() if name not in own | named}
        wanted = [*common, *requirements, *(str(wheel) for wheel in self._own_wheels())]
        (scratch / "wanted.txt").write_text("\n".join(wanted) + "\n")
        (scratch / "pins.txt").write_text("".join(f"{name}=={version}\n" for name, version in common.items()))

    def _common(self) -> Mapping[str, str]:
        paths = [str(path) for path in sorted(self._base.glob("lib/python3*/site-packages"))]
        found = metadata.distributions(path=paths)
        return {canonicalize_name(item.metadata["Name"]): item.version for item in found}

    def _own_wheels(self) -> list[Path]:
        return sorted(self._wheels.glob("*.whl")) if self._wheels else []

    async def _run(self, scratch: str, *words: str) -> AsyncIterator[str]:
        said: list[str] = []
        command = [str(self._uv), *words, "--no-progress", "--color", "never"]
        try:
            async with aclosing(cast("Any", lines_of(command, Path(scratch), passed_on(_PASSED_ON)))) as lines:
                async for line in lines:
                    if line.startswith("Using "):
                        # names folders of this machine, which are nobody's business
                        continue
                    said.append(line)
                    if line and not line.startswith((" ", "+", "-", "~")):
                        yield line
        except ChildFailed:
            raise CannotBuild(" ".join(" ".join(said[-_TAIL:]).split())) from None

    def _finish(self, folder: Path) -> None:
        size = sum(path.lstat().st_size for path in folder.rglob("*"))
        if size > self._most_bytes:
            raise CannotBuild(f"the environment has {size:,} bytes; {self._most_bytes:,} are allowed")
        settings = self._base / _LAB_SETTINGS
        if settings.is_dir():
            shutil.copytree(settings, folder / _LAB_SETTINGS, dirs_exist_ok=True)
