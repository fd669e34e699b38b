"""`caseloop chat …` on the database of a home."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from feedback import wiring
from feedback.chat.models import AuditRow, ConversationRow
from feedback.chat.staff import ChatStaff
from feedback.cli import build_chat_app
from feedback.ports import LearnersData
from services.kit.settings import Settings
from services.mentoring import wiring as mentoring_wiring
from services.progress import wiring as progress_wiring
from services.progress.sessions.models import ChoiceRow
from tests.services.chat.conftest import Desk, OpenDesk

ANSWER = "Some rows hold no price. Which of them can be used?"


@pytest.fixture
def app(tmp_path: Path) -> typer.Typer:
    """The subcommands over the home in which a desk was opened."""
    settings = Settings(home=tmp_path, _env_file=None)

    @asynccontextmanager
    async def opened() -> AsyncIterator[ChatStaff]:
        async with wiring.open_staff(settings) as staff:
            yield staff

    @asynccontextmanager
    async def elsewhere() -> AsyncIterator[tuple[LearnersData, ...]]:
        async with (
            mentoring_wiring.open_forgetting(settings) as questions,
            progress_wiring.open_forgetting(settings) as recordings,
        ):
            yield questions, recordings

    return build_chat_app(opened, elsewhere, lambda: settings)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Two learners agreed to being recorded; returns the database that says so."""
    settings = Settings(home=tmp_path, _env_file=None)

    async def choose() -> None:
        async with progress_wiring.open_forgetting(settings):
            db = progress_wiring.open_database(settings)
            async with db.write() as session:
                session.add_all(
                    ChoiceRow(learner=name, case_id="shop", record=True, chosen=datetime.now(UTC))
                    for name in ("ada", "bob")
                )
            await db.close()

    asyncio.run(choose())
    return tmp_path / "progress.sqlite"


@pytest.fixture
def talked(open_desk: OpenDesk) -> None:
    """Two learners have talked."""

    async def talk() -> None:
        async with open_desk([ANSWER]) as desk:
            for user in ("ada", "bob"):
                await desk.allow(user)
                await desk.ask("Why?", user=user)

    asyncio.run(talk())


def rows(open_desk: OpenDesk) -> tuple[list[str], list[tuple[str, str]]]:
    """Whose conversations there are, and the record."""

    async def read(desk: Desk) -> tuple[list[str], list[tuple[str, str]]]:
        async with desk.db.read() as session:
            learners = (await session.scalars(select(ConversationRow.learner).order_by(ConversationRow.learner))).all()
            record = (await session.scalars(select(AuditRow).order_by(AuditRow.seq))).all()
            return list(learners), [(row.who, row.action) for row in record]

    async def opened() -> tuple[list[str], list[tuple[str, str]]]:
        async with open_desk([ANSWER]) as desk:
            return await read(desk)

    return asyncio.run(opened())


@pytest.mark.usefixtures("talked")
def test_export_says_where_the_files_are(
    app: typer.Typer, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "lena")
    done = CliRunner().invoke(app, ["export", "shop"])
    assert done.exit_code == 0, done.output
    assert "2 conversations (4 messages) exported" in done.output
    file = Path(done.output.splitlines()[1].strip())
    assert {json.loads(line)["learner"] for line in file.read_text().splitlines()} == {"ada", "bob"}
    assert rows(open_desk) == (["ada", "bob"], [("lena", "export")])


@pytest.mark.usefixtures("talked")
def test_reset_asks_first(app: typer.Typer, open_desk: OpenDesk) -> None:
    refused = CliRunner().invoke(app, ["reset", "shop"], input="n\n")
    assert refused.exit_code == 1
    assert rows(open_desk)[0] == ["ada", "bob"]
    done = CliRunner().invoke(app, ["reset", "shop", "--json"], input="y\n")
    assert done.exit_code == 0, done.output
    document = json.loads(done.output[done.output.index("{") :])
    assert (document["conversations"], len(document["files"])) == (2, 1)
    assert rows(open_desk)[0] == []


@pytest.mark.usefixtures("talked")
def test_forget_leaves_the_others(app: typer.Typer, open_desk: OpenDesk, recorded: Path) -> None:
    done = CliRunner().invoke(app, ["forget", "Bob", "--yes"])
    assert done.exit_code == 0, done.output
    assert "bob: 1 conversations (2 messages)" in done.output
    assert "questions to mentors: 0 entries deleted" in done.output
    assert "recorded sessions and choices about them: 1 entries deleted" in done.output
    assert rows(open_desk)[0] == ["ada"]
    with closing(sqlite3.connect(recorded)) as connection:
        assert connection.execute("SELECT learner FROM recording_choice").fetchall() == [("ada",)]


@pytest.mark.usefixtures("talked", "recorded")
def test_forget_says_as_json_what_went_where(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["forget", "ada", "--yes", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.output[done.output.index("{") :])
    assert document["elsewhere"] == {"questions to mentors": 0, "recorded sessions and choices about them": 1}


@pytest.mark.usefixtures("talked")
def test_what_another_service_cannot_delete_is_said_before_anything_is_done(
    app: typer.Typer, tmp_path: Path, open_desk: OpenDesk
) -> None:
    (tmp_path / "mentoring.sqlite").mkdir()
    done = CliRunner().invoke(app, ["forget", "bob", "--yes"])
    assert done.exit_code == 1
    assert "✗ bob: " in done.output
    assert rows(open_desk)[0] == ["ada", "bob"]


@pytest.mark.parametrize("name", ["../shop", "Shop", "", "shop/../..", "a" * 65])
def test_what_is_no_case_is_wrong_usage(app: typer.Typer, name: str) -> None:
    for command in (["export", name], ["reset", name, "--yes"]):
        assert CliRunner().invoke(app, command).exit_code == 2


@pytest.mark.usefixtures("talked")
def test_what_cannot_be_done_is_said(app: typer.Typer, tmp_path: Path) -> None:
    # Somebody else could read what is written there.
    (tmp_path / "exports").mkdir(mode=0o755)
    done = CliRunner().invoke(app, ["export", "shop"])
    assert done.exit_code == 1
    assert "chmod 700" in done.output
