"""`caseloop audit`: an operator follows the logs, notes where they end, and is told what was done to them."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from case_uploader.models import ActionRow
from infra.audit.cli import build_audit_app
from infra.audit.logs import LOGS
from services.kit.audit_chain import Chained
from services.kit.migrations import migrate
from services.kit.settings import Settings
from services.mentoring.models import AuditRow

NOW = datetime(2026, 11, 26, 3, 4, 5, tzinfo=UTC)
DEEDS = {
    "mentoring": lambda n: AuditRow(happened=NOW, who="mia", action="edit", about=f"{n:032}", detail="old\x1b[2Jwords"),
    "cases": lambda n: ActionRow(at=NOW.replace(minute=n), by="ada", what="published", case_id="prices", version=None),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(_env_file=None, home=tmp_path / "home")
    made.prepare()
    return made


def run(settings: Settings, *arguments: str | Path) -> Result:
    return CliRunner().invoke(build_audit_app(lambda: settings), [str(argument) for argument in arguments])


def happen(settings: Settings, service: str, *numbers: int) -> None:
    asyncio.run(_happen(settings, service, [DEEDS[service](number) for number in numbers]))


async def _happen(settings: Settings, service: str, rows: list[Chained]) -> None:
    log = next(log for log in LOGS if log.service == service)
    settings.home.joinpath("cases").mkdir(exist_ok=True)
    db = log.database(settings)
    await migrate(db, log.package)
    async with db.write() as session:
        session.add_all(rows)
    await db.close()


def forge(settings: Settings, statement: str) -> None:
    with closing(sqlite3.connect(settings.home / "mentoring.sqlite")) as db:
        for deed in ("update", "delete"):
            db.execute(f"DROP TRIGGER mentoring_audit_no_{deed}")
        db.execute(statement)
        db.commit()


def test_a_new_installation_has_nothing_to_verify(settings):
    done = run(settings, "verify")
    assert (done.exit_code, done.output.count("nothing is kept yet")) == (0, len(LOGS))
    assert list(settings.home.glob("*.sqlite")) == []


def test_whole_logs_are_said_to_be_whole_and_their_ends_are_noted(settings, tmp_path):
    happen(settings, "mentoring", 1, 2, 3)
    happen(settings, "cases", 1)
    noted = tmp_path / "ends.json"
    done = run(settings, "verify", "--save", noted)
    assert done.exit_code == 0
    assert "✓ mentoring: 3 entries, the last 3 " in done.output
    assert {service: end["entries"] for service, end in json.loads(noted.read_text()).items()} == {
        "mentoring": 3,
        "cases": 1,
    }
    happen(settings, "mentoring", 4)
    assert run(settings, "verify", "--against", noted).exit_code == 0


def test_a_changed_entry_is_named(settings, tmp_path):
    happen(settings, "mentoring", 1, 2, 3)
    forge(settings, "UPDATE mentoring_audit SET who = 'eve' WHERE seq = 2")
    noted = tmp_path / "ends.json"
    done = run(settings, "verify", "--save", noted)
    assert done.exit_code == 1
    assert "✗ mentoring: mentoring_audit: entry 2 does not follow" in done.output
    assert not noted.exists()


def test_removed_last_entries_and_a_removed_log_show_against_what_was_noted(settings, tmp_path):
    happen(settings, "mentoring", 1, 2, 3)
    noted = tmp_path / "ends.json"
    run(settings, "verify", "--save", noted)
    forge(settings, "DELETE FROM mentoring_audit WHERE seq = 3")
    assert run(settings, "verify").exit_code == 0
    done = run(settings, "verify", "--against", noted)
    assert (done.exit_code, "entry 3 was there before and is gone" in done.output) == (1, True)
    for file in settings.home.glob("mentoring.sqlite*"):
        file.unlink()
    done = run(settings, "verify", "--against", noted)
    assert (done.exit_code, "mentoring: it was there before and is gone" in done.output) == (1, True)


def test_deeds_are_listed_in_order_and_cannot_move_the_cursor(settings):
    happen(settings, "cases", 3, 5)
    happen(settings, "mentoring", 1)
    lines = run(settings, "list").output.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["2026-11-26T03:03:05+00:00", "cases", "ada", "published"],
        ["2026-11-26T03:04:05+00:00", "mentoring", "mia", "edit"],
        ["2026-11-26T03:05:05+00:00", "cases", "ada", "published"],
    ]
    assert r"detail=old\x1b[2Jwords" in lines[1]
    only = run(settings, "list", "--service", "cases", "-n", "1", "--json").output
    assert json.loads(only)["more"] == {"case_id": "prices"}
    assert json.loads(only)["when"] == "2026-11-26T03:05:05+00:00"


def test_wrong_usage_is_told_apart_from_a_broken_log(settings, tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"mentoring": 3}')
    for arguments in (["list", "--service", "runner"], ["verify", "--against", wrong], ["list", "-n", "0"]):
        assert run(settings, *arguments).exit_code == 2
    (settings.home / "mentoring.sqlite").write_bytes(b"no database at all" * 100)
    done = run(settings, "verify")
    assert (done.exit_code, "the logs cannot be read" in done.output) == (1, True)
