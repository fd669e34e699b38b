"""A process that has loaded what a part of Caseloop needs, and becomes that part when it is told to.

`python -m infra.spare NAME -m MODULE ARGUMENT…` waits for a line on its standard input, then runs the module as
`python -m` does. When one that serves people ends, the next one is there a few seconds of loading earlier.
"""

import importlib
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from typing import Final

LOADED: Final[Mapping[str, Sequence[str]]] = {
    "services": (
        "infra.embedded",
        "infra.service_apps",
        "case_uploader.app",
        "case_uploader.wiring",
        "evaluation.serving.app",
        "feedback.app",
        "feedback.wiring",
        "linting.app",
        "services.gateway.dashboard.wiring",
        "services.gateway.wiring",
        "services.kit.serving",
        "services.kit.traces_wiring",
        "services.mentoring.wiring",
        "services.progress.wiring",
    ),
    "hub": ("jupyterhub.app", "infra.hub.configuration", "infra.hub.platform", "vault.wiring"),
}


def main() -> int:
    """Load, wait, and be what was asked for; 0 when whoever keeps it has ended."""
    name, *command = sys.argv[1:]
    _call_it(f"a spare of Caseloop's {name}")
    for module in LOADED[name]:
        importlib.import_module(module)
    if not sys.stdin.readline():
        return 0
    _become(command)
    return 0


def _become(command: Sequence[str]) -> None:
    """Be `python` with these arguments: `-m`, a module, and its own."""
    _, module, *arguments = command
    _call_it(" ".join([sys.executable, *command]))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _call_it(name: str) -> None:
    """What `ps` shows: a spare is not taken for the part, nor the part for a spare."""
    # or it would take the room of the variables as well, by which whose process it is can be told
    os.environ["SPT_NOENV"] = "1"
    from setproctitle import setproctitle

    setproctitle(name)
    del os.environ["SPT_NOENV"]


if __name__ == "__main__":
    sys.exit(main())
