"""A home with the sample cases published, made once in a test run; each system that needs it starts in a copy.

Publishing is most of what a first start takes. The learner's journey and the tests of resilience have one of them
published by `caseloop run` itself.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra.settings import EmbeddedSettings
from infra.shipped import publish_shipped
from vault.files import locked

_OWN: Final = shutil.ignore_patterns("logs", "run", "vault")
"""What no two installations share: their logs, their sockets, their authority and secrets."""


class PublishedHome:
    """What systems are copied from. The processes of one test run meet in `folder`."""

    def __init__(self, project: Path, folder: Path) -> None:
        self._project, self._folder = project, folder

    def copied_to(self, home: Path) -> None:
        """Make a home of it, which must not be there yet."""
        made = self._folder / "published-home"
        with locked(self._folder / "published-home.lock"):
            if not (made / "shipped").exists():
                self._make(made)
        shutil.copytree(made, home, symlinks=True, ignore=_OWN)

    def _make(self, home: Path) -> None:
        # A process of its own: where a browser is open, its event loop runs in this one.
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.system.published_home"],
            cwd=self._project,
            env=os.environ | {"CASELOOP_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"the sample cases could not be published:\n{done.stdout}\n{done.stderr}"


def main() -> None:
    """Publish as a first start does."""
    os.umask(0o077)
    settings = EmbeddedSettings()
    settings.prepare()
    asyncio.run(publish_shipped(settings, asyncio.Event()))


if __name__ == "__main__":
    main()
