"""Which files a run consists of, in which state they are, and single documents out of them."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from evaluation.judge.opinion import Exchange, Opinion
from evaluation.judge.record import EXCHANGES, OPINIONS, SUMMARY
from evaluation.runs.lines import Where, lines_at
from evaluation.runs.result import SampleResult
from evaluation.runs.store import HEADER, RESULTS
from services.contracts.model import WireModel

_COMPARED: Final = (HEADER, RESULTS)
_OF_A_RUN: Final = (*_COMPARED, OPINIONS, EXCHANGES, SUMMARY)
Stamp = tuple[tuple[int, int] | None, ...]
"""Time of the last change and size of files; it changes when one of them does."""
T = TypeVar("T", bound=WireModel)


def stamp(folder: Path) -> Stamp:
    """Of all that is shown of a run. The first is the header's."""
    return tuple(state_of(folder / name) for name in _OF_A_RUN)


def compared_stamp(folder: Path) -> Stamp:
    """Of what a comparison rests on."""
    return tuple(state_of(folder / name) for name in _COMPARED)


def state_of(path: Path) -> tuple[int, int] | None:
    """Time of the last change and size of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def is_judged(folder: Path) -> bool:
    """Whether a judge was asked about the run."""
    return (folder / OPINIONS).exists()


def result_at(folder: Path, sample: str, where: Where) -> SampleResult | None:
    """The result of a sample that stands there; None where something else does."""
    found = list(_documents(SampleResult, folder / RESULTS, [where]))
    return found[0] if found and found[0].sample.id == sample else None


def opinions_at(folder: Path, places: Iterable[Where]) -> list[Opinion]:
    """The judge's opinions that stand there."""
    return list(_documents(Opinion, folder / OPINIONS, places))


def exchanges_at(folder: Path, places: Iterable[Where]) -> list[Exchange]:
    """What was said to and by the judge, as it stands there."""
    return list(_documents(Exchange, folder / EXCHANGES, places))


def _documents(kind: type[T], path: Path, places: Iterable[Where]) -> Iterator[T]:
    for line in lines_at(path, places):
        with contextlib.suppress(ValidationError):
            yield kind.model_validate_json(line)
