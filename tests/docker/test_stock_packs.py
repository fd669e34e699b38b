"""repo2docker's own packs on the real engine: its Dockerfile as it is, with stand-ins for what comes by the network.

No registry, no conda-forge and no Ubuntu server is asked: `apt-get`, `wget` and what that fetches are the base's own.
"""

from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import docker
import pytest

from case_uploader.adapters.image_engine import ImageEngine
from case_uploader.adapters.repo2docker_images import ImageOrder, Repo2DockerImages
from case_uploader.adapters.stock_packs import STOCK_PREFIX, StockPacks
from case_uploader.adapters.wheel_downloads import WheelDownloads
from case_uploader.environments.ports import CannotBuild
from case_uploader.errors import ImagesUnavailable
from case_uploader.images.ports import BuiltImage
from tests.docker.machine_image import LEARNER
from tests.docker.test_case_images import PYTHON, REPOSITORY, in_image
from tests.wheels import wheel

BASE = "caseloop-r2d-stock:1"
ENVIRONMENT = "dependencies:\n  - python=3.11\n  - gdal\n"
_PROGRAMS = {
    # tells what it was asked for, and installs the last word as a program
    "apt-get": '#!/bin/sh\nfor word; do :; done\ncase "$*" in *install*) echo "$*" >> /var/log/asked;'
    ' printf "#!/bin/sh\\necho from debian\\n" > /usr/local/bin/$word; chmod 755 /usr/local/bin/$word;; esac\n',
    "locale-gen": "#!/bin/sh\n",
    "bzip2": "#!/bin/sh\nexec cat\n",
    "wget": "#!/bin/sh\nexec tar -C /stand-in -c bin/micromamba\n",
}
_MAMBA = """#!/bin/sh
case "$1 $2" in
  "install "*) mkdir -p $CONDA_DIR/bin && cp "$0" $CONDA_DIR/bin/mamba ;;
  "create "*)
    mkdir -p $CONDA_DIR/envs && mv /opt/learner "$3" && rm -r "$3/etc/jupyter/labconfig" && mkdir "$3/conda-meta"
    printf '#!/bin/sh\\n' > "$3/bin/npm" && chmod 755 "$3/bin/npm" ;;
  "env update")
    grep -q gdal "$6" || { echo "nothing provides what $6 asks for"; exit 1; }
    echo "SOURCE = 'conda'" > "$(echo $4/lib/python3*/site-packages)/caseloop_from_conda.py" ;;
esac
"""


@pytest.fixture(scope="module", autouse=True)
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Stands for `buildpack-deps` and for the servers that its programs call."""
    context = tmp_path_factory.mktemp("stand-in")
    (context / "programs").mkdir()
    for name, text in _PROGRAMS.items():
        (context / "programs" / name).write_text(text)
        (context / "programs" / name).chmod(0o755)
    (context / "micromamba").write_text(_MAMBA)
    (context / "micromamba").chmod(0o755)
    (context / "Dockerfile").write_text(
        f"FROM {LEARNER}\nUSER 0:0\nCOPY programs/ /usr/local/bin/\nCOPY micromamba /stand-in/bin/micromamba\n"
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
    )
    client = docker.from_env()
    client.images.build(path=str(context), tag=BASE, rm=True)
    yield
    client.images.remove(BASE, force=True)
    client.close()


@pytest.fixture
def order() -> ImageOrder:
    return ImageOrder(REPOSITORY, LEARNER, "0" * 12, seconds=300, most_bytes=4 << 30, memory_bytes=1 << 30)


@pytest.fixture
def downloads(project: Path, tmp_path: Path) -> WheelDownloads:
    wheel(tmp_path, "caseloop_till", "1.0", "VALUE = 1")
    python = project / ".cache" / "setup" / "uv" / "bin" / "python"
    return WheelDownloads(python, index=("--no-index", "--find-links", str(tmp_path)))


@pytest.fixture
def builder(downloads: WheelDownloads, order: ImageOrder) -> Repo2DockerImages:
    engine = ImageEngine()
    return Repo2DockerImages(engine, downloads, order, StockPacks(engine, BASE))


@pytest.fixture
async def packages() -> Mapping[str, str]:
    """What checks run with: the common packages and one more."""
    common = (await ImageEngine().look(LEARNER, PYTHON, try_server=False)).packages
    return {**common, "caseloop-till": "1.0"}


@pytest.fixture(autouse=True)
def _no_images_are_left(engine: docker.DockerClient) -> Iterator[None]:
    yield
    assert engine.images.list(filters={"label": "caseloop.stage", "dangling": True}) == []
    for image in engine.images.list(REPOSITORY):
        for tag in image.tags:
            engine.images.remove(tag, force=True)


async def built(
    builder: Repo2DockerImages, packages: Mapping[str, str], declared: Mapping[str, str]
) -> tuple[str, list[str]]:
    async with aclosing(cast("Any", builder.build(packages, declared))) as lines:
        *said, image = [line async for line in lines]
    assert isinstance(image, BuiltImage)
    return image.digest, said


async def test_an_image_has_what_the_packs_made_and_the_packages_of_the_checks(
    engine: docker.DockerClient, builder: Repo2DockerImages, packages: Mapping[str, str], order: ImageOrder
) -> None:
    declared = {"environment.yml": ENVIRONMENT, "apt.txt": "graphviz\n"}
    digest, said = await built(builder, packages, declared)

    assert any(line.startswith("packs: Step 1/") for line in said)
    assert "packs: Using CondaBuildPack builder" in said
    tell = (
        "import caseloop_till, caseloop_from_conda, pandas, jupyterlab, sys, os;"
        "print(caseloop_from_conda.SOURCE, sys.prefix, os.getuid())"
    )
    assert in_image(engine, digest, PYTHON, "-c", tell, entrypoint=[]).split() == ["conda", "/opt/learner", "65534"]
    assert in_image(engine, digest, "/usr/local/bin/graphviz") == "from debian"
    assert in_image(engine, digest, "readlink", "/opt/learner") == STOCK_PREFIX
    assert in_image(engine, digest, "ls", "/opt/learner/etc/jupyter/labconfig")
    assert in_image(engine, digest, "find", "/", "-xdev", "-type", "f", "-perm", "/6000") == ""
    # the one name of the image, and none of what it was made over
    key = await builder.key(packages, declared)
    assert [tag for image in engine.images.list(REPOSITORY) for tag in image.tags] == [order.tag(key)]
    assert await builder.has(key, digest)
    assert await builder.remove(key)
    assert engine.images.list(REPOSITORY) == []


async def test_debian_packages_alone_are_enough(
    engine: docker.DockerClient, builder: Repo2DockerImages, packages: Mapping[str, str]
) -> None:
    digest, said = await built(builder, packages, {"apt.txt": "graphviz\n"})
    assert "packs: Using PythonBuildPack builder" in said
    assert in_image(engine, digest, "/usr/local/bin/graphviz") == "from debian"


async def test_what_no_server_has_is_said_and_nothing_is_kept(
    engine: docker.DockerClient, builder: Repo2DockerImages, packages: Mapping[str, str]
) -> None:
    with pytest.raises(CannotBuild, match=r"nothing provides what environment\.yml asks for"):
        await built(builder, packages, {"environment.yml": "dependencies: [python=3.11]\n"})
    assert engine.images.list(REPOSITORY) == []


async def test_a_base_without_the_packs_programs_is_said_and_nothing_is_kept(
    engine: docker.DockerClient, downloads: WheelDownloads, order: ImageOrder, packages: Mapping[str, str]
) -> None:
    looking = ImageEngine()
    bare = Repo2DockerImages(looking, downloads, order, StockPacks(looking, LEARNER))
    with pytest.raises(CannotBuild, match="apt-get"):
        await built(bare, packages, {"apt.txt": "graphviz\n"})
    assert engine.images.list(REPOSITORY) == []


async def test_a_base_that_no_registry_has_is_told_to_the_operator(
    downloads: WheelDownloads, order: ImageOrder
) -> None:
    engine = ImageEngine()
    absent = Repo2DockerImages(engine, downloads, order, StockPacks(engine, "registry.invalid/caseloop/none:1"))
    with pytest.raises(ImagesUnavailable, match=r"registry.invalid/caseloop/none:1.*cannot be fetched"):
        await absent.key({"a": "1"}, {"apt.txt": "graphviz\n"})


async def test_time_is_limited_and_nothing_is_kept(
    engine: docker.DockerClient, downloads: WheelDownloads, order: ImageOrder, packages: Mapping[str, str]
) -> None:
    looking = ImageEngine()
    hasty = Repo2DockerImages(looking, downloads, replace(order, seconds=0.5), StockPacks(looking, BASE))
    with pytest.raises(CannotBuild, match="took longer than"):
        await built(hasty, packages, {"apt.txt": "graphviz\n"})
    assert engine.images.list(REPOSITORY) == []
