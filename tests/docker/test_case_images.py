"""Images of cases, really made by repo2docker on the engine, without any package index, and started from."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import docker
import pytest

from case_uploader.adapters.image_engine import ImageEngine
from case_uploader.adapters.repo2docker_images import ImageOrder, Repo2DockerImages
from case_uploader.adapters.wheel_downloads import WheelDownloads
from case_uploader.environments.ports import CannotBuild
from case_uploader.errors import ImagesUnavailable
from case_uploader.format.problem import Problems
from case_uploader.format.requirements_file import read_requirements
from case_uploader.images.ports import BuiltImage
from case_uploader.images.shelf import ImageShelf, ReadyImage
from case_uploader.scaffold import scaffold
from case_uploader.wiring import open_shelf
from infra.settings import EmbeddedSettings
from tests.docker.machine_image import LEARNER
from tests.e2e.system.caseloop_person import Person
from tests.e2e.system.caseloop_system import System
from tests.wheels import wheel
from vault.files import private_folder

CASE = "coffee-sales"
TILL = "def earned(frame):\n    return float((frame['price'] * frame['quantity']).sum())\n"
"""The module `caseloop_till`, which no package index has."""
REPOSITORY = "caseloop-r2d-test"
PYTHON = "/opt/learner/bin/python"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    wheel(folder, "caseloop_till", "1.0", TILL)
    wheel(folder, "jupyterhub", "0.1", "raise SystemExit('no server any more')")
    wheel(folder, "humanize", "4.9.0", "")
    return folder


@pytest.fixture
def order() -> ImageOrder:
    return ImageOrder(REPOSITORY, LEARNER, "0" * 12, seconds=300, most_bytes=64 << 20, memory_bytes=1 << 30)


@pytest.fixture
def builder(project: Path, wheels: Path, order: ImageOrder) -> Repo2DockerImages:
    python = project / ".cache" / "setup" / "uv" / "bin" / "python"
    downloads = WheelDownloads(python, index=("--no-index", "--find-links", str(wheels)))
    return Repo2DockerImages(ImageEngine(), downloads, order)


@pytest.fixture(autouse=True)
def _no_images_are_left(engine: docker.DockerClient) -> Iterator[None]:
    yield
    assert engine.images.list(filters={"label": "caseloop.stage", "dangling": True}) == []
    for image in engine.images.list(REPOSITORY):
        for tag in image.tags:
            engine.images.remove(tag, force=True)


async def built(builder: Repo2DockerImages, **packages: str) -> tuple[str, list[str]]:
    named = {name.replace("_", "-"): version for name, version in packages.items()}
    async with aclosing(cast("Any", builder.build(named))) as lines:
        *said, image = [line async for line in lines]
    assert isinstance(image, BuiltImage)
    return image.digest, said


def in_image(engine: docker.DockerClient, image: str, *words: str, **more: Any) -> str:
    said: bytes = engine.containers.run(image, [*words], remove=True, network_mode="none", read_only=True, **more)
    return said.decode().strip()


async def test_an_image_has_the_package_and_all_of_the_base_and_tells_nothing_of_its_making(
    engine: docker.DockerClient, builder: Repo2DockerImages, wheels: Path, order: ImageOrder
) -> None:
    digest, said = await built(builder, caseloop_till="1.0")

    assert "fetching caseloop_till-1.0-py3-none-any.whl" in said
    assert any(line.startswith("Step 1/") for line in said)
    tell = "import caseloop_till, pandas, jupyterlab, sys, os; print(caseloop_till.__file__, os.getuid())"
    place, user = in_image(engine, digest, PYTHON, "-c", tell).split()
    assert (Path(place).is_relative_to("/opt/learner"), user) == (True, "65534")
    # no file in it makes somebody else of one
    assert in_image(engine, digest, "find", "/", "-xdev", "-type", "f", "-perm", "/6000") == ""
    assert in_image(engine, digest, "sh", "-c", "ls -d /build /new 2>/dev/null || true") == ""
    made, base = engine.images.get(digest), engine.images.get(LEARNER)
    assert made.tags == [order.tag(await builder.key({"caseloop-till": "1.0"}))]
    # the base's layers are shared, so a case costs what it adds
    assert made.attrs["RootFS"]["Layers"][: len(base.attrs["RootFS"]["Layers"])] == base.attrs["RootFS"]["Layers"]
    assert made.attrs["Size"] - base.attrs["Size"] < 8 << 20
    assert str(wheels) not in json.dumps(made.history()) + json.dumps(made.attrs)
    key = await builder.key({"caseloop-till": "1.0"})
    assert await builder.has(key, digest)
    assert not await builder.has(key, engine.images.get(LEARNER).id)
    assert await builder.remove(key)
    assert not await builder.has(key, digest)


async def test_another_version_replaces_the_one_of_the_base(
    engine: docker.DockerClient, builder: Repo2DockerImages, wheels: Path
) -> None:
    known = (await ImageEngine().look(LEARNER, PYTHON, try_server=False)).packages["narwhals"]
    wheel(wheels, "narwhals", "99.0", "VERSION = 99")
    digest, _ = await built(builder, narwhals="99.0")
    tell = "import narwhals, importlib.metadata as m; print(narwhals.__file__, m.version('narwhals'))"
    place, version = in_image(engine, digest, PYTHON, "-c", tell).split()
    assert (Path(place).name, version) == ("narwhals.py", "99.0")
    assert known != version
    assert in_image(engine, digest, "sh", "-c", "ls -d /opt/learner/lib/python3*/site-packages/narwhals*") == "\n".join(
        str(Path(place).parent / name) for name in ("narwhals-99.0.dist-info", "narwhals.py")
    )


async def test_an_image_in_which_no_server_starts_is_refused_and_not_kept(
    engine: docker.DockerClient, builder: Repo2DockerImages
) -> None:
    with pytest.raises(CannotBuild, match=r"JupyterLab does not start.*no server any more"):
        await built(builder, jupyterhub="0.1")
    assert engine.images.list(REPOSITORY) == []


async def test_a_package_that_nobody_has_is_said_by_name(builder: Repo2DockerImages) -> None:
    with pytest.raises(CannotBuild, match=r"caseloop-nothing==1.0"):
        await built(builder, caseloop_nothing="1.0")


async def test_size_and_time_are_limited_and_nothing_is_kept(
    engine: docker.DockerClient, builder: Repo2DockerImages, order: ImageOrder, project: Path, wheels: Path
) -> None:
    downloads = WheelDownloads(
        project / ".cache" / "setup" / "uv" / "bin" / "python", index=("--no-index", "--find-links", str(wheels))
    )
    small = Repo2DockerImages(ImageEngine(), downloads, replace(order, most_bytes=1_500))
    with pytest.raises(CannotBuild, match="are allowed"):
        await built(small, caseloop_till="1.0")
    hasty = Repo2DockerImages(ImageEngine(), downloads, replace(order, seconds=0.5))
    with pytest.raises(CannotBuild, match="took longer than"):
        await built(hasty, caseloop_till="1.0")
    assert engine.images.list(REPOSITORY) == []


async def test_a_base_that_is_not_there_or_has_no_learners_python_is_told_to_the_operator(
    builder: Repo2DockerImages, order: ImageOrder
) -> None:
    absent = Repo2DockerImages(ImageEngine(), builder._downloads, replace(order, base="caseloop-r2d-absent:1"))
    with pytest.raises(ImagesUnavailable, match=r"no image caseloop-r2d-absent:1.*build.py learner"):
        await built(absent, caseloop_till="1.0")
    other = Repo2DockerImages(ImageEngine(), builder._downloads, replace(order, prefix="/opt/other"))
    with pytest.raises(ImagesUnavailable, match="is no image for learners"):
        await built(other, caseloop_till="1.0")


async def test_a_second_asking_builds_nothing_and_a_running_container_keeps_its_image(
    engine: docker.DockerClient, builder: Repo2DockerImages, tmp_path: Path
) -> None:
    shelf = ImageShelf(tmp_path / "images", builder)

    async def made() -> ReadyImage:
        async with aclosing(cast("Any", shelf.get({"caseloop-till": "1.0"}))) as lines:
            return cast("ReadyImage", [line async for line in lines][-1])

    first, second = await made(), await made()
    assert (first.digest, first.fresh, second.fresh) == (second.digest, True, False)
    for note in (tmp_path / "images").glob("*.json"):
        os.utime(note, (0, 0))
    container = engine.containers.run(first.digest, [PYTHON, "-c", "import time; time.sleep(600)"], detach=True)
    try:
        assert await shelf.collect(set()) == []
    finally:
        container.remove(force=True)
    assert await shelf.collect({first.digest}) == []
    assert await shelf.collect(set()) == [first.digest]
    assert engine.images.list(REPOSITORY) == []


# --- the whole way: published by the command, started by the Hub ------------------------------------------------------


@pytest.fixture(scope="module")
def published(system: System, engine: docker.DockerClient, wheels: Path, project: Path) -> Iterator[dict[str, Any]]:
    """What `caseloop case publish` says of a case with a package of its own."""
    folder = Path(system.variables["CASELOOP_CASES"]).parent / "authors"
    _write_case(folder)
    _name_as_in_the_image(_install(folder / CASE, system.home, project), engine)
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "DOCKER_HOST": "unix:///var/run/docker.sock"}
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "case", "publish", "--json", str(folder / CASE)],
        cwd=project,
        env=system.environment() | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield json.loads(done.stdout)["results"][0]
    client = docker.from_env()
    for container in client.containers.list(all=True, filters={"label": f"caseloop.case={CASE}"}):
        container.remove(force=True)
    for image in client.images.list(LEARNER.rpartition(":")[0]):
        for tag in image.tags:
            if ":case-" in tag:
                client.images.remove(tag, force=True)
    client.close()


def _write_case(cases: Path) -> None:
    folder = scaffold(cases, CASE)
    (folder / "requirements.txt").write_text("pandas\ncaseloop-till==1.0\n")
    notebook = folder / "solution.ipynb"
    text = notebook.read_text()
    assert text.count('"import pandas as pd\\n"') == 1
    notebook.write_text(text.replace('"import pandas as pd\\n"', '"import caseloop_till\\n", "import pandas as pd\\n"'))


def _install(case: Path, home: Path, project: Path) -> Path:
    """The environment of its checks, as the installer would make it; returns the folder of its packages.

    The common ones are on no disk as wheels.
    """
    settings = EmbeddedSettings(home=home)
    private_folder(settings.environments)
    shelf = open_shelf(settings, settings.environments, settings.set_up_dir)
    assert shelf is not None, "the installer is missing: run `make setup`"
    place = settings.environments / shelf.digest(read_requirements(case, None, Problems()))
    shutil.copytree(project / ".venv-learner", place, symlinks=True)
    (site,) = place.glob("lib/python3*/site-packages")
    (site / "caseloop_till.py").write_text(TILL)
    (site / "caseloop_till-1.0.dist-info").mkdir()
    (site / "caseloop_till-1.0.dist-info" / "METADATA").write_text("Name: caseloop-till\nVersion: 1.0\n")
    (place / "caseloop-ready.json").write_text("{}")
    return site


def _name_as_in_the_image(site: Path, engine: docker.DockerClient) -> None:
    """Let common packages have the versions of the image.

    Its Python is Debian's, and this machine's may be another patch release, for which the lock names other versions.
    """
    program = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    said = json.loads(engine.containers.run(LEARNER, [PYTHON, "-I", "-c", program], remove=True))
    for file in site.glob("*.dist-info/METADATA"):
        text = file.read_text()
        name, version = (re.search(rf"^{field}: (.+)$", text, re.MULTILINE) for field in ("Name", "Version"))
        if name and version and said.get(name[1], version[1]) != version[1]:
            file.write_text(text.replace(version[0], f"Version: {said[name[1]]}", 1))


def test_a_learner_gets_a_container_of_the_versions_image_by_its_digest(
    system: System, published: dict[str, Any], engine: docker.DockerClient
) -> None:
    kernel = Person(system).sign_in().start(CASE).kernel()
    assert kernel.ask("import caseloop_till, pandas, sys\nanswer = sys.prefix") == "/opt/learner"
    [container] = engine.containers.list(filters={"label": f"caseloop.case={CASE}"})
    assert container.attrs["Image"] == container.attrs["Config"]["Image"] == published["image"]


def test_nothing_of_the_case_is_in_its_image(published: dict[str, Any], engine: docker.DockerClient) -> None:
    saved = io.BytesIO(b"".join(engine.images.get(published["image"]).save()))
    base = set(engine.images.get(LEARNER).attrs["RootFS"]["Layers"])
    own = engine.images.get(published["image"]).attrs["RootFS"]["Layers"][len(base) :]
    names = []
    with tarfile.open(fileobj=saved) as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
        for layer in manifest[0]["Layers"][-len(own) :]:
            with tarfile.open(fileobj=archive.extractfile(layer)) as files:
                names += files.getnames()
    assert any(name.endswith("caseloop_till.py") for name in names)
    assert [name for name in names if name.endswith((".ipynb", ".yaml", ".csv", ".whl"))] == []
