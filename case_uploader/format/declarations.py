"""What repo2docker's own packs make an image from: files of a case folder besides `requirements.txt`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from case_uploader.format.problem import Problems
from case_uploader.format.yaml_file import read_text, read_yaml

DECLARATIONS: Final = ("apt.txt", "environment.yml", "runtime.txt")
_MAX_BYTES: Final = 64 * 1024
_DEBIAN_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,100}")
_RUNTIME: Final = re.compile(r"python-3\.\d{1,2}")


def note_declarations(folder: Path, problems: Problems) -> None:
    """Say of each what it counts for: nothing that checks run in is made from it."""
    for name in DECLARATIONS:
        if (folder / name).exists():
            message = (
                f"{name} counts for learners' containers alone, and only where whoever runs Caseloop allows "
                "repo2docker's own packs; checks run with what requirements.txt names"
            )
            problems.note("environment-file", message, file=name)


def read_declarations(folder: Path) -> Mapping[str, str]:
    """Name -> content of those that are there and can be read; nothing is said about what is in them."""
    return _read(folder, Problems())


def checked_declarations(folder: Path, problems: Problems) -> Mapping[str, str]:
    """As `read_declarations`; records what no pack could make an image from, or what is more than a name."""
    found = _read(folder, problems)
    for number, line in enumerate(found.get("apt.txt", "").split("\n"), 1):
        package = line.partition("#")[0].strip()
        # repo2docker looks at the beginning of a name only, and hands all of it to a shell
        if package and not _DEBIAN_PACKAGE.fullmatch(package):
            _add(problems, "apt.txt", f"{package[:100]!r} is no name of a package", cell=f"line {number}")
    runtime = found.get("runtime.txt", "").strip()
    if "runtime.txt" in found and not _RUNTIME.fullmatch(runtime):
        _add(problems, "runtime.txt", f"{runtime[:100]!r} is not like python-3.11")
    if "environment.yml" in found and not isinstance(
        read_yaml(folder / "environment.yml", "environment.yml", problems), dict
    ):
        _add(problems, "environment.yml", "has no keys, such as `dependencies`")
    return found


def _read(folder: Path, problems: Problems) -> Mapping[str, str]:
    there = [name for name in DECLARATIONS if (folder / name).exists() or (folder / name).is_symlink()]
    texts = {name: read_text(folder / name, name, _MAX_BYTES, problems) for name in there}
    return {name: text for name, text in texts.items() if text is not None}


def _add(problems: Problems, file: str, message: str, cell: str | None = None) -> None:
    problems.add("environment-file", message, file=file, cell=cell)
