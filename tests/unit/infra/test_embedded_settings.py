from pathlib import Path

import pytest

from infra.settings import EmbeddedSettings
from services.gateway.settings import GatewaySettings


def test_every_part_hears_what_the_projects_file_says_wherever_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("CASELOOP_GATEWAY_CHECK_BURST=3\nCASELOOP_GATEWAY_REQUEST_BURST=5\nCASELOOP_HOME=/srv/c\n")
    monkeypatch.setitem(EmbeddedSettings.model_config, "env_file", str(file))
    monkeypatch.delenv("CASELOOP_HOME", raising=False)
    monkeypatch.delenv("CASELOOP_GATEWAY_CHECK_BURST", raising=False)
    monkeypatch.setenv("CASELOOP_GATEWAY_REQUEST_BURST", "7")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    for name, value in EmbeddedSettings().variables().items():
        monkeypatch.setenv(name, value)
    assert EmbeddedSettings().home == Path("/srv/c")
    gateway = GatewaySettings()
    assert (gateway.check_burst, gateway.request_burst) == (3, 7), "the environment counts more than the file"
