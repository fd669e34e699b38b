"""The case service's way to the engine, on the real one: whole builds go through it, and nothing else does."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import docker
import docker.errors
import pytest

from case_uploader.adapters.image_engine import ImageEngine
from case_uploader.adapters.repo2docker_images import ImageOrder, Repo2DockerImages
from case_uploader.adapters.wheel_downloads import WheelDownloads
from case_uploader.environments.ports import CannotBuild
from case_uploader.images.ports import BuiltImage
from case_uploader.images.shelf import ImageShelf, ReadyImage
from infra.production.builds_door import BuildRules, builds_app
from tests.docker.door import open_door
from tests.docker.machine_image import LEARNER
from tests.wheels import wheel

REPOSITORY = LEARNER.rpartition(":")[0]
INSTALLATION = "d" * 12
PACKAGES = {"caseloop-till": "1.0"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("door") / "d"
    rules = BuildRules(REPOSITORY, frozenset(), most_bytes=64 << 20, memory_bytes=1 << 30)
    with open_door(place, lambda engine: builds_app(engine, rules)):
        yield f"unix://{place}"


@pytest.fixture
def order() -> ImageOrder:
    return ImageOrder(REPOSITORY, LEARNER, INSTALLATION, seconds=300, most_bytes=32 << 20, memory_bytes=1 << 30)


@pytest.fixture
def builder(
    project: Path, tmp_path: Path, order: ImageOrder, door: str, monkeypatch: pytest.MonkeyPatch
) -> Repo2DockerImages:
    """Knows no other way to the engine than the door."""
    monkeypatch.setenv("DOCKER_HOST", door)
    wheel(tmp_path, "caseloop_till", "1.0", "VALUE = 1")
    python = project / ".cache" / "setup" / "uv" / "bin" / "python"
    downloads = WheelDownloads(python, index=("--no-index", "--find-links", str(tmp_path)))
    return Repo2DockerImages(ImageEngine(), downloads, order)


@pytest.fixture(autouse=True)
def _no_images_are_left(engine: docker.DockerClient) -> Iterator[None]:
    yield
    assert engine.images.list(filters={"label": "caseloop.stage", "dangling": True}) == []
    assert engine.containers.list(all=True, filters={"name": "caseloop-look-"}) == []
    for image in engine.images.list(REPOSITORY):
        for tag in image.tags:
            if INSTALLATION in tag:
                engine.images.remove(tag, force=True)


async def built(builder: Repo2DockerImages, packages: Mapping[str, str]) -> tuple[str, list[str]]:
    async with aclosing(cast("Any", builder.build(packages))) as lines:
        *said, image = [line async for line in lines]
    assert isinstance(image, BuiltImage)
    return image.digest, said


async def test_an_image_is_made_looked_at_named_and_removed_through_it(
    engine: docker.DockerClient, builder: Repo2DockerImages, tmp_path: Path
) -> None:
    shelf = ImageShelf(tmp_path / "images", builder)
    async with aclosing(cast("Any", shelf.get(PACKAGES))) as lines:
        *said, ready = [line async for line in lines]
    assert any(line.startswith("Step 1/") for line in said)
    assert isinstance(ready, ReadyImage)
    assert engine.images.get(ready.digest).labels["caseloop.image"] == await builder.key(PACKAGES)
    for note in (tmp_path / "images").glob("*.json"):
        os.utime(note, (0, 0))
    container = engine.containers.run(ready.digest, ["sleep", "600"], entrypoint=[], detach=True)
    try:
        assert await shelf.collect(set()) == []
    finally:
        container.remove(force=True)
    assert await shelf.collect(set()) == [ready.digest]
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(ready.digest)


async def test_a_build_that_fails_is_said_through_it(builder: Repo2DockerImages, tmp_path: Path) -> None:
    wheel(tmp_path, "jupyterhub", "0.1", "raise SystemExit('no server any more')")
    with pytest.raises(CannotBuild, match="no server any more"):
        await built(builder, {"jupyterhub": "0.1"})


async def test_a_build_with_more_memory_than_the_door_allows_is_refused(
    builder: Repo2DockerImages, order: ImageOrder
) -> None:
    greedy = Repo2DockerImages(ImageEngine(), builder._downloads, replace(order, memory_bytes=2 << 30))
    with pytest.raises(CannotBuild, match="its memory is not limited"):
        await built(greedy, PACKAGES)


@pytest.fixture
def client(door: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(door)
    yield client
    client.close()


def test_nothing_else_of_the_engine_can_be_had(client: docker.APIClient, engine: docker.DockerClient) -> None:
    other = engine.containers.create(LEARNER, ["true"], name="not-ours")
    try:
        for call in (
            client.info,
            client.containers,
            client.networks,
            client.volumes,
            lambda: client.pull("busybox"),
            lambda: client.remove_image(LEARNER),
            lambda: client.tag(LEARNER, REPOSITORY, "latest"),
            lambda: client.inspect_container(other.id),
            lambda: client.start(other.id),
            lambda: client.logs(other.id),
            lambda: client.wait(other.id),
            lambda: client.remove_container(other.id),
            lambda: client.exec_create(other.id, "true"),
            lambda: client.create_container(LEARNER, ["true"], name="caseloop-look-0123456789ab"),
            lambda: list(client.build(path=str(Path(__file__).parent), tag="other:1")),
            lambda: list(client.get_image(LEARNER)),
        ):
            with pytest.raises(docker.errors.APIError, match="the case service may not do this"):
                call()
    finally:
        other.remove(force=True)


def test_what_it_refuses_is_not_built(client: docker.APIClient, engine: docker.DockerClient, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {LEARNER}\n")
    tag = f"{REPOSITORY}:case-{INSTALLATION}-{'0' * 24}"
    for more in ({"network_mode": "host"}, {"network_mode": None}, {"extra_hosts": {"a": "1.2.3.4"}}):
        limits = {"memory": 1 << 30, "memswap": 1 << 30}
        with pytest.raises(docker.errors.APIError, match="the case service may not do this"):
            list(client.build(path=str(tmp_path), tag=tag, container_limits=limits, **more))
    assert json.dumps(engine.images.list(tag)) == "[]"
