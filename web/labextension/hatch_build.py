"""Refuse to make a wheel without the browser part: an empty extension would install and show nothing."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BrowserPartPresent(BuildHookInterface[Any]):
    """Checks that `npm run build` has been run; it never runs it, so that a build needs neither Node nor a network."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Raise RuntimeError with the command to run when the browser part is missing."""
        built = Path(self.root) / "caseloop_lab" / "labextension" / "package.json"
        if not built.is_file():
            raise RuntimeError(
                f"{built} does not exist: the browser part is not built. "
                "Run `npm ci && npm run build` in web/, then install again."
            )
