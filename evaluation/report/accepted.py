"""Which run of a suite the next one is measured against, because somebody has looked at it and said so."""

from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import Field, TypeAdapter, ValidationError

from evaluation.runs.result import EvalRun
from evaluation.runs.store import RunUnreadable
from services.contracts.case import Slug
from services.contracts.model import WireModel
from vault.files import locked, private_folder, write_private

FILE: Final = "accepted.json"


class CannotAccept(Exception):
    """This run is no measure for others; the message says why."""


class Acceptance(WireModel):
    """One decision."""

    run: str
    suite: Slug
    by: str = Field(min_length=1, max_length=255)
    at: datetime


_ALL: Final = TypeAdapter(dict[Slug, tuple[Acceptance, ...]])


class Accepted:
    """The decisions of one home, oldest first for each suite; the last one holds.

    Args:
        folder: of all runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, suite: str) -> Acceptance | None:
        """The decision that holds, or None. RunUnreadable where the file is damaged."""
        decisions = self._read().get(suite, ())
        return decisions[-1] if decisions else None

    def accept(self, run: EvalRun, by: str, now: datetime) -> Acceptance:
        """From now on, runs of this suite are measured against this one. CannotAccept, RunUnreadable."""
        if run.ended is None:
            raise CannotAccept(f"{run.id} was interrupted; `caseloop eval run {run.suite}` brings it to its end.")
        if not any(result.scores for result in run.results):
            raise CannotAccept(f"{run.id} has no score at all, so nothing could be measured against it.")
        made = Acceptance(run=run.id, suite=run.suite, by=by, at=now)
        private_folder(self._folder)
        with locked(self._folder / f".{FILE}.lock"):
            known = self._read()
            known[run.suite] = (*known.get(run.suite, ()), made)
            write_private(self._folder / FILE, _ALL.dump_json(known, indent=1))
        return made

    def _read(self) -> dict[str, tuple[Acceptance, ...]]:
        path = self._folder / FILE
        try:
            return _ALL.validate_json(path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError as error:
            raise RunUnreadable(f"{path} cannot be read; move it away and accept a run again: {error}") from error
