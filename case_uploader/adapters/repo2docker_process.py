"""One build of repo2docker, in a process of its own: it changes folders, and is killed when it takes too long.

Usage: python -m case_uploader.adapters.repo2docker_process PLAN TAG MEMORY_BYTES FOLDER
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import docker
from docker.utils import kwargs_from_env
from pydantic import TypeAdapter
from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import BaseImage
from repo2docker.docker import DockerEngine
from repo2docker.engine import Image

from case_uploader.images.plan import Plan, dockerfile

_ENGINE_SECONDS: Final = 3_600
"""Our parent has a shorter patience."""


class CasePack(BaseImage):
    """Lays a case's packages over the learners' image; the folder holds `requirements.txt` and its wheels, no more."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(base_image=plan.base)
        self._plan = plan

    def detect(self) -> bool:
        """Whether the folder is one that was made for this pack."""
        return Path("requirements.txt").is_file()

    def render(self, build_args: object = None) -> str:  # noqa: ARG002 - repo2docker's own are for its stock packs
        """The Dockerfile."""
        return dockerfile(self._plan)


class ClassicEngine(DockerEngine):
    """The engine by its HTTP interface: no command, no plugin and no registry; and no network in the build."""

    string_output = False
    """`build` yields what the engine says, as it says it."""

    def __init__(self, *, parent: Repo2Docker, memory: int) -> None:
        super().__init__(parent=parent)
        self._memory = memory
        self._api = docker.APIClient(version="auto", timeout=_ENGINE_SECONDS, **kwargs_from_env())

    def build(self, *, tag: str = "", fileobj: Any = None, **_: Any) -> Iterator[dict[str, Any]]:
        """Build the context; limits of ours, whatever else repo2docker asks for."""
        yield from self.build_classic(fileobj=fileobj, tag=tag, network_mode="none")

    def build_classic(self, **more: Any) -> Iterator[dict[str, Any]]:
        """Have the engine build, within our limits."""
        limits = {"memory": self._memory, "memswap": self._memory}
        yield from self._api.build(
            custom_context=True, container_limits=limits, pull=False, rm=True, forcerm=True, decode=True, **more
        )

    def inspect_image(self, image: str) -> Image | None:
        """The image, if the engine has it."""
        try:
            told = self._api.inspect_image(image)
        except docker.errors.ImageNotFound:
            return None
        return Image(tags=told["RepoTags"], config=told["Config"])


class CaseRepo2Docker(Repo2Docker):
    """repo2docker with our pack and our engine."""

    def __init__(self, plan: Plan, memory: int, **traits: Any) -> None:
        super().__init__(**traits)
        self._memory = memory
        self.buildpacks = [lambda base_image: CasePack(plan)]  # noqa: ARG005 - the plan names it
        self.default_buildpack = None

    def get_engine(self) -> ClassicEngine:
        """Our engine, whatever is installed besides."""
        return ClassicEngine(parent=self, memory=self._memory)


def main(plan_file: str, tag: str, memory: str, folder: str) -> None:
    """Build; says what goes on as one JSON object a line, and ends with status 1 when it fails."""
    plan = TypeAdapter(Plan).validate_json(Path(plan_file).read_bytes())
    build = CaseRepo2Docker(
        plan,
        int(memory),
        repo=folder,
        output_image_spec=tag,
        base_image=plan.base,
        user_id=65_534,
        user_name="nobody",
        run=False,
        json_logs=True,
    )
    build.initialize()
    build.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
