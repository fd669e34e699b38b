"""What repo2docker says while it builds, line by line, for people."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

from case_uploader.adapters.child_lines import ChildFailed, lines_of, passed_on
from case_uploader.environments.ports import CannotBuild
from case_uploader.errors import ImagesUnavailable

ENGINE_PLACE: Final = ("PATH", "HOME", "LANG", "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
"""What repo2docker learns from our environment in any case: where the engine is."""
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NOISE: Final = (
    *("--->", "Removing intermediate", "Successfully", "[Warning] One or more build-args", "{"),
    *("Picked ", "Using local repo"),
)
_TAIL: Final = 6
_FULL: Final = ("no space left on device", "disk quota exceeded")


async def built(command: Sequence[str], scratch: Path, variables: Sequence[str] = ENGINE_PLACE) -> AsyncIterator[str]:
    """Lines of repo2docker, which gets to know these variables of ours. Raises `CannotBuild`, `ImagesUnavailable`."""
    said: list[str] = []
    try:
        async with aclosing(cast("Any", lines_of(command, scratch, passed_on(variables)))) as lines:
            async for raw in lines:
                for line in _plain(raw):
                    if not line.startswith(_NOISE):
                        said.append(line)
                        yield line
    except ChildFailed:
        end = " ".join(" ".join(said[-_TAIL:]).split())
        if any(sign in end.lower() for sign in _FULL):
            raise ImagesUnavailable(
                f"The disk of the engine is full: `docker system df` shows by what. ({end})"
            ) from None
        raise CannotBuild(end) from None


def _plain(raw: str) -> list[str]:
    """The text of one line of repo2docker's log, without colours."""
    try:
        text = str(json.loads(raw)["message"])
    except (ValueError, KeyError, TypeError):
        text = raw
    return [line.strip() for line in _ANSI.sub("", text).splitlines() if line.strip()]
