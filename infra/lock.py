"""Pins what Caseloop's environments and images have, with hashes: `python -m infra.lock [--upgrade PACKAGE]… [LOCK]…`.

Versions stay as they are but for the packages named by `--upgrade` (`all`: every one). `requirements/vllm.txt` is none
of these: its list is closed, and resolved without what its packages ask for.
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.set_up import REQUIREMENTS, ROOT, uv

IMAGES: Final = REQUIREMENTS / "images"
BY_HAND: Final = frozenset({"vllm"})
_OLDEST: Final = "3.11"
_WIDER: Final[Mapping[str, str]] = {"production": "dev", "services": "production"}
"""Lock -> the one that holds all of it, whose versions it takes."""
_WIDEST_OF_IMAGES: Final = "production"


@dataclass(frozen=True)
class Lock:
    """One file of pins."""

    name: str
    file: Path
    source: tuple[str, ...]
    """What it pins, as the installer is told."""
    versions: Path | None = None
    """The lock whose versions it takes."""

    def command(self, upgrade: Sequence[str]) -> list[str]:
        """What the installer is asked to do; nothing of its answer depends on where packages come from."""
        return [
            *("pip", "compile", *self.source, "--universal", "--python-version", _OLDEST, "--generate-hashes"),
            *("--no-annotate", "--no-header", "--quiet", "--output-file", str(self.file)),
            *(("--constraint", str(self.versions)) if self.versions else ()),
            *(word for name in upgrade for word in _upgraded(name)),
        ]


def _upgraded(name: str) -> tuple[str, ...]:
    return ("--upgrade",) if name == "all" else ("--upgrade-package", name)


def extras() -> list[str]:
    """Those of pyproject.toml, one for each image."""
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def locks() -> Iterator[Lock]:
    """All of them; one whose versions another takes comes before it."""
    names = {path.stem for path in REQUIREMENTS.glob("*.in")} - BY_HAND
    for name in sorted(names, key=lambda name: (_depth(name), name)):
        wider = _WIDER.get(name)
        versions = REQUIREMENTS / f"{wider}.txt" if wider else None
        yield Lock(name, REQUIREMENTS / f"{name}.txt", (str(REQUIREMENTS / f"{name}.in"),), versions)
    for extra in extras():
        source = (str(ROOT / "pyproject.toml"), "--extra", extra)
        yield Lock(f"images/{extra}", IMAGES / f"{extra}.txt", source, REQUIREMENTS / f"{_WIDEST_OF_IMAGES}.txt")


def _depth(name: str) -> int:
    return 1 + _depth(_WIDER[name]) if name in _WIDER else 0


def main() -> int:
    """Write the locks that are asked for; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="append", default=[], metavar="PACKAGE", help="take its newest; or `all`")
    parser.add_argument("names", nargs="*", metavar="LOCK", help="all, if none is named: dev, …, images/hub, …")
    wanted = parser.parse_args()
    every = {lock.name: lock for lock in locks()}
    if unknown := set(wanted.names) - set(every):
        parser.error(f"there is no lock {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    for name, lock in every.items():
        if wanted.names and name not in wanted.names:
            continue
        sys.stdout.write(f"{name} …\n")
        sys.stdout.flush()
        if status := subprocess.run([uv(), *lock.command(wanted.upgrade)], cwd=ROOT, check=False).returncode:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
