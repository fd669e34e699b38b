"""Images of cases: made once for equal packages, stored with the version, made again when lost, kept while in use."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from typer.testing import CliRunner

from case_uploader.adapters.child_lines import ChildFailed, ChildTookTooMuch, lines_of
from case_uploader.adapters.image_engine import Found
from case_uploader.adapters.learner_environment import SitePackages
from case_uploader.adapters.stock_packs import StockPacks, with_python
from case_uploader.adapters.wheel_downloads import WheelDownloads, pip_variables
from case_uploader.app import create_app
from case_uploader.cli import build_case_app
from case_uploader.environments.ports import CannotBuild
from case_uploader.environments.shelf import EnvironmentShelf
from case_uploader.environments.tidying import Tidying
from case_uploader.errors import ImagesUnavailable
from case_uploader.images.plan import Base
from case_uploader.images.ports import NOTHING_DECLARED, BuiltImage
from case_uploader.images.shelf import ImageShelf, ReadyImage
from case_uploader.service import CaseService
from case_uploader.steps import Building, Built, Published, Rejected
from case_uploader.wiring import open_backends, publishing_service
from services.contracts.clients.cases import CasesClient
from services.kit.http import in_process_client
from services.kit.settings import Settings
from tests.services.case_uploader.test_cases_environments import FakeBuilder
from tests.wheels import wheel

BASE = Base("sha256:" + "a" * 64, "3.11.2", ("manylinux_2_36_x86_64", "linux_x86_64"), {})


class FakeImages:
    """An engine that keeps images as digests, and a builder that makes one with every call."""

    def __init__(self) -> None:
        self.builds: list[Mapping[str, str]] = []
        self.declared: list[Mapping[str, str]] = []
        self.engine: dict[str, str] = {}
        """Key -> digest."""
        self.base = "one"
        self.running: set[str] = set()
        """Digests that a container is made of."""
        self.refusal: str | None = None
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def key(self, packages: Mapping[str, str], declared: Mapping[str, str] = NOTHING_DECLARED) -> str:
        if self.down:
            raise ImagesUnavailable("The Docker engine cannot be used (down): start it.")
        content = [self.base, sorted(packages.items()), sorted(declared.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    async def has(self, key: str, digest: str) -> bool:
        return self.engine.get(key) == digest

    async def build(
        self, packages: Mapping[str, str], declared: Mapping[str, str] = NOTHING_DECLARED
    ) -> AsyncIterator[str | BuiltImage]:
        self.builds.append(dict(packages))
        self.declared.append(dict(declared))
        yield "Step 1/3 : FROM sha256:0123"
        await self.gate.wait()
        if self.refusal:
            raise CannotBuild(self.refusal)
        digest = f"sha256:{len(self.builds):064d}"
        self.engine[await self.key(packages, declared)] = digest
        yield BuiltImage(digest)

    async def remove(self, key: str) -> bool:
        if self.engine.get(key) in self.running:
            return False
        self.engine.pop(key, None)
        return True


@pytest.fixture
def engine() -> FakeImages:
    return FakeImages()


@pytest.fixture
def images(tmp_path: Path, engine: FakeImages) -> ImageShelf:
    return ImageShelf(tmp_path / "images", engine)


async def made(images: ImageShelf, **packages: str) -> ReadyImage:
    async with aclosing(cast("Any", images.get(packages))) as lines:
        return cast("ReadyImage", [line async for line in lines][-1])


def age(tmp_path: Path) -> None:
    for note in (tmp_path / "images").glob("*.json"):
        os.utime(note, (0, 0))


class TestShelf:
    async def test_equal_packages_are_made_once(self, images, engine):
        first, second = await made(images, a="1", b="2"), await made(images, b="2", a="1")
        assert (first.digest, first.fresh, second.fresh) == (second.digest, True, False)
        assert len(engine.builds) == 1
        assert (await made(images, a="1")).digest != first.digest

    async def test_another_base_makes_another_one(self, images, engine):
        first = await made(images, a="1")
        engine.base = "two"
        assert (await made(images, a="1")).digest != first.digest

    async def test_one_that_the_engine_has_lost_is_made_again(self, images, engine):
        await made(images, a="1")
        engine.engine.clear()
        assert (await made(images, a="1")).fresh
        assert len(engine.builds) == 2

    async def test_those_who_ask_at_once_wait_for_one_build(self, tmp_path, engine):
        shelves = [ImageShelf(tmp_path / "images", engine) for _ in range(3)]
        done = await asyncio.gather(*(made(shelf, a="1") for shelf in shelves))
        assert sorted(one.fresh for one in done) == [False, False, True]
        assert len(engine.builds) == 1

    async def test_a_build_that_fails_leaves_no_note(self, images, engine, tmp_path):
        engine.refusal = "no wheel"
        with pytest.raises(CannotBuild, match="no wheel"):
            await made(images, a="1")
        assert list((tmp_path / "images").glob("*.json")) == []

    async def test_what_is_in_use_runs_or_was_asked_for_lately_stays(self, images, engine, tmp_path):
        used, running, old = await made(images, a="1"), await made(images, b="1"), await made(images, c="1")
        assert await images.collect(set()) == []
        age(tmp_path)
        engine.running = {running.digest}
        assert await images.collect({used.digest}) == [old.digest]
        assert set(engine.engine.values()) == {used.digest, running.digest}
        # being asked for again is being used
        await made(images, a="1")
        engine.running = set()
        assert await images.collect(set()) == [running.digest]

    async def test_what_a_killed_build_has_left_is_removed(self, images, engine, tmp_path):
        await made(images, a="1")
        [note] = (tmp_path / "images").glob("*.json")
        note.write_text('{"image": null}')
        age(tmp_path)
        assert await images.collect(set()) == [note.stem]
        assert (engine.engine, note.exists()) == ({}, False)

    async def test_what_is_being_made_again_is_not_removed(self, images, engine, tmp_path):
        await made(images, a="1")
        engine.engine.clear()
        age(tmp_path)
        engine.gate.clear()
        building = asyncio.create_task(made(images, a="1"))
        while len(engine.builds) < 2:
            await asyncio.sleep(0)
        assert await images.collect(set()) == []
        engine.gate.set()
        assert (await building).digest in engine.engine.values()


@pytest.fixture
def builder() -> FakeBuilder:
    return FakeBuilder()


@pytest.fixture
def shelf(tmp_path: Path, builder: FakeBuilder) -> EnvironmentShelf:
    return EnvironmentShelf(tmp_path / "environments", builder)


@pytest.fixture
def common(tmp_path: Path) -> SitePackages:
    info = tmp_path / "common" / "lib" / "python3.11" / "site-packages" / "pandas-3.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: pandas\nVersion: 3.0\n")
    return SitePackages(tmp_path / "common")


@pytest.fixture
def own_case(case_folder: Path) -> Path:
    """A case that asks for a package of its own, and imports nothing that the made-up environment lacks."""
    for path in (case_folder / "solution.ipynb", case_folder / "variants" / "with-loops.ipynb"):
        path.write_text(path.read_text().replace("import pandas as pd", "import json as pd"))
    (case_folder / "requirements.txt").write_text("wordfreq\n")
    return case_folder


class TestPublishing:
    @pytest.fixture
    def service(self, bench, shelf, common, images) -> CaseService:
        return publishing_service(bench.backends, bench.feedback, common, shelf, images)

    async def steps(self, service: CaseService, folder: Path) -> list:
        return [step async for step in service.publish(folder)]

    async def test_the_image_has_the_packages_of_the_checks_and_goes_with_the_version(
        self, bench, service, engine, own_case
    ):
        steps = await self.steps(service, own_case)
        assert isinstance(steps[-1], Published), steps[-1]
        assert engine.builds == [{"wordfreq": "9.0"}]
        [digest] = engine.engine.values()
        assert [step.image for step in steps if isinstance(step, Built)] == [digest]
        assert "image: Step 1/3 : FROM sha256:0123" in [step.line for step in steps if isinstance(step, Building)]
        learner = await bench.clients["hub"].learner(steps[-1].summary.version)
        assert learner.image == digest

    async def test_a_case_for_which_the_common_environment_suffices_has_none(self, bench, service, engine, own_case):
        (own_case / "requirements.txt").write_text("pandas>=3\n")
        common_only = [step async for step in service.check(own_case)]
        assert not [step for step in common_only if isinstance(step, Building | Built)]
        assert engine.builds == []

    async def test_a_second_case_with_equal_requirements_builds_nothing(
        self, service, engine, own_case, retitle, bench
    ):
        await self.steps(service, own_case)
        retitle(own_case, "Another one")
        end = (await self.steps(service, own_case))[-1]
        assert len(engine.builds) == 1
        assert (await bench.clients["hub"].learner(end.summary.version)).image in engine.engine.values()

    async def test_publishing_again_gives_a_version_the_image_that_was_lost(self, bench, service, engine, own_case):
        first = (await self.steps(service, own_case))[-1]
        engine.engine.clear()
        again = (await self.steps(service, own_case))[-1]
        assert (again.summary.version, again.summary.number, again.fresh) == (
            first.summary.version,
            first.summary.number,
            False,
        )
        [digest] = engine.engine.values()
        assert (await bench.clients["hub"].learner(first.summary.version)).image == digest

    async def test_a_version_keeps_its_image_where_none_are_made(self, bench, service, engine, shelf, common, own_case):
        version = (await self.steps(service, own_case))[-1].summary.version
        without = publishing_service(bench.backends, bench.feedback, common, shelf)
        await self.steps(without, own_case)
        assert (await bench.clients["hub"].learner(version)).image in engine.engine.values()

    async def test_packages_that_no_image_can_have_are_a_problem_of_the_case(self, bench, service, engine, own_case):
        engine.refusal = "No matching distribution found for wordfreq==9.0"
        end = (await self.steps(service, own_case))[-1]
        assert isinstance(end, Rejected)
        (problem,) = end.problems
        assert (problem.file, problem.rule) == ("requirements.txt", "image-unbuildable")
        assert "wordfreq==9.0" in problem.message
        assert await bench.clients["hub"].published() == ()

    async def test_an_engine_that_is_down_is_not_the_cases_fault_and_publishes_nothing(
        self, bench, service, engine, own_case
    ):
        engine.down = True
        with pytest.raises(ImagesUnavailable, match="start it"):
            _ = [step async for step in service.check(own_case)]
        assert await bench.clients["hub"].published() == ()

    async def test_the_image_of_a_version_stays_and_others_go(
        self, bench, service, engine, shelf, images, own_case, tmp_path
    ):
        await self.steps(service, own_case)
        [used] = engine.engine.values()
        other = await made(images, other="1")
        age(tmp_path)
        assert await Tidying(bench.backends.database, shelf, images).once() == [other.digest]
        assert list(engine.engine.values()) == [used]


class TestStockPacks:
    """Cases with files for repo2docker's own packs."""

    ENVIRONMENT = "dependencies: [python=3.11, gdal]\n"

    @pytest.fixture
    def allowed(self, tmp_path: Path, engine: FakeImages) -> ImageShelf:
        return ImageShelf(tmp_path / "images", engine, stock_packs=True)

    @pytest.fixture
    def service(self, bench, shelf, common, allowed) -> CaseService:
        return publishing_service(bench.backends, bench.feedback, common, shelf, allowed)

    @pytest.fixture
    def plain_case(self, own_case: Path) -> Path:
        """The common packages are enough for its checks."""
        (own_case / "requirements.txt").write_text("pandas>=3\n")
        return own_case

    async def steps(self, service: CaseService, folder: Path) -> list:
        return [step async for step in service.publish(folder)]

    async def test_the_packs_read_the_cases_files_and_the_packages_of_the_checks_are_added(
        self, bench, service, engine, own_case
    ):
        (own_case / "environment.yml").write_text(self.ENVIRONMENT)
        (own_case / "apt.txt").write_text("graphviz\n")
        end = (await self.steps(service, own_case))[-1]
        assert engine.builds == [{"wordfreq": "9.0"}]
        assert engine.declared == [{"environment.yml": self.ENVIRONMENT, "apt.txt": "graphviz\n"}]
        [digest] = engine.engine.values()
        assert (await bench.clients["hub"].learner(end.summary.version)).image == digest

    async def test_a_case_of_common_packages_gets_an_image_too(self, bench, service, engine, plain_case):
        (plain_case / "apt.txt").write_text("graphviz\n")
        steps = await self.steps(service, plain_case)
        assert engine.builds == [{"pandas": "3.0"}]
        [built] = [step for step in steps if isinstance(step, Built)]
        assert (built.digest, built.image in engine.engine.values()) == (None, True)
        learner = await bench.clients["hub"].learner(steps[-1].summary.version)
        assert (learner.environment, learner.image) == (None, built.image)

    async def test_equal_files_are_built_once_and_others_again(self, service, engine, plain_case, retitle):
        (plain_case / "apt.txt").write_text("graphviz\n")
        await self.steps(service, plain_case)
        retitle(plain_case, "Another one")
        await self.steps(service, plain_case)
        assert len(engine.builds) == 1
        (plain_case / "apt.txt").write_text("gdal-bin\n")
        await self.steps(service, plain_case)
        assert len(engine.builds) == 2

    async def test_where_they_are_not_allowed_nothing_reads_the_files_and_a_note_says_so(
        self, bench, shelf, common, images, engine, plain_case
    ):
        (plain_case / "apt.txt").write_text("graphviz; id\n")
        service = publishing_service(bench.backends, bench.feedback, common, shelf, images)
        end = (await self.steps(service, plain_case))[-1]
        assert isinstance(end, Published)
        assert "environment-file" in [note.rule for note in end.notes]
        assert engine.builds == []

    async def test_a_file_that_no_pack_may_read_is_a_problem_of_the_case_and_builds_nothing(
        self, service, engine, plain_case
    ):
        (plain_case / "apt.txt").write_text("graphviz\ncurl; id\n")
        end = (await self.steps(service, plain_case))[-1]
        assert isinstance(end, Rejected)
        [problem] = end.problems
        assert (problem.rule, problem.file, problem.cell) == ("environment-file", "apt.txt", "line 2")
        assert engine.builds == []

    async def test_an_image_that_cannot_be_made_is_a_problem_of_the_case(self, service, engine, plain_case):
        (plain_case / "environment.yml").write_text(self.ENVIRONMENT)
        engine.refusal = "repo2docker's image has Python 3.10, and checks run with 3.11: ask for 3.11"
        end = (await self.steps(service, plain_case))[-1]
        assert isinstance(end, Rejected)
        [problem] = end.problems
        assert (problem.rule, problem.file) == ("image-unbuildable", "environment.yml")
        assert "ask for 3.11" in problem.message

    async def test_a_base_that_cannot_be_fetched_is_said_with_what_to_do(self):
        class NoRegistry:
            asked: ClassVar[list[str]] = []

            async def inspect(self, image: str) -> None:
                self.asked.append(image)

            async def pull(self, image: str) -> str:
                return "dial tcp: lookup registry.example: no such host"

        with pytest.raises(ImagesUnavailable, match=r"buildpack-deps:24.04.*no such host.*CASELOOP_IMAGES_STOCK_BASE"):
            await StockPacks(cast("Any", NoRegistry())).find_base()

    async def test_a_base_that_is_fetched_is_used_and_one_that_is_there_is_not_fetched(self):
        class Registry:
            pulled = 0

            async def inspect(self, image: str) -> Found | None:
                return Found("sha256:" + "c" * 64, 1) if self.pulled else None

            async def pull(self, image: str) -> str:
                self.pulled += 1
                return ""

        registry = Registry()
        packs = StockPacks(cast("Any", registry))
        assert (await packs.find_base()).digest == (await packs.find_base()).digest
        assert registry.pulled == 1


_RENDER = """
import io, json, sys, tarfile
from case_uploader.adapters import repo2docker_stock as stock

class Engine:
    string_output = False
    def inspect_image(self, name): return None

engine = Engine()
def build(fileobj, tag, **more):
    with tarfile.open(fileobj=fileobj) as archive:
        text = archive.extractfile("Dockerfile").read().decode()
        told = {"dockerfile": text, "names": archive.getnames(), "arguments": more["buildargs"]}
    with open(sys.argv[2], "w") as out: json.dump(told, out)
    yield {"stream": "built"}
engine.build = build
stock.StockRepo2Docker.get_engine = lambda self: engine
stock.main("sha256:" + "a" * 64, "x:1", "1000000", sys.argv[1])
"""


class TestStockDockerfiles:
    """What the real repo2docker makes of a case's files, up to the engine."""

    async def made(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> dict[str, Any]:
        context, told = tmp_path / "context", tmp_path / "told.json"
        context.mkdir()
        for name, text in files.items():
            (context / name.replace("_", ".")).write_text(text)
        monkeypatch.setenv("CASELOOP_MODEL_API_KEY", "secret")
        variables = {"PATH": os.environ["PATH"], "HTTPS_PROXY": "http://proxy.invalid"}
        command = [sys.executable, "-c", _RENDER, str(context), str(told)]
        async for _ in lines_of(command, tmp_path, variables):
            pass
        return cast("dict[str, Any]", json.loads(told.read_text()))

    async def test_conda_and_debian_packages_are_asked_for(self, tmp_path, monkeypatch):
        environment = "dependencies: [python=3.11, gdal]\n"
        told = await self.made(tmp_path, monkeypatch, environment_yml=environment, apt_txt="graphviz\n")
        text = told["dockerfile"]
        assert text.lstrip().startswith(f"FROM sha256:{'a' * 64}\n")
        assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in text
        assert "apt-get install --yes --no-install-recommends graphviz" in text
        assert "py-3.11" in "".join(told["names"]).replace("-2e", ".").replace("-2d", "-")

    async def test_debian_packages_alone_get_the_pythons_version_that_is_asked_for(self, tmp_path, monkeypatch):
        told = await self.made(tmp_path, monkeypatch, apt_txt="graphviz\n", runtime_txt="python-3.12\n")
        assert "py-3.12" in "".join(told["names"]).replace("-2e", ".").replace("-2d", "-")

    async def test_the_classic_builder_understands_it(self, tmp_path, monkeypatch):
        text = (await self.made(tmp_path, monkeypatch, apt_txt="graphviz\n"))["dockerfile"]
        assert "--chmod" not in text
        assert "COPY /repo2docker-entrypoint /usr/local/bin/repo2docker-entrypoint" in text

    async def test_nothing_but_the_files_is_sent_and_proxies_are_all_that_the_build_is_told(
        self, tmp_path, monkeypatch
    ):
        told = await self.made(tmp_path, monkeypatch, apt_txt="graphviz\n", runtime_txt="python-3.11\n")
        sent = sorted(name for name in told["names"] if name.startswith("src"))
        assert sent == ["src/apt.txt", "src/runtime.txt"]
        assert set(told["arguments"]) == {"NB_USER", "NB_UID", "HTTPS_PROXY"}

    def test_a_case_that_names_no_python_gets_that_of_the_checks(self):
        assert with_python({"apt.txt": "a"}, "3.11.2") == {"apt.txt": "a", "runtime.txt": "python-3.11\n"}
        for name in ("environment.yml", "runtime.txt"):
            assert with_python({name: "said"}, "3.11.2") == {name: "said"}


def test_a_check_tells_the_image(shelf, common, images, engine, own_case, tmp_path, scripted_feedback) -> None:
    @asynccontextmanager
    async def open_service() -> AsyncIterator[CaseService]:
        settings = Settings(home=tmp_path / "other")
        settings.prepare()
        async with open_backends(settings) as backends:
            service = publishing_service(backends, scripted_feedback, common, shelf, images)
            async with in_process_client(create_app(service, backends), "feedback") as http:
                scripted_feedback.cases = CasesClient(http)
                yield service

    app = build_case_app(open_service, Settings)
    said = CliRunner().invoke(app, ["check", str(own_case)]).stdout
    [digest] = engine.engine.values()
    assert f"image for learners' containers: {digest}" in said
    [told] = json.loads(CliRunner().invoke(app, ["check", "--json", str(own_case)]).stdout)["results"]
    assert told["image"] == digest
    engine.down = True
    done = CliRunner().invoke(app, ["check", str(own_case)])
    assert (done.exit_code, "engine cannot be used" in done.stdout) == (1, True)


class TestWheels:
    """The real pip, with an index of wheels on the disk."""

    @pytest.fixture
    def index(self, tmp_path: Path) -> Path:
        folder = tmp_path / "index"
        folder.mkdir()
        wheel(folder, "special", "3.1", "VALUE = 1", requires="Requires-Dist: absent\n")
        wheel(folder, "modern", "1.0", "", requires="Requires-Python: >=3.11.5\n")
        wheel(folder, "wide", "1.0", "x = '" + "a" * 100_000 + "'")
        return folder

    @pytest.fixture
    def fetch(self, project: Path, index: Path, tmp_path: Path):
        python = project / ".cache" / "setup" / "uv" / "bin" / "python"
        assert python.exists(), "the installer is missing: run `make setup`"
        downloads = WheelDownloads(python, index=("--no-index", "--find-links", str(index)))

        async def go(*wanted: str, most_bytes: int = 10**7) -> tuple[list[str], list[str]]:
            into = tmp_path / "scratch" / "wheels"
            into.parent.mkdir()
            said = [line async for line in downloads.fetch(wanted, BASE, into, most_bytes)]
            return said, sorted(path.name for path in into.glob("*"))

        return go

    async def test_what_is_wanted_is_fetched_alone_and_said(self, fetch):
        assert await fetch("special==3.1") == (
            ["fetching special-3.1-py3-none-any.whl"],
            ["special-3.1-py3-none-any.whl"],
        )

    async def test_nothing_is_fetched_for_nothing(self, fetch):
        assert await fetch() == ([], [])

    @pytest.mark.parametrize("line", ["absent==1.0", "modern==1.0"])
    async def test_a_package_without_a_wheel_for_the_image_is_said_by_name_and_no_place(self, fetch, line, tmp_path):
        with pytest.raises(CannotBuild, match=line.split("==", maxsplit=1)[0]) as refused:
            await fetch(line)
        assert str(tmp_path) not in str(refused.value)

    async def test_what_unpacks_beyond_the_limit_is_refused(self, fetch):
        with pytest.raises(CannotBuild, match="are allowed"):
            await fetch("wide==1.0", most_bytes=50_000)

    def test_pip_learns_where_packages_are_and_none_of_our_secrets(self, monkeypatch):
        monkeypatch.setenv("CASELOOP_MODEL_API_KEY", "secret")
        monkeypatch.setenv("UV_DEFAULT_INDEX", "https://packages.invalid/simple")
        monkeypatch.delenv("PIP_INDEX_URL", raising=False)
        told = pip_variables()
        assert told["PIP_INDEX_URL"] == "https://packages.invalid/simple"
        assert not [name for name in told if "CASELOOP" in name or "KEY" in name]
        monkeypatch.setenv("PIP_INDEX_URL", "https://own.invalid/simple")
        assert pip_variables()["PIP_INDEX_URL"] == "https://own.invalid/simple"


class TestChildren:
    async def lines(self, code: str, tmp_path: Path, **more) -> list[str]:
        return [line async for line in lines_of([sys.executable, "-c", code], tmp_path, {}, **more)]

    async def test_output_and_errors_are_told_line_by_line(self, tmp_path):
        code = "import sys; print('one', flush=True); print('two', file=sys.stderr)"
        assert await self.lines(code, tmp_path) == ["one", "two"]

    async def test_another_status_is_a_failure(self, tmp_path):
        with pytest.raises(ChildFailed):
            await self.lines("raise SystemExit(3)", tmp_path)

    async def test_one_that_goes_beyond_its_limit_is_ended(self, tmp_path):
        code = "import time\nopen('big', 'w').write('x' * 1000)\ntime.sleep(600)"
        with pytest.raises(ChildTookTooMuch):
            await self.lines(code, tmp_path, too_much=lambda: (tmp_path / "big").exists())

    async def test_whoever_stops_listening_ends_it_and_all_it_started(self, tmp_path):
        code = (
            "import subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(600)"
        )
        async with aclosing(cast("Any", lines_of([sys.executable, "-c", code], tmp_path, {}))) as lines:
            pid = int(await anext(lines))
        async with asyncio.timeout(30):
            while _runs(pid):
                await asyncio.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
