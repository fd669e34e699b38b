"""The Docker engine, as the making of cases' images uses it; its packages are installed for those who want them."""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from packaging.utils import canonicalize_name

from case_uploader.errors import ImagesUnavailable
from case_uploader.images.plan import Base

_INSTALL: Final = (
    "Making images of cases needs more packages: "
    ".cache/setup/uv/bin/uv pip install -p .venv/bin/python -r requirements/production.txt"
)
_LOOK_SECONDS: Final = 120
_LONGEST_ANSWER: Final = 4 << 20
_TELL: Final = """
import importlib, json, platform, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
from importlib import metadata
from packaging.tags import sys_tags
packages = {item.metadata["Name"]: item.version for item in metadata.distributions()}
platforms = list(dict.fromkeys(tag.platform for tag in sys_tags()))
print(json.dumps({"python": platform.python_version(), "platforms": platforms, "packages": packages}))
"""
_SERVER: Final = ("ipykernel.kernelapp", "jupyterhub.singleuser", "jupyterlab")
"""Without these a learner's environment does not start."""
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Found:
    """An image that the engine has."""

    digest: str
    size: int
    """Bytes, layers that it shares with others included."""


class LooksWrong(Exception):
    """An image does not tell what is in it; the message is what it said instead."""


class ImageEngine:
    """The engine that `DOCKER_HOST` names, or the one of this machine. Every call raises `ImagesUnavailable`."""

    def __init__(self) -> None:
        self._client: Any = None

    async def inspect(self, image: str) -> Found | None:
        """The image of that name or digest, if the engine has it."""
        return await self._do(lambda client: _inspect(client, image))

    async def look(self, image: str, python: str, *, try_server: bool) -> Base:
        """Start it as learners' containers are confined, and let its Python tell what is there. Raises `LooksWrong`.

        `try_server`: import what a learner's server and kernel are made of, too.
        """
        words = [python, "-I", "-c", _TELL, *(_SERVER if try_server else ())]
        status, said = await self._do(lambda client: _run(client, image, words))
        try:
            told = json.loads(said.splitlines()[-1])
            packages: dict[str, str] = {canonicalize_name(str(k)): str(v) for k, v in told["packages"].items()}
            base = Base(image, str(told["python"]), tuple(map(str, told["platforms"])), packages)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise LooksWrong(f"status {status}: {' '.join(said[-1_000:].split())}") from None
        if status:
            raise LooksWrong(f"status {status}")
        return base

    async def pull(self, image: str) -> str:
        """Fetch it from its registry; returns why it could not be had, or nothing."""
        return await self._do(lambda client: _pull(client, image))

    async def name(self, image: str, tag: str) -> None:
        """Call an image so, and no other one."""
        await self._do(lambda client: client.api.tag(image, *tag.rsplit(":", 1)))

    async def names(self, pattern: str) -> list[str]:
        """Names of images that are like this pattern."""
        found = await self._do(lambda client: client.api.images(filters={"reference": pattern}))
        return [str(name) for image in found for name in image["RepoTags"] or () if fnmatchcase(str(name), pattern)]

    async def remove(self, name: str) -> bool:
        """Take the name from the image, and with its last name the image; False when a container is made of it."""
        return await self._do(lambda client: _remove(client, name))

    async def remove_unnamed(self, label: str) -> None:
        """Remove images without a name that have this label, `NAME=VALUE`, and nothing that others are made from."""
        await self._do(lambda client: _remove_unnamed(client, label))

    async def _do(self, act: Callable[[Any], _Result]) -> _Result:
        return await asyncio.to_thread(self._call, act)

    def _call(self, act: Callable[[Any], _Result]) -> _Result:
        try:
            import docker
            import docker.errors
            import requests
        except ImportError as error:
            raise ImagesUnavailable(_INSTALL) from error
        try:
            if self._client is None:
                self._client = docker.from_env(timeout=_LOOK_SECONDS)
            return act(self._client)
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise ImagesUnavailable(
                f"The Docker engine cannot be used ({error}): start it, and give this account access to its socket."
            ) from error


def _inspect(client: Any, image: str) -> Found | None:
    import docker.errors

    try:
        told = client.api.inspect_image(image)
    except docker.errors.ImageNotFound:
        return None
    return Found(str(told["Id"]), int(told["Size"]))


def _pull(client: Any, image: str) -> str:
    import docker.errors
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(image)
    try:
        for said in client.api.pull(repository, tag or "latest", stream=True, decode=True):
            if "error" in said:
                return str(said["error"])
    except docker.errors.APIError as error:
        return str(error.explanation)
    return ""


def _remove(client: Any, name: str) -> bool:
    import docker.errors

    try:
        client.api.remove_image(name)
    except docker.errors.ImageNotFound:
        return True
    except docker.errors.APIError as error:
        if error.status_code == 409:
            return False
        raise
    return True


def _remove_unnamed(client: Any, label: str) -> None:
    import docker.errors

    for image in client.api.images(filters={"label": label, "dangling": True}):
        try:
            client.api.remove_image(image["Id"])
        except docker.errors.ImageNotFound:
            continue
        except docker.errors.APIError as error:
            # somebody's container, or another image, stands on it
            if error.status_code != 409:
                raise


def _run(client: Any, image: str, words: list[str]) -> tuple[int, str]:
    """Exit status, and the end of what it said. A package's code may run: it gets nothing, and not long."""
    import docker.errors
    import requests

    container = client.containers.create(
        image,
        words,
        # by this name production's door to the engine knows it
        name=f"caseloop-look-{secrets.token_hex(6)}",
        entrypoint=[],
        user="65534:65534",
        environment={"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"},  # noqa: S108 - the container's own
        working_dir="/",
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        ipc_mode="private",
        mem_limit=1 << 30,
        memswap_limit=1 << 30,
        pids_limit=64,
        tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777,size=64m"},  # noqa: S108 - the container's own
        log_config={"type": "json-file", "config": {"max-size": "8m", "max-file": "1"}},
    )
    try:
        try:
            container.start()
        except docker.errors.APIError as error:
            # there is no such program in it
            if error.is_client_error() or "runtime create failed" in str(error):
                return -1, str(error.explanation)
            raise
        try:
            status = int(container.wait(timeout=_LOOK_SECONDS)["StatusCode"])
        except requests.exceptions.ReadTimeout:
            return -1, f"it did not end within {_LOOK_SECONDS} seconds"
        except requests.exceptions.ConnectionError as error:
            # a time-out while the answer is read comes by this name
            if "timed out" not in str(error).lower():
                raise
            return -1, f"it did not end within {_LOOK_SECONDS} seconds"
        # warnings may come after the answer
        said: bytes = container.logs(tail=50, stderr=status != 0)
        return status, said[-_LONGEST_ANSWER:].decode(errors="replace")
    finally:
        container.remove(force=True, v=True)
