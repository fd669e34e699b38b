"""One build by repo2docker's own packs, in a process of its own.

Usage: python -m case_uploader.adapters.repo2docker_stock BASE TAG MEMORY_BYTES FOLDER
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import BuildPack, CondaBuildPack, PythonBuildPack

from case_uploader.adapters.repo2docker_process import ClassicEngine

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_WITH_MODE: Final = re.compile(r"^COPY --chmod=(\d+) (\S+) (\S+)$", re.MULTILINE)
PACKS: Final[Sequence[type[BuildPack]]] = (CondaBuildPack, PythonBuildPack)
"""The first that finds its file, else the last. None that takes a Dockerfile, and none for other languages."""


class NetworkedEngine(ClassicEngine):
    """As `ClassicEngine`, with the network that packages come from."""

    def build(self, *, tag: str = "", fileobj: Any = None, buildargs: Any = None, **_: Any) -> Iterator[dict[str, Any]]:
        """Build the context; limits of ours, whatever else repo2docker asks for."""
        yield from self.build_classic(fileobj=fileobj, tag=tag, buildargs=buildargs)


class StockRepo2Docker(Repo2Docker):
    """repo2docker with its own packs and our engine."""

    def __init__(self, memory: int, **traits: Any) -> None:
        super().__init__(**traits)
        self._memory = memory
        self.buildpacks = [for_classic_builder(pack) for pack in PACKS]
        self.default_buildpack = self.buildpacks[-1]

    def get_engine(self) -> ClassicEngine:
        """Our engine, whatever is installed besides: the newer builder holds no limit of memory."""
        return NetworkedEngine(parent=self, memory=self._memory)


def for_classic_builder(pack: type[BuildPack]) -> type[BuildPack]:
    """The same pack, saying the one thing in other words that the classic builder does not understand."""

    def render(self: BuildPack, build_args: Any = None) -> str:
        text: str = pack.render(self, build_args)
        return _WITH_MODE.sub(r"USER root\nCOPY \2 \3\nRUN chmod \1 \3\nUSER ${NB_USER}", text)

    return type(pack.__name__, (pack,), {"render": render})


def main(base: str, tag: str, memory: str, folder: str) -> None:
    """Build; says what goes on as one JSON object a line, and ends with status 1 when it fails."""
    build = StockRepo2Docker(
        int(memory),
        repo=folder,
        output_image_spec=tag,
        base_image=base,
        # an account that the packs make; learners' containers run as another one
        user_id=1_000,
        user_name="learner",
        extra_build_args={name: os.environ[name] for name in _PROXIES if name in os.environ},
        run=False,
        json_logs=True,
    )
    build.initialize()
    build.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
