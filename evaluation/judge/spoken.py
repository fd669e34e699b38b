"""What has to be said of a run's judge, wherever its scores are shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from evaluation.judge.health import JudgeReport
from evaluation.judge.record import SUMMARY

_INTERRUPTED: Final = "The judging was interrupted; `caseloop eval judge run` goes on with it."
_DAMAGED: Final = "What the judging came to cannot be read any more; `caseloop eval judge run` writes it anew."


@dataclass(frozen=True)
class Spoken:
    """The judge's name, and what whoever reads its scores has to know first."""

    model: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> "Spoken":
        """Of the run that is kept there, and that a judge was asked about."""
        path = folder / SUMMARY
        if not path.exists():
            return cls("the judge", (_INTERRUPTED,))
        try:
            report = JudgeReport.model_validate_json(path.read_bytes())
        except ValidationError:
            return cls("the judge", (_DAMAGED,))
        return cls(report.model, report.notes)
