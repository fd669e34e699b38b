"""First code in a sandbox, run as a script: gives the sandbox's own modules builtins that learners cannot reach.

`builtins.len = ...` in a cell changes the builtins module; functions look names up in the dictionary that was
`__builtins__` of their module when they were defined. So every module of this package gets a copy before it runs.
"""

import builtins
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from pathlib import Path

PACKAGE = "caseloop_sandbox"


class _PrivateBuiltins(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__builtins__"] = dict(vars(builtins))
        super().exec_module(module)


class _Finder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != PACKAGE and not name.startswith(PACKAGE + "."):
            return None
        place = self._folder.joinpath(*name.split(".")[1:])
        if place.is_dir():
            file, folders = place / "__init__.py", [str(place)]
        else:
            file, folders = place.with_suffix(".py"), None
        loader = _PrivateBuiltins(name, str(file))
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=folders)


def main() -> None:
    """Start the zygote; its arguments follow."""
    sys.meta_path.insert(0, _Finder(Path(__file__).resolve().parent))
    importlib.import_module(f"{PACKAGE}.zygote").main(sys.argv[1:])


if __name__ == "__main__":
    main()
