"""Comparisons that were computed, beside the later one of the two runs."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from evaluation.serving.kept import Stamp, compared_stamp
from evaluation.serving.readings import ReadComparison
from services.contracts.model import WireModel
from vault.files import write_private

FOLDER: Final = "compared"
_FORMAT: Final = 2
"""Goes up when the same two runs come to another comparison."""


class _Kept(WireModel):
    format: int
    before: Stamp
    after: Stamp
    found: ReadComparison


def kept_comparison(before: Path, after: Path) -> ReadComparison | None:
    """The comparison of the runs in these folders; None where there is none of them as they are now."""
    try:
        kept = _Kept.model_validate_json(_path(before, after).read_bytes())
    except (OSError, ValidationError):
        return None
    now = _FORMAT, compared_stamp(before), compared_stamp(after)
    return kept.found if (kept.format, kept.before, kept.after) == now else None


def keep_comparison(before: Path, after: Path, stamps: tuple[Stamp, Stamp], found: ReadComparison) -> None:
    """Write it down. `stamps`: of both runs, from before they were read. Raises OSError."""
    kept = _Kept(format=_FORMAT, before=stamps[0], after=stamps[1], found=found)
    path = _path(before, after)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, kept.model_dump_json().encode())


def _path(before: Path, after: Path) -> Path:
    return after / FOLDER / f"{before.name}.json"
