"""Which parts of this machine the Python of the learners' environment needs, and no more than these."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spawner.inside import Mount

_USR = Path("/usr")


class UnusablePython(Exception):
    """The learners' environment cannot be shown inside a sandbox; the message says why and what to do."""


@dataclass(frozen=True)
class Interpreter:
    """What to show inside a sandbox, read-only, besides /usr."""

    mounts: Sequence[Mount]
    links: Mapping[Path, str] = field(default_factory=dict)


def find_interpreter(env: Path, private: Sequence[Path]) -> Interpreter:
    """Look at a virtual environment; nothing of `private` may be seen through it. Raises UnusablePython."""
    python = env / "bin" / "python"
    if not (env / "pyvenv.cfg").is_file() or not python.exists():
        raise UnusablePython(f"{env} is no virtual environment: run `make setup` to make it.")
    if not python.is_symlink():  # a copy; what it was copied from holds the library
        python = _home(env) / "python3"
    base = python.resolve().parent.parent
    named, links = _chain(python, env)
    mounts = [Mount(env, str(env))]
    if not base.is_relative_to(_USR):
        for hidden in (Path.home(), *private):
            if hidden.resolve().is_relative_to(base):
                raise UnusablePython(
                    f"The Python of {env} is installed in {base}, and so learners would see {hidden}. "
                    "Make the environment with another Python: remove it and run `make setup PYTHON=…`."
                )
        places = dict.fromkeys([base, named])
        mounts += [Mount(base, str(place)) for place in places if not _shown(place / "bin")]
    shown = [Path(mount.target) for mount in mounts]
    missing = [link for link in links if not _shown(link.parent) and not any(map(link.is_relative_to, shown))]
    return Interpreter(mounts, {link: links[link] for link in missing})


def _chain(python: Path, env: Path) -> tuple[Path, Mapping[Path, str]]:
    """The installation as the last of the links behind `python` names it, and all links but the environment's own."""
    links = {}
    path = python
    while path.is_symlink():
        target = str(path.readlink())
        if not path.is_relative_to(env):
            links[path] = target
        path = Path(os.path.normpath(path.parent / target))
    return path.parent.parent, links


def _home(env: Path) -> Path:
    for line in (env / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return Path(value.strip())
    raise UnusablePython(f"{env / 'pyvenv.cfg'} does not say where its Python is: run `make setup` to make it anew.")


def _shown(folder: Path) -> bool:
    """Whether the folder is part of /usr, which every sandbox sees, under whatever name."""
    return folder.resolve().is_relative_to(_USR)
