"""`caseloop backup` and `caseloop restore` on one machine: what services keep, put into an empty home and compared."""

import asyncio
import io
import os
import shutil
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from typer.testing import CliRunner, Result

from infra.accounts import Accounts
from infra.audit.logs import follow
from infra.backup.embedded import MADE_AGAIN, databases
from infra.backup.keys import read_identities
from infra.backup.sealing import Unsealed
from infra.backup.work_folder import alone
from infra.cli import app
from infra.one_instance import only_instance
from infra.settings import EmbeddedSettings
from services.contracts.identity import Role
from services.kit import migrations
from services.kit.audit_chain import NOTHING, Head
from services.kit.database import Database
from tests.school_data import fill, open_school, said_by

NEVER = "f" * 64


def settings_of(home: Path) -> EmbeddedSettings:
    return EmbeddedSettings(_env_file=None, home=home)  # type: ignore[call-arg]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was used; tests copy it."""
    folder = tmp_path_factory.mktemp("kept")
    settings = settings_of(folder / "home")
    settings.prepare()
    asyncio.run(fill(settings, folder / "authors"))
    home = settings.home
    Accounts(home / "accounts.json").add("ada", Role.LEARNER)
    work = home / "homes" / "ada" / "numbers" / "work"
    (work / "notes").mkdir(parents=True)
    (work / "numbers.ipynb").write_text("{}")
    (work / "run.sh").write_text("echo hello")
    (work / "run.sh").chmod(0o755)
    (work / "notes" / "own.sqlite").write_text("a learner's own file")
    (work / "empty").mkdir()
    (work / "link").symlink_to("/etc/passwd")
    (home / "homes" / "ada" / "numbers" / "state.json").write_text('{"version": "1"}')
    for name in ("exports", "evaluations", "outbox"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
        (home / name / "file").write_text(name)
    os.utime(home / "exports" / "file", (1_000_000, 1_000_000))
    (home / "logs" / "hub.log").write_text("what nobody misses")
    with closing(sqlite3.connect(home / "hub.sqlite")) as hub:
        hub.execute("CREATE TABLE users (name TEXT)")
        hub.execute("INSERT INTO users VALUES ('ada')")
        hub.commit()
    return home


@pytest.fixture
def home(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, which commands work on."""
    found = tmp_path / "home"
    shutil.copytree(kept, found, symlinks=True, ignore=shutil.ignore_patterns("run", "backup"))
    monkeypatch.setenv("CASELOOP_HOME", str(found))
    return found


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The private key; the public one is beside it."""
    done = caseloop("backup", "keygen", tmp_path / "key.txt")
    assert done.exit_code == 0, done.output
    (tmp_path / "public.txt").write_text(done.stdout)
    return tmp_path / "key.txt"


def caseloop(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def backed_up(key: Path, name: str = "backup.age") -> Path:
    file = key.with_name(name)
    done = caseloop("backup", "create", file, "--recipient", key.with_name("public.txt"))
    assert done.exit_code == 0, done.output
    return file


def restored(file: Path, key: Path, into: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Result:
    monkeypatch.setenv("CASELOOP_HOME", str(into))
    return caseloop("restore", file, "--identity", key, *more)


def files_of(home: Path) -> dict[str, Any]:
    """Everything that a backup holds as files: name -> what it is."""
    found: dict[str, Any] = {}
    known = databases(home)
    for above, folders, files in os.walk(home):
        for place in (Path(above, name) for name in (*folders, *files)):
            own = str(place.relative_to(home))
            if own.split("/")[0] in MADE_AGAIN or own.endswith(("-wal", "-shm")):
                continue
            state = place.lstat()
            permissions = stat.S_IMODE(state.st_mode) if own.startswith("homes/") else 0
            if stat.S_ISLNK(state.st_mode):
                found[own] = place.readlink()
            elif place.is_dir() or place in known:
                found[own] = permissions
            else:
                found[own] = (permissions, place.read_bytes())
    return found


def rows_of(home: Path) -> dict[str, list[str]]:
    """Database -> all that is in it, as SQL."""
    found = {}
    for file in databases(home):
        with closing(sqlite3.connect(file)) as database:
            found[str(file.relative_to(home))] = list(database.iterdump())
    return found


async def broken_logs(settings: EmbeddedSettings) -> list[str]:
    return [f"{one.service}: {one.broken}" for one in await follow(settings, {}) if one.broken]


def test_all_that_is_kept_comes_back_in_an_empty_home_and_services_answer_from_it(home, key, tmp_path, monkeypatch):
    before = asyncio.run(said_by(settings_of(home)))
    file, rows = backed_up(key), rows_of(home)
    assert len(before["history of ada"]) == 3
    assert {"case coffee-sales", "data coffee-sales data/sales.csv"} <= set(before)
    done = restored(file, key, tmp_path / "elsewhere" / "new", monkeypatch)
    assert done.exit_code == 0, done.output
    new = tmp_path / "elsewhere" / "new"
    assert rows_of(new) == rows
    services = ("dashboard", "feedback", "hub", "mentoring", "progress")
    assert set(rows) == {"cases/cases.sqlite", *(f"{name}.sqlite" for name in services)}
    assert files_of(new) == files_of(home)
    assert (new / "exports" / "file").stat().st_mtime == 1_000_000
    assert not (new / "logs" / "hub.log").exists()
    assert [place for place in new.rglob("*") if "homes" not in place.parts and place.stat().st_mode & 0o077] == []
    assert asyncio.run(said_by(settings_of(new))) == before
    assert asyncio.run(broken_logs(settings_of(new))) == []
    assert Accounts(new / "accounts.json").add("bob", Role.LEARNER)
    assert [one.name for one in (tmp_path / "elsewhere").iterdir()] == ["new"]


def test_it_is_a_file_that_age_and_tar_read_and_nobody_without_the_key(home, key):
    file = backed_up(key)
    with file.open("rb") as sealed:
        plain = Unsealed(sealed, read_identities(key))
        whole = b"".join(iter(lambda: plain.read(1 << 20), b""))
    with tarfile.open(fileobj=io.BytesIO(whole), mode="r:gz") as tar:
        names = tar.getnames()
    assert (names[0], names[-1]) == ("caseloop.json", "end.json")
    assert "files/homes/ada/numbers/work/numbers.ipynb" in names
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"ada" not in file.read_bytes()
    assert (home / "backup").is_dir()
    assert [one.name for one in (home / "backup").iterdir()] == ["lock"]


def test_nothing_is_torn_while_services_write_and_objects_are_deleted(home, key, tmp_path, monkeypatch):
    """Learners save all the time, and a budget of nothing deletes each older state with its object at once."""
    monkeypatch.setenv("CASELOOP_PROGRESS_NOTEBOOK_BUDGET", "1")
    file = tmp_path / "busy.age"

    async def busy() -> tuple[Result, int]:
        ended, saves, busy_users = asyncio.Event(), 0, set[str]()

        async def write(user: str) -> None:
            nonlocal saves
            number = 0
            while not ended.is_set():
                number += 1
                await school.save(user, f"mean = {number}  # {user}, busy")
                if number % 5 == 0:
                    await school.ask(user, await school.work(user, f"busy = {number}"))
                saves += 1
                busy_users.add(user)
                await asyncio.sleep(0.1)  # a state lives as long, which is short already for one that is saved by hand

        async with open_school(settings_of(home)) as school:
            writers = [asyncio.create_task(write(user)) for user in ("ada", "lena", "bob")]
            async with asyncio.timeout(60):
                while busy_users != {"ada", "lena", "bob"}:
                    await asyncio.sleep(0.01)
            started = saves
            done = await asyncio.to_thread(
                caseloop, "backup", "create", file, "--recipient", key.with_name("public.txt")
            )
            while saves == started:
                await asyncio.sleep(0.01)
            ended.set()
            await asyncio.gather(*writers)
        return done, saves - started

    done, written = asyncio.run(busy())
    assert done.exit_code == 0, done.output
    assert written > 0
    new = tmp_path / "new"
    done = restored(file, key, new, monkeypatch)
    assert done.exit_code == 0, done.output
    said = asyncio.run(said_by(settings_of(new)))  # reads every object that any row names
    assert len(said["history of ada"]) >= 3
    assert len(said["notebooks of ada"]) == 1
    asked = {question.submission for user in ("ada", "lena") for question in said[f"questions of {user}"]}
    handed_in = {one.submission for user in ("ada", "lena") for one in said[f"history of {user}"]}
    assert asked <= handed_in  # of two services, at one moment
    assert asyncio.run(broken_logs(settings_of(new))) == []


def test_an_object_that_rows_name_and_nobody_has_is_named_and_the_rest_is_kept(home, key, tmp_path, monkeypatch):
    lost = next(place for place in (home / "objects" / "progress").glob("??/*") if len(place.parent.name) == 2)
    lost.unlink()
    file = tmp_path / "lacking.age"
    done = caseloop("backup", "create", file, "--recipient", key.with_name("public.txt"))
    digest = lost.parent.name + lost.name
    assert (done.exit_code, digest in done.output) == (1, True)
    done = caseloop("backup", "verify", file, "--identity", key)
    assert (done.exit_code, digest in done.output) == (1, True)
    done = restored(file, key, tmp_path / "new", monkeypatch)
    assert (done.exit_code, digest in done.output) == (1, True)
    assert rows_of(tmp_path / "new") == rows_of(home)


def test_a_backup_replaces_nothing_and_does_not_lie_in_what_it_is_of(home, key, tmp_path):
    file = backed_up(key)
    content = file.read_bytes()
    public = key.with_name("public.txt")
    done = caseloop("backup", "create", file, "--recipient", public)
    assert (done.exit_code, "is there already" in done.output) == (1, True)
    assert file.read_bytes() == content
    done = caseloop("backup", "create", home / "backup.age", "--recipient", public)
    assert (done.exit_code, "be lost with it" in done.output) == (1, True)
    done = caseloop("backup", "create", tmp_path / "absent" / "file", "--recipient", public)
    assert (done.exit_code, "there is no folder" in done.output) == (1, True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["backup.age", "home", "key.txt", "public.txt"]


def test_in_a_folder_only_the_newest_are_kept_and_strange_files_stay(home, key, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [folder / f"caseloop-2026010{day}T000000Z.age" for day in (1, 2, 3)]
    for file in (*old, folder / "notes.txt", folder / f".{old[0].name}.0123456789ab.part"):
        file.write_text("x")
    done = caseloop("backup", "create", folder, "--recipient", key.with_name("public.txt"), "--keep", "2")
    assert done.exit_code == 0, done.output
    left = sorted(one.name for one in folder.iterdir())
    assert left[0] == old[2].name
    assert (len(left), left[-1]) == (3, "notes.txt")


def test_a_home_in_use_is_left_alone_unless_it_is_to_be_replaced(home, key, tmp_path, monkeypatch):
    file = backed_up(key)
    before = files_of(home)
    done = restored(file, key, home, monkeypatch)
    assert (done.exit_code, "is in use: it holds accounts.json" in done.output) == (1, True)
    assert files_of(home) == before
    (home / "accounts.json").write_text("changed since")
    done = restored(file, key, home, monkeypatch, "--replace")
    assert done.exit_code == 0, done.output
    assert files_of(home) == before
    (aside,) = tmp_path.glob("home.before-restore-*")
    assert (aside / "accounts.json").read_text() == "changed since"
    assert str(aside) in done.output


def test_a_home_that_runs_is_not_restored_into(home, key, monkeypatch):
    file = backed_up(key)
    with only_instance(settings_of(home)):
        done = restored(file, key, home, monkeypatch, "--replace")
    assert (done.exit_code, "Caseloop runs already" in done.output) == (1, True)


def test_a_home_that_holds_only_what_is_made_again_is_empty(home, key, tmp_path, monkeypatch):
    file = backed_up(key)
    settings_of(tmp_path / "new").prepare()
    done = restored(file, key, tmp_path / "new", monkeypatch)
    assert done.exit_code == 0, done.output
    assert files_of(tmp_path / "new") == files_of(home)
    assert not list(tmp_path.glob("new.before*"))


def test_a_changed_file_or_a_wrong_key_changes_nothing(home, key, tmp_path, monkeypatch):
    file = backed_up(key)
    content = file.read_bytes()
    other = tmp_path / "other.txt"
    assert caseloop("backup", "keygen", other).exit_code == 0
    new = tmp_path / "new"
    for changed in (content[:-1], content[: len(content) // 2], content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]):
        file.write_bytes(changed)
        done = restored(file, key, new, monkeypatch)
        assert (done.exit_code, str(file) in done.output) == (1, True)
    file.write_bytes(content)
    done = restored(file, other, new, monkeypatch)
    assert (done.exit_code, "another key" in done.output) == (1, True)
    done = restored(file, key, new, monkeypatch, "--sha256", NEVER)
    assert (done.exit_code, "is not the file that was noted" in done.output) == (1, True)
    assert not new.exists()
    assert not list(tmp_path.glob(".new*"))
    assert caseloop("backup", "verify", file, "--identity", key).exit_code == 0


def test_a_passphrase_locks_and_opens(home, key, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.backup.keys._WORK", 8)  # a second each time otherwise
    words, file = tmp_path / "words", tmp_path / "words.age"
    words.write_text("correct horse battery staple\n")
    words.chmod(0o600)
    assert caseloop("backup", "create", file, "--passphrase-file", words).exit_code == 0
    done = caseloop("backup", "verify", file, "--identity", key)
    assert (done.exit_code, "locked with a passphrase" in done.output) == (1, True)
    monkeypatch.setenv("CASELOOP_HOME", str(tmp_path / "new"))
    assert caseloop("restore", file, "--passphrase-file", words).exit_code == 0
    assert rows_of(tmp_path / "new") == rows_of(home)


@pytest.mark.parametrize(
    "arguments",
    [["create", "b"], ["create", "b", "--recipient", "age1nonsense"], ["create", "b", "--passphrase-file", "absent"]],
)
def test_what_it_is_locked_with_must_be_said_once(home, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    done = caseloop("backup", *arguments)
    assert (done.exit_code, bool(done.output.strip())) == (1, True)
    assert not (tmp_path / "b").exists()


def test_two_backups_at_once_are_refused_and_what_a_killed_one_left_is_removed(home, key, tmp_path):
    left = home / "backup" / "cut-left"
    left.mkdir(parents=True)
    (home / "backup").chmod(0o700)
    (left / "0.sqlite").write_text("rows in the open")
    with alone(home / "backup"):
        done = caseloop("backup", "create", tmp_path / "second.age", "--recipient", key.with_name("public.txt"))
    assert (done.exit_code, "another backup" in done.output) == (1, True)
    assert left.exists()
    backed_up(key)
    assert not left.exists()


def test_a_damaged_database_is_no_backup(home, key, tmp_path):
    (home / "feedback.sqlite").write_bytes(b"no database at all" * 1_000)
    file = tmp_path / "b.age"
    done = caseloop("backup", "create", file, "--recipient", key.with_name("public.txt"))
    assert (done.exit_code, file.exists()) == (1, False)
    assert "feedback.sqlite" in done.output or "databases cannot be copied" in done.output


def test_what_a_learner_puts_in_the_way_stops_nobodys_backup(home, key, tmp_path, monkeypatch):
    work = home / "homes" / "ada" / "numbers" / "work"
    os.mkfifo(work / "pipe")
    with (work / "hollow").open("wb") as hollow:
        hollow.truncate(1 << 40)
    deep = work / "deep"
    monkeypatch.chdir(tmp_path)  # and back again at the end
    for _ in range(150):
        deep.mkdir()
        os.chdir(deep)
        deep = Path("d")
    os.chdir(tmp_path)
    (work / "a\nname").write_text("x")
    done = caseloop("backup", "create", tmp_path / "b.age", "--recipient", key.with_name("public.txt"))
    assert done.exit_code == 0, done.output
    assert "work/hollow: it is no file, or claims to be far longer than it is" in done.output
    assert "lies deeper than" in done.output
    done = restored(tmp_path / "b.age", key, tmp_path / "new", monkeypatch)
    assert done.exit_code == 0, done.output
    found = tmp_path / "new" / "homes" / "ada" / "numbers" / "work"
    assert (found / "a\nname").read_text() == "x"
    assert not (found / "pipe").exists()


def test_a_folder_that_the_operator_moved_and_linked_is_kept(home, key, tmp_path, monkeypatch):
    before = files_of(home)
    (home / "homes").rename(tmp_path / "bigger-disk")
    (home / "homes").symlink_to(tmp_path / "bigger-disk")
    file = backed_up(key)
    done = restored(file, key, tmp_path / "new", monkeypatch)
    assert done.exit_code == 0, done.output
    assert files_of(tmp_path / "new") == before


def test_tables_of_an_older_caseloop_are_restored_and_brought_up_to_date_at_the_start(home, key, tmp_path, monkeypatch):
    """An archive of before the newest migration, as an older Caseloop made it."""
    newest = migrations.migrations_of("services.progress")
    (home / "progress.sqlite").unlink()
    for beside in home.glob("progress.sqlite-*"):
        beside.unlink()

    async def older() -> None:
        db = Database(f"sqlite+aiosqlite:///{home / 'progress.sqlite'}")
        async with db.write() as session:
            await (await session.connection()).run_sync(migrations.upgrade, "services.progress", newest[1])
        await db.close()

    asyncio.run(older())
    public = key.with_name("public.txt")
    done = caseloop("backup", "create", tmp_path / "b.age", "--recipient", public)
    assert (done.exit_code, f"at {newest[1]} and this Caseloop has them at {newest[0]}" in done.output) == (1, True)
    monkeypatch.setattr("infra.backup.embedded.require_newest", lambda *_: None)
    monkeypatch.setattr("infra.backup.embedded.end_of", AsyncMock(return_value=Head(0, 0, NOTHING)))
    done = caseloop("backup", "create", tmp_path / "b.age", "--recipient", public)
    assert done.exit_code == 0, done.output
    done = restored(tmp_path / "b.age", key, tmp_path / "new", monkeypatch)
    assert done.exit_code == 0, done.output
    assert asyncio.run(said_by(settings_of(tmp_path / "new")))["history of ada"] == ()
