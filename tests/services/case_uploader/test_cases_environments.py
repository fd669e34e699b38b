"""Environments of cases: made once for equal requirements, removed when no version needs them, never in use."""

import asyncio
import json
import os
import sys
import tarfile
import venv
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from typer.testing import CliRunner

from case_uploader.adapters.learner_environment import SitePackages
from case_uploader.adapters.uv_environments import UvBuilder
from case_uploader.app import create_app
from case_uploader.cli import build_case_app
from case_uploader.environments.furnishing import Furnisher
from case_uploader.environments.ports import CannotBuild
from case_uploader.environments.shelf import EnvironmentShelf, Ready
from case_uploader.environments.tidying import Tidying
from case_uploader.service import CaseService
from case_uploader.steps import Building, Built, Passed, Published, Rejected
from case_uploader.wiring import open_backends, publishing_service
from services.contracts.clients.cases import CasesClient
from services.kit.http import in_process_client
from services.kit.settings import Settings
from tests.wheels import wheel

DAY = 24 * 3_600


class FakeBuilder:
    """Makes a folder that looks like an environment with what was asked for installed."""

    def __init__(self) -> None:
        self.builds: list[tuple[str, ...]] = []
        self.base = "one"
        self.gate = asyncio.Event()
        self.gate.set()
        self.refusal: str | None = None

    def fingerprint(self) -> str:
        return self.base

    async def build(self, folder: Path, requirements: Sequence[str]) -> AsyncIterator[str]:
        self.builds.append(tuple(requirements))
        folder.mkdir()
        (folder / "half").touch()
        yield "Resolved 2 packages"
        await self.gate.wait()
        if self.refusal:
            raise CannotBuild(self.refusal)
        _python(folder)
        site = folder / "lib" / "python3.11" / "site-packages"
        for line in requirements:
            name = Requirement(line).name
            (site / f"{name}-9.0.dist-info").mkdir(parents=True)
            (site / f"{name}-9.0.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: 9.0\n")


def _python(folder: Path) -> None:
    """A Python that writes down where it was started and with what."""
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text('#!/bin/sh\n{ pwd; ls; echo "$@"; } > "$(dirname "$0")/../started"\n')
    python.chmod(0o755)


@pytest.fixture
def builder() -> FakeBuilder:
    return FakeBuilder()


@pytest.fixture
def shelf(tmp_path, builder) -> EnvironmentShelf:
    return EnvironmentShelf(tmp_path / "environments", builder)


async def made(shelf: EnvironmentShelf, *requirements: str) -> Ready:
    async with aclosing(shelf.get(requirements)) as lines:
        return [line async for line in lines][-1]


class TestShelf:
    async def test_equal_requirements_are_made_once_in_any_order(self, shelf, builder):
        first, second = await made(shelf, "a", "b>=2"), await made(shelf, "b>=2", "a")
        assert (first.fresh, second.fresh) == (True, False)
        assert first.digest == second.digest
        assert first.folder == second.folder
        assert len(builder.builds) == 1
        assert (await made(shelf, "a")).digest != first.digest

    async def test_those_who_ask_at_once_wait_for_one_build(self, tmp_path, builder):
        shelves = [EnvironmentShelf(tmp_path / "environments", builder) for _ in range(3)]
        done = await asyncio.gather(*(made(shelf, "a") for shelf in shelves))
        assert sorted(one.fresh for one in done) == [False, False, True]
        assert len(builder.builds) == 1

    async def test_another_common_environment_makes_another_one(self, shelf, builder):
        first = await made(shelf, "a")
        builder.base = "two"
        assert (await made(shelf, "a")).digest != first.digest

    async def test_a_build_that_fails_leaves_nothing(self, shelf, builder, tmp_path):
        builder.refusal = "no such package"
        with pytest.raises(CannotBuild, match="no such package"):
            await made(shelf, "a")
        assert [path for path in (tmp_path / "environments").iterdir() if path.is_dir()] == []

    async def test_a_build_that_was_killed_is_made_anew(self, shelf, builder):
        folder = (await made(shelf, "a")).folder
        (folder / "caseloop-ready.json").unlink()
        assert (await made(shelf, "a")).fresh
        assert len(builder.builds) == 2

    async def test_one_who_gives_up_waiting_leaves_nothing(self, shelf, builder, tmp_path):
        builder.gate.clear()
        building = asyncio.create_task(made(shelf, "a"))
        while not builder.builds:
            await asyncio.sleep(0)
        building.cancel()
        await asyncio.wait({building})
        assert [path for path in (tmp_path / "environments").iterdir() if path.is_dir()] == []

    async def test_what_is_in_use_or_was_asked_for_lately_stays(self, shelf):
        used, fresh, old = await made(shelf, "used"), await made(shelf, "fresh"), await made(shelf, "old")
        for one in (used, old):
            os.utime(one.folder / "caseloop-ready.json", (0, 0))
        assert shelf.collect({used.digest}) == [old.digest]
        assert (used.folder.is_dir(), fresh.folder.is_dir(), old.folder.is_dir()) == (True, True, False)
        # being asked for again is being used
        await made(shelf, "used")
        assert shelf.collect(set()) == []

    @pytest.mark.sandbox
    async def test_what_a_running_sandbox_shows_stays_although_no_version_needs_it_any_more(self, shelf):
        old = await made(shelf, "old")
        os.utime(old.folder / "caseloop-ready.json", (0, 0))
        command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--ro-bind", str(old.folder), "/mnt"]
        pipe = asyncio.subprocess.PIPE
        sandbox = await asyncio.create_subprocess_exec(*command, "cat", stdin=pipe, stdout=pipe)
        assert sandbox.stdin is not None
        assert sandbox.stdout is not None
        sandbox.stdin.write(b"it runs\n")
        assert await sandbox.stdout.readline() == b"it runs\n"
        assert shelf.collect(set()) == []
        await sandbox.communicate(b"")
        assert shelf.collect(set()) == [old.digest]

    async def test_what_is_being_made_is_not_removed(self, shelf, builder, tmp_path):
        builder.gate.clear()
        building = asyncio.create_task(made(shelf, "a"))
        while not builder.builds:
            await asyncio.sleep(0)
        (folder,) = (path for path in (tmp_path / "environments").iterdir() if path.is_dir())
        os.utime(folder, (0, 0))
        assert shelf.collect(set()) == []
        builder.gate.set()
        assert (await building).fresh


class TestUvBuilder:
    """The real installer, with an index of wheels on the disk."""

    @pytest.fixture
    def index(self, tmp_path) -> Path:
        folder = tmp_path / "index"
        folder.mkdir()
        wheel(folder, "common", "1.0", "VERSION = 1")
        wheel(folder, "common", "2.0", "VERSION = 2")
        wheel(folder, "special", "3.1", "import common")
        wheel(folder, "picky", "1.0", "", requires="Requires-Dist: common>=2\n")
        return folder

    @pytest.fixture
    def uv(self, project) -> Path:
        path = project / ".cache" / "setup" / "uv" / "bin" / "uv"
        assert path.exists(), "the installer is missing: run `make setup`"
        return path

    @pytest.fixture
    def base(self, tmp_path) -> Path:
        folder = tmp_path / "base"
        venv.create(folder, with_pip=False, symlinks=True)
        info = folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" / "common-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: common\nVersion: 1.0\n")
        return folder

    @pytest.fixture
    def build(self, uv, base, index, tmp_path):
        async def go(*requirements: str, **options) -> Path:
            options = {"index": ("--no-index", "--find-links", str(index)), **options}
            folder = tmp_path / "made"
            lines = UvBuilder(uv, base, **options).build(folder, requirements)
            self.said = [line async for line in lines]
            return folder

        return go

    async def test_it_has_the_common_packages_at_their_versions_and_what_was_asked_for(self, build):
        folder = await build("special>=3")
        environment = SitePackages(folder)
        assert environment.unmet(Requirement("special==3.1")) is None
        assert environment.unmet(Requirement("common==1.0")) is None
        assert any("Installed 2 packages" in line for line in self.said)
        # whoever the sandbox runs as can read it
        assert (folder / "lib").stat().st_mode & 0o005 == 0o005

    async def test_a_package_that_the_case_names_has_the_version_that_the_case_says(self, build):
        environment = SitePackages(await build("common>=2"))
        assert environment.unmet(Requirement("common==2.0")) is None

    @pytest.mark.parametrize("line", ["absent-package", "special>=99", "picky"])
    async def test_what_cannot_be_had_together_is_said_by_name_and_nothing_of_this_machine(self, build, line, tmp_path):
        with pytest.raises(CannotBuild, match=Requirement(line).name) as refused:
            await build(line)
        assert str(tmp_path / "made") not in str(refused.value)

    async def test_sources_are_not_built_for_they_would_run(self, build, index):
        folder = index / "evil-1.0"
        folder.mkdir()
        marker = index / "was-run"
        (folder / "setup.py").write_text(f"open({str(marker)!r}, 'w')")
        (folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
        with tarfile.open(index / "evil-1.0.tar.gz", "w:gz") as archive:
            archive.add(folder, "evil-1.0")
        with pytest.raises(CannotBuild, match="evil"):
            await build("evil")
        assert not marker.exists()

    async def test_what_a_package_puts_into_the_start_of_python_is_not_run(self, build, index, tmp_path):
        marker = tmp_path / "was-run"
        made = wheel(index, "sneaky", "1.0", "")
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr("sneaky.pth", f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n")
        folder = await build("sneaky")
        assert list(folder.glob("lib/*/site-packages/sneaky.pth"))
        assert not marker.exists()

    async def test_the_installer_learns_none_of_our_secrets(self, build, uv, base, tmp_path, monkeypatch):
        monkeypatch.setenv("CASELOOP_MODEL_API_KEY", "secret")
        shown = tmp_path / "shown"
        fake = tmp_path / "uv"
        fake.write_text(f"#!/bin/sh\nenv > {shown}\n")
        fake.chmod(0o755)
        (tmp_path / "made").mkdir()
        assert [line async for line in UvBuilder(fake, base).build(tmp_path / "made", ("special",))] == []
        names = {line.split("=")[0] for line in shown.read_text().splitlines()}
        assert "PATH" in names
        assert [name for name in names if "CASELOOP" in name or "TOKEN" in name or "KEY" in name] == []

    async def test_size_and_time_are_limited(self, build, base, tmp_path):
        with pytest.raises(CannotBuild, match="are allowed"):
            await build("special", most_bytes=10)
        slow = tmp_path / "slow"
        slow.write_text("#!/bin/sh\nsleep 600 & wait\n")
        slow.chmod(0o755)
        with pytest.raises(CannotBuild, match="took longer"):
            [line async for line in UvBuilder(slow, base, seconds=0.2).build(tmp_path / "other", ("special",))]

    def test_the_fingerprint_is_that_of_the_common_environment(self, uv, base):
        before = UvBuilder(uv, base).fingerprint()
        assert before == UvBuilder(uv, base).fingerprint()
        info = next(base.glob("lib/*/site-packages/common-1.0.dist-info"))
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: common\nVersion: 1.1\n")
        assert UvBuilder(uv, base).fingerprint() != before


@pytest.fixture
def common(tmp_path) -> Path:
    """The common environment: pandas and nothing else."""
    folder = tmp_path / "common"
    info = folder / "lib" / "python3.11" / "site-packages" / "pandas-3.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: pandas\nVersion: 3.0\n")
    (info.parent / "pandas").mkdir()
    (info.parent / "pandas" / "__init__.py").touch()
    return folder


class TestPublishing:
    @pytest.fixture
    def service(self, bench, shelf, common):
        return publishing_service(bench.backends, bench.feedback, SitePackages(common), shelf)

    async def steps(self, service, folder: Path):
        return [step async for step in service.publish(folder)]

    async def test_a_case_for_which_the_common_one_suffices_makes_none(self, bench, service, builder, case_folder):
        (case_folder / "requirements.txt").write_text("pandas>=3\n")
        end = (await self.steps(service, case_folder))[-1]
        assert isinstance(end, Published)
        assert builder.builds == []
        assert (await bench.clients["feedback"].author(end.summary.version)).environment is None

    async def test_one_that_asks_for_more_is_tried_in_its_own_and_so_are_its_learners(
        self, bench, service, shelf, builder, case_folder
    ):
        (case_folder / "requirements.txt").write_text("pandas>=3\nwordfreq\n")
        steps = await self.steps(service, case_folder)
        # its builder makes no modules, and the notebook imports one
        assert [type(step) for step in steps if isinstance(step, Building | Built)] == [Building, Building, Built]
        assert builder.builds == [("pandas>=3", "wordfreq")]

    async def test_the_digest_goes_with_the_version_and_keeps_the_environment(self, bench, service, shelf, case_folder):
        notebook = case_folder / "solution.ipynb"
        for path in (notebook, case_folder / "variants" / "with-loops.ipynb"):
            path.write_text(path.read_text().replace("import pandas as pd", "import json as pd"))
        (case_folder / "requirements.txt").write_text("wordfreq\n")
        end = (await self.steps(service, case_folder))[-1]
        assert isinstance(end, Published), end
        author = await bench.clients["feedback"].author(end.summary.version)
        learner = await bench.clients["hub"].learner(end.summary.version)
        assert author.environment == learner.environment == shelf.digest(("wordfreq",))
        tidying = Tidying(bench.backends.database, shelf)
        (ready,) = (path for path in shelf._root.iterdir() if path.is_dir())
        os.utime(ready / "caseloop-ready.json", (0, 0))
        assert await tidying.once() == []
        assert ready.is_dir()

    async def test_requirements_that_cannot_be_met_are_a_problem_of_that_file(self, service, builder, case_folder):
        builder.refusal = "wordfreq needs python 2"
        (case_folder / "requirements.txt").write_text("wordfreq\n")
        end = (await self.steps(service, case_folder))[-1]
        assert isinstance(end, Rejected)
        (problem,) = end.problems
        assert (problem.file, problem.rule) == ("requirements.txt", "requirement-unresolvable")
        assert "needs python 2" in problem.message

    async def test_a_check_makes_it_too(self, service, builder, case_folder):
        (case_folder / "requirements.txt").write_text("wordfreq\n")
        steps = [step async for step in service.check(case_folder)]
        assert any(isinstance(step, Built) for step in steps)
        assert isinstance(steps[-1], Passed | Rejected)
        assert builder.builds == [("wordfreq",)]


class TestCommands:
    """Commands that only read a folder, or open it, with a case that asks for a package of its own."""

    @pytest.fixture
    def run(self, shelf, common, monkeypatch):
        monkeypatch.setenv("COLUMNS", "300")

        def furnisher() -> Furnisher:
            return Furnisher(SitePackages(common), shelf, SitePackages)

        app = build_case_app(lambda: pytest.fail("nothing is asked of a service"), Settings, furnisher)
        return lambda *words: CliRunner().invoke(app, [str(word) for word in words])

    @pytest.fixture
    def folder(self, case_folder) -> Path:
        notebook = case_folder / "solution.ipynb"
        for path in (notebook, case_folder / "variants" / "with-loops.ipynb"):
            path.write_text(path.read_text().replace("import pandas as pd", "import json as pd"))
        (case_folder / "requirements.txt").write_text("wordfreq\n")
        return case_folder

    def test_reading_it_makes_nothing_and_says_so(self, run, folder, builder):
        done = run("check", "--quick", folder)
        assert done.exit_code == 0, done.stdout
        assert "requirement-own" in done.stdout
        assert builder.builds == []

    async def test_reading_it_says_nothing_where_the_environment_is_there(self, run, folder, shelf):
        await made(shelf, "wordfreq")
        done = await asyncio.to_thread(run, "check", "--quick", folder)
        assert (done.exit_code, "requirement-own" in done.stdout) == (0, False)

    def test_a_check_tells_which_environment_it_made(self, shelf, common, folder, tmp_path, scripted_feedback):
        @asynccontextmanager
        async def open_service() -> AsyncIterator[CaseService]:
            settings = Settings(home=tmp_path / "other")
            settings.prepare()
            async with open_backends(settings) as backends:
                service = publishing_service(backends, scripted_feedback, SitePackages(common), shelf)
                app = create_app(service, backends)
                async with in_process_client(app, "feedback") as http:
                    scripted_feedback.cases = CasesClient(http)
                    yield service

        app = build_case_app(open_service, Settings)
        said = CliRunner().invoke(app, ["check", str(folder)]).stdout
        digest = shelf.digest(("wordfreq",))
        assert f"environment of its own: {digest[:24]} (made)" in said
        [told] = json.loads(CliRunner().invoke(app, ["check", "--json", str(folder)]).stdout)["results"]
        assert told["environment"] == digest

    def test_an_export_needs_no_environment(self, run, folder, builder, tmp_path):
        assert run("export", folder, "--into", tmp_path / "course").exit_code == 0
        assert (tmp_path / "course" / "release" / "coffee-sales" / "coffee-sales.ipynb").is_file()
        assert builder.builds == []

    def test_a_preview_is_opened_in_an_environment_made_for_it(self, run, folder, builder, shelf):
        done = run("preview", folder, "--no-browser")
        assert done.exit_code == 0, done.stdout
        assert builder.builds == [("wordfreq",)]
        ready = shelf.find(("wordfreq",))
        assert ready is not None
        place, *files, words = (ready.folder / "started").read_text().splitlines()
        assert files == ["coffee-sales.ipynb", "data"]
        assert words.startswith(f"-m jupyterlab --ServerApp.root_dir={place}")

    def test_a_preview_of_what_cannot_be_installed_is_refused_with_the_reason(self, run, folder, builder):
        builder.refusal = "wordfreq needs python 2"
        done = run("preview", folder, "--no-browser")
        assert (done.exit_code, "needs python 2" in done.stdout) == (1, True)
