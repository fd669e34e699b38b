from pathlib import Path

import pytest

from infra.machine import CannotStart, check_machine
from infra.settings import EmbeddedSettings


def _environment(folder: Path, base: str) -> Path:
    """A virtual environment whose Python says that it is installed in `base`."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "{base}"\n')
    python.chmod(0o755)
    (folder / "pyvenv.cfg").write_text(f"home = {base}/bin\n")
    return folder


def test_a_python_that_checks_cannot_show_is_told_before_anything_starts(tmp_path: Path) -> None:
    env = _environment(tmp_path / "env", "/tmp/pythons/3.12")
    with pytest.raises(CannotStart, match="make the environment with a Python of another place"):
        check_machine(EmbeddedSettings(home=tmp_path / "home", learner_env=env))


def test_an_environment_that_is_not_there_is_told_with_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="run `make setup`"):
        check_machine(EmbeddedSettings(home=tmp_path / "home", learner_env=tmp_path / "nowhere"))
