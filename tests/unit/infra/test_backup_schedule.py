"""When the next backup is due, and when there has been none for too long."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.backup.errors import BackupFailed, KeyRefused
from infra.backup.keys import Identity
from infra.backup.schedule import back_up, is_recent, seconds_until_due, serve_backups
from infra.backup.settings import BackupSettings
from infra.backup.targets import backups, made_at
from infra.cli import app
from infra.settings import EmbeddedSettings

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def wanted(tmp_path: Path) -> BackupSettings:
    folder, recipients = tmp_path / "backups", tmp_path / "recipients"
    folder.mkdir()
    recipients.write_text(f"{Identity.generate().recipient}\n")
    return BackupSettings(_env_file=None, folder=folder, recipients=recipients, every_hours=6, keep=2)  # type: ignore[call-arg]


def made(wanted: BackupSettings, ago: timedelta) -> Path:
    assert wanted.folder is not None
    file = wanted.folder / f"caseloop-{NOW - ago:%Y%m%dT%H%M%SZ}.age"
    file.write_text("x")
    return file


def test_the_first_is_due_at_once_and_the_next_an_interval_later(wanted: BackupSettings) -> None:
    assert wanted.folder is not None
    assert seconds_until_due(wanted.folder, wanted, NOW) == 0
    made(wanted, timedelta(hours=30))
    file = made(wanted, timedelta(hours=2))
    assert made_at(file) == NOW - timedelta(hours=2)
    assert seconds_until_due(wanted.folder, wanted, NOW) == 4 * 3_600
    assert seconds_until_due(wanted.folder, wanted, NOW + timedelta(hours=9)) == 0


def test_it_is_late_after_two_intervals(wanted: BackupSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_recent(wanted, NOW)
    made(wanted, timedelta(hours=12))
    assert is_recent(wanted, NOW)
    assert not is_recent(wanted, NOW + timedelta(seconds=1))
    assert not is_recent(wanted.model_copy(update={"folder": None}), NOW)
    assert not is_recent(wanted.model_copy(update={"folder": Path("/absent")}), NOW)
    monkeypatch.setenv("CASELOOP_BACKUP_FOLDER", str(wanted.folder))
    monkeypatch.setenv("CASELOOP_BACKUP_EVERY_HOURS", "24")
    asked = CliRunner().invoke(app, ["production", "alive", "backup"])
    assert asked.exit_code == int(datetime.now(UTC) - NOW > timedelta(hours=36))


async def test_one_that_fails_is_tried_again_and_does_not_end_it(wanted: BackupSettings, tmp_path: Path) -> None:
    assert wanted.folder is not None
    locks = [Identity.generate().recipient]
    nothing = EmbeddedSettings(_env_file=None, home=tmp_path / "absent")  # type: ignore[call-arg]
    assert not await back_up(nothing, wanted, wanted.folder, locks)
    home = EmbeddedSettings(_env_file=None, home=tmp_path / "home")  # type: ignore[call-arg]
    home.prepare()
    old = [made(wanted, timedelta(days=day)) for day in (400, 401)]
    assert await back_up(home, wanted, wanted.folder, locks)
    left = backups(wanted.folder)
    assert (len(left), left[1]) == (2, old[0])


@pytest.mark.parametrize(("missing", "named"), [("folder", "FOLDER"), ("recipients", "RECIPIENTS")])
async def test_it_does_not_start_without_knowing_where_to_and_for_whom(
    wanted: BackupSettings, tmp_path: Path, missing: str, named: str
) -> None:
    home = EmbeddedSettings(_env_file=None, home=tmp_path / "home")  # type: ignore[call-arg]
    with pytest.raises(BackupFailed, match=f"CASELOOP_BACKUP_{named} is not set"):
        await serve_backups(home, wanted.model_copy(update={missing: None}))
    with pytest.raises(BackupFailed, match="is no folder; mount it"):
        await serve_backups(home, wanted.model_copy(update={"folder": tmp_path / "absent"}))
    with pytest.raises(KeyRefused, match="cannot be read"):
        await serve_backups(home, wanted.model_copy(update={"recipients": tmp_path / "absent"}))
