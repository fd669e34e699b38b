"""What an image of a case is made of: told without an engine, a network or a disk."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from packaging.version import InvalidVersion, Version

from case_uploader.environments.ports import CannotBuild

_FORMAT: Final = 1
"""Another one makes every image anew: count it up when the Dockerfile changes."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,100}")
_NOBODY: Final = "65534:65534"
LEARNER_PREFIX: Final = "/opt/learner"
"""Where learners' containers have their Python environment."""
_LAB_SETTINGS: Final = "etc/jupyter/labconfig"
_LABEL: Final = "caseloop.image"
STAGE_LABEL: Final = "caseloop.stage"
"""On what is only needed while an image is made; its value is the key."""
_FORGET: Final = """\
import os, sys
from contextlib import suppress
from importlib.metadata import distribution
for name in sys.argv[1:]:
    places = [os.path.normpath(file.locate()) for file in distribution(name).files or ()]
    for place in places:
        with suppress(FileNotFoundError):
            os.unlink(place)
    for folder in sorted({os.path.dirname(place) for place in places}, reverse=True):
        with suppress(OSError):
            os.removedirs(folder)
"""
"""Takes the files of packages away that come in another version: a layer that is laid over them removes none."""


@dataclass(frozen=True)
class Base:
    """The image that cases' images are made from, as the engine has it at this moment."""

    digest: str
    """`sha256:…`: a tag may be another image tomorrow, this may not."""
    python: str
    """Version of the learners' Python in it."""
    platforms: tuple[str, ...]
    """Platforms whose wheels run in it, best first, as in the names of wheels."""
    packages: Mapping[str, str]
    """Name -> version of what is installed for learners."""


@dataclass(frozen=True)
class Plan:
    """One image to be made."""

    key: str
    """Digest of all that it is made from: equal keys, equal images."""
    base: str
    prefix: str
    """Folder of the learners' Python environment in the image."""
    add: tuple[str, ...]
    """`name==version` of what the base lacks."""
    replace: tuple[str, ...]
    """Names of those among them that the base has in another version."""
    learner: str = ""
    """The learners' image, where the base is none: its settings of the Lab are taken over, and the Python environment
    is found at the same place."""


def plan_image(base: Base, prefix: str, pins: Mapping[str, str]) -> Plan:
    """The image in which learners find exactly `pins` (name -> version) besides what the base has for itself.

    Raises `CannotBuild` for a name or version that is none.
    """
    for name, version in pins.items():
        _check(name, version)
    add = [name for name, version in sorted(pins.items()) if base.packages.get(name) != version]
    return Plan(
        key=image_key(base.digest, prefix, pins),
        base=base.digest,
        prefix=prefix,
        add=tuple(f"{name}=={pins[name]}" for name in add),
        replace=tuple(name for name in add if name in base.packages),
    )


def image_key(base: str, prefix: str, pins: Mapping[str, str], declared: Mapping[str, str] | None = None) -> str:
    """Equal for equal packages on the same base; `declared` is what repo2docker's own packs read, by name."""
    content = json.dumps([_FORMAT, base, prefix, sorted(pins.items()), *(sorted(declared.items()) if declared else ())])
    return hashlib.sha256(content.encode()).hexdigest()


def _check(name: str, version: str) -> None:
    try:
        Version(version)
    except InvalidVersion:
        raise CannotBuild(f"{name[:100]!r} calls itself version {version[:100]!r}, which is none") from None
    if not _NAME.fullmatch(name):
        raise CannotBuild(f"a package calls itself {name[:100]!r}, which is no name of a package")


def dockerfile(plan: Plan) -> str:
    """Build wheels into a stage of their own, and lay nothing but their files over the base.

    So neither installer nor wheels nor anything that the build was told is in the image or its history. The build
    needs no network: the wheels are in its context, below `src/`, as repo2docker gathers it.
    """
    taken_over = [f"FROM {plan.learner} AS learner"] if plan.learner else []
    lines = [*_stage(plan), *taken_over, f"FROM {plan.base}", "USER 0:0"]
    if plan.replace:
        lines.append(f"RUN {_words(f'{plan.prefix}/bin/python', '-I', '-c', _FORGET, *plan.replace)}")
    if plan.add:
        lines.append(f"COPY --from=build /new{plan.prefix} {plan.prefix}")
    if plan.learner:
        lines += [
            f"COPY --from=learner {LEARNER_PREFIX}/{_LAB_SETTINGS} {plan.prefix}/{_LAB_SETTINGS}",
            f"RUN {_words('ln', '-s', plan.prefix, LEARNER_PREFIX)}",
            "ENTRYPOINT []",
        ]
    lines += [
        # nothing in a learner's container may become somebody else
        "RUN find / -xdev -type f -perm /6000 -exec chmod ug-s {} +",
        f"LABEL {_LABEL}={plan.key}",
        f"USER {_NOBODY}",
        "WORKDIR /home/learner",
        f"CMD {_words(f'{plan.prefix}/bin/python', '-m', 'jupyterhub.singleuser')}",
    ]
    return "\n".join(lines) + "\n"


def _stage(plan: Plan) -> list[str]:
    if not plan.add:
        return []
    options = "--quiet --no-cache-dir --disable-pip-version-check --root-user-action ignore --no-deps --no-index"
    return [
        f"FROM {plan.base} AS build",
        f"LABEL {STAGE_LABEL}={plan.key}",
        "USER 0:0",
        "COPY src/ /build/",
        "RUN python3 -m venv /build/pip"
        f" && /build/pip/bin/python -m pip --python {plan.prefix}/bin/python install {options}"
        " --root /new --ignore-installed --find-links /build/wheels -r /build/requirements.txt",
    ]


def _words(*words: str) -> str:
    return json.dumps(words)


def broken_promises(pins: Mapping[str, str], found: Mapping[str, str]) -> Sequence[str]:
    """What an image does not have as it should, one line a package."""
    return [
        f"{name} {version} is wanted, {found.get(name) or 'none'} is there"
        for name, version in sorted(pins.items())
        if found.get(name) != version
    ]
