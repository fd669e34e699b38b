"""Environments that sandboxes of this machine show at this moment, whatever the database says about them."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def shown_in_sandboxes(root: Path) -> set[str]:
    """Digests of the environments below `root` that are mounted for some process.

    A learner's kernel goes on in the environment that it was started in when the version has got another one since.
    """
    place = re.compile(rf"/{re.escape(root.name)}/([0-9a-f]{{64}})(?=[ /])")
    found: set[str] = set()
    for process in _PROC.iterdir():
        if process.name.isdigit():
            # it may have ended meanwhile, or be somebody else's
            with suppress(OSError):
                found.update(place.findall((process / "mountinfo").read_text(errors="replace")))
    return found
