"""Compose itself reads docker-compose.yml, with all profiles, whatever stands in `.env`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docker.compose_program import compose_program

GIVEN = {
    "HUB_HOST": "h.test", "SIGN_IN_HOST": "s.test", "DESK_HOST": "d.test", "WILDCARD_DOMAIN": "*.h.test",
    "SIGN_IN_ADMINS": "192.0.2.0/24 198.51.100.7", "ACME_EMAIL": "it@school.test", "FRONT_NETWORK": "10.9.8",
    "STATE": "/srv/state", "CASELOOP_MODEL_KIND": "vllm", "CASELOOP_CHECKS_ISOLATION": "docker",
}  # fmt: skip


def read(project: Path, folder: Path, **given: str) -> "subprocess.CompletedProcess[str]":
    """What Compose makes of the file where nothing else lies beside it."""
    shutil.copy(project / "docker-compose.yml", folder)
    return subprocess.run(
        [*compose_program(), "--profile", "*", "config", "--format", "json"],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("given", [{}, GIVEN], ids=["nothing", "all"])
def test_compose_understands_the_file(project: Path, tmp_path: Path, given: dict[str, str]) -> None:
    said = read(project, tmp_path, DOCKER_GROUP="999", **given)
    # no warning, either
    assert (said.returncode, said.stderr) == (0, "")
    services = json.loads(said.stdout)["services"]
    assert len(services) > 20
    address = f"{given.get('FRONT_NETWORK', '172.30.69')}.2"
    assert services["reverse-proxy"]["networks"]["front"]["ipv4_address"] == address
    assert services["hub"]["environment"]["CASELOOP_TRUSTED_PROXIES"] == address
    desk = given.get("DESK_HOST")
    assert services["hub"]["environment"]["CASELOOP_DASHBOARD_ADDRESS"] == (f"https://{desk}" if desk else "")


def test_it_says_what_must_be_given(project: Path, tmp_path: Path) -> None:
    said = read(project, tmp_path)
    assert said.returncode != 0
    assert "the group that owns /var/run/docker.sock" in said.stderr
