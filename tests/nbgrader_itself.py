"""nbgrader as its users have it, in an environment of its own that set-up for development makes."""

import os
import subprocess
from pathlib import Path

from infra.set_up import NBGRADER


def quickstart(folder: Path, *options: str) -> Path:
    """Have `nbgrader quickstart` make its example course in the folder; returns the source of the assignment in it."""
    nbgrader(folder, "-m", "nbgrader", "quickstart", "course", *options)
    return folder / "course" / "source" / "ps1"


def nbgrader(folder: Path, *words: str) -> str:
    """Run nbgrader's Python in the folder; returns what it prints."""
    python = NBGRADER / "bin" / "python"
    assert python.exists(), "nbgrader is missing: run `make setup-dev`"
    # it starts other programs of its environment by name, and keeps settings in the home of whoever calls it
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "HOME": str(folder), "JUPYTER_PLATFORM_DIRS": "1"}
    done = subprocess.run(
        [python, *words], cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
