import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.kit.settings import Settings
from vault.errors import VaultError


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("CASELOOP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_no_variable_and_are_absolute(tmp_path):
    settings = Settings()
    assert (settings.home, settings.mode) == (tmp_path / ".caseloop", "embedded")
    assert settings.learner_env == tmp_path / ".venv-learner"


def test_variables_and_nested_variables_are_read(monkeypatch):
    monkeypatch.setenv("CASELOOP_HOME", "/srv/c")
    monkeypatch.setenv("CASELOOP_LOGS__LEVEL", "debug")
    monkeypatch.setenv("CASELOOP_TLS__SERVICE_LIFETIME", "PT5M")
    settings = Settings()
    assert settings.home == Path("/srv/c")
    assert settings.run_dir == Path("/srv/c/run")
    assert settings.socket("gateway") == Path("/srv/c/run/gateway.sock")
    assert settings.leaf("gateway") == Path("/srv/c/run/gateway.pem")
    assert settings.logs.level == "debug"
    assert settings.tls.service_lifetime == timedelta(minutes=5)


def test_a_file_of_variables_is_read_and_the_environment_wins(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("CASELOOP_LOGS__FORMAT=json\nCASELOOP_HOME=/srv/file\nOTHER=1\n")
    monkeypatch.setenv("CASELOOP_HOME", "/srv/environment")
    settings = Settings()
    assert (settings.logs.format, settings.home) == ("json", Path("/srv/environment"))


@pytest.mark.parametrize(
    ("name", "value"), [("MODE", "prod"), ("LOGS__LEVEL", "loud"), ("TLS__SERVICE_LIFETIME", "P30D")]
)
def test_a_wrong_value_is_refused_with_its_name(monkeypatch, name, value):
    monkeypatch.setenv(f"CASELOOP_{name}", value)
    with pytest.raises(ValidationError, match=name.split("__")[-1].lower()):
        Settings()


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().home = Path("/elsewhere")  # type: ignore[misc]


def test_a_deep_home_gets_a_short_run_folder_the_same_for_every_process(tmp_path):
    deep = tmp_path / ("d" * 90)
    first, second = Settings(home=deep), Settings(home=deep)
    assert first.run_dir == second.run_dir
    assert first.run_dir.parent == Path(tempfile.gettempdir())
    assert len(os.fsencode(first.socket("a-service-with-a-name"))) < 100
    assert Settings(home=deep / "other").run_dir != first.run_dir


def test_every_socket_path_fits_whatever_the_home(tmp_path):
    for length in range(1, 120, 7):
        settings = Settings(home=Path("/") / ("h" * length))
        assert len(os.fsencode(settings.socket("supervisor"))) <= 100


def test_a_chosen_run_folder_that_is_too_long_is_refused():
    with pytest.raises(ValidationError, match="too long for unix sockets"):
        Settings(run_dir=Path("/" + "r" * 90))


def test_prepare_makes_private_folders(tmp_path):
    settings = Settings()
    settings.prepare()
    settings.prepare()
    assert {folder.stat().st_mode & 0o777 for folder in (settings.home, settings.run_dir)} == {0o700}


def test_prepare_refuses_a_run_folder_that_somebody_else_may_write_to(tmp_path):
    settings = Settings(home=tmp_path / "home", run_dir=Path(tempfile.mkdtemp(prefix="cl-")))
    settings.run_dir.chmod(0o777)
    try:
        with pytest.raises(VaultError, match="chmod 700"):
            settings.prepare()
    finally:
        settings.run_dir.rmdir()
