"""The Hub's own lines, where logs are for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONFIGURATION = """\
from infra.hub.logs import configure_hub_logs
from services.kit.settings import LogSettings

configure_hub_logs(get_config(), LogSettings(format={format!r}))
"""
SAYS = """\
import logging
import sys

import structlog
from jupyterhub.app import JupyterHub
from tornado.log import access_log

hub = JupyterHub()
hub.load_config_file(sys.argv[1])
hub.init_logging()
access_log.info("200 GET /hub/home (ada@203.0.113.5) 3.10ms")
logging.getLogger("some.library").warning("of a library")
structlog.get_logger("ours").info("of ours", case="basics")
try:
    raise ValueError("token " + "a" * 40)
except ValueError:
    hub.log.exception("%s failed", "Tidying up")
"""


def said(tmp_path: Path, project: Path, wanted: str) -> list[str]:
    """What a Hub's logger writes when it has read the configuration."""
    (tmp_path / "config.py").write_text(CONFIGURATION.format(format=wanted))
    program = [sys.executable, "-c", SAYS, str(tmp_path / "config.py")]
    ended = subprocess.run(program, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(project)}, capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stderr.decode().splitlines()


def test_every_line_is_one_object_and_hides_what_the_services_hide(tmp_path: Path, project: Path) -> None:
    lines = [json.loads(line) for line in said(tmp_path, project, "json")]
    events = {line["event"]: line for line in lines}
    assert events["200 GET /hub/home (ada@203.0.113.5) 3.10ms"]["level"] == "info"
    assert events["of a library"]["logger"] == "some.library"
    assert events["of ours"]["case"] == "basics"
    failed = events["Tidying up failed"]
    assert (failed["level"], failed["logger"]) == ("error", "JupyterHub")
    assert "ValueError" in failed["exception"]
    assert "a" * 40 not in failed["exception"]
    assert all("timestamp" in line for line in lines)


def test_for_people_the_hub_writes_as_it_always_did(tmp_path: Path, project: Path) -> None:
    assert any("JupyterHub" in line and line.startswith("[I ") for line in said(tmp_path, project, "console"))
