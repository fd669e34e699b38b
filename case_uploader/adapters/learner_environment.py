from collections.abc import Mapping
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from sys import stdlib_module_names

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


class LearnerEnvironmentMissing(Exception):
    """There is no virtual environment for learners' code where it should be."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"{root} holds no Python environment for learners' code; run `make setup`")


class SitePackages:
    """`LearnerEnvironment` of a virtual environment on this machine; nothing of it is imported or run.

    Raises `LearnerEnvironmentMissing`.
    """

    def __init__(self, root: Path) -> None:
        self._paths = [str(path) for path in sorted(root.glob("lib/python3*/site-packages"))]
        if not self._paths:
            raise LearnerEnvironmentMissing(root)
        self._installed: dict[str, str] | None = None

    def unmet(self, requirement: Requirement) -> str | None:
        """Why the requirement is not satisfied, or None when it is."""
        version = self._versions().get(canonicalize_name(requirement.name))
        if version is None:
            return f"{requirement.name} is not installed there"
        if not requirement.specifier.contains(version, prereleases=True):
            return f"{requirement.name} {version} is installed there"
        return None

    def has_module(self, name: str) -> bool:
        """Whether the top-level module can be imported there."""
        return name in stdlib_module_names or PathFinder.find_spec(name, self._paths) is not None

    def installed(self) -> Mapping[str, str]:
        """Name -> version of every package there."""
        return dict(self._versions())

    def _versions(self) -> dict[str, str]:
        if self._installed is None:
            found = metadata.distributions(path=self._paths)
            self._installed = {canonicalize_name(item.metadata["Name"]): item.version for item in found}
        return self._installed
