"""Compose itself reads docker-compose.yml; needs its plugin (2.24 or newer), as a deployment does."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.compose


def test_compose_understands_the_file(project: Path) -> None:
    done = subprocess.run(
        ["docker", "compose", "--profile", "*", "config", "--quiet"],
        cwd=project,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "DOCKER_GROUP": "999"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
