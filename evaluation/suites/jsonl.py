"""Suites as files: one JSON object a line, with a whole notebook or only what differs from the reference."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field, JsonValue, ValidationError

from evaluation.suites.notebooks import answered, unlike_reference
from evaluation.suites.sample import Expected, Sample, Source, Suite
from services.contracts.case import AuthorCase, Slug
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell

MAX_BYTES: Final = 512 << 20
"""Of one file; a sample with a whole notebook takes some 20 KB."""
_MOST_TOLD: Final = 20


class SuiteUnusable(Exception):
    """A suite's file cannot be used; the message names file and lines."""


class SampleLine(WireModel):
    """One line of a suite's file."""

    id: str = Field(pattern=r"^[\w.:/-]{1,200}$")
    case: Slug
    version: str | None = None
    subtask: Slug
    cells: tuple[Cell, ...] | None = Field(default=None, max_length=MAX_CELLS)
    """The learner's whole notebook."""
    answers: dict[str, str] | None = None
    """Instead: id of an answer cell -> the learner's source; all other answers are the reference's."""
    expected: Expected = Expected()
    source: Source = "written"
    tags: tuple[Slug, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(frozen=True)
class SuiteFile:
    """What a file holds; the cases it speaks of are still to be opened."""

    path: Path
    lines: tuple[tuple[int, SampleLine], ...]
    """With the number of the line."""

    @property
    def id(self) -> str:
        """Name of the suite."""
        return self.path.stem

    @property
    def cases(self) -> tuple[str, ...]:
        """Ids of the cases, in order of their first sample."""
        return tuple(dict.fromkeys(line.case for _, line in self.lines))


def read_suite(path: Path) -> SuiteFile:
    """Read a file. Raises SuiteUnusable, with every line that is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SuiteUnusable(f"{path} has more than {MAX_BYTES >> 20} MiB; split it into several suites.")
        content = path.read_bytes()
    except OSError as error:
        raise SuiteUnusable(f"{path} cannot be read: {error.strerror}") from error
    lines: list[tuple[int, SampleLine]] = []
    wrong: list[str] = []
    first: dict[str, int] = {}
    for number, raw in enumerate(content.split(b"\n"), 1):
        if not raw.strip():
            continue
        try:
            line = _line(raw)
        except ValueError as error:
            wrong.append(f"{path}:{number}: {error}")
            continue
        if line.id in first:
            wrong.append(f"{path}:{number}: the id {line.id!r} is that of line {first[line.id]}, too; ids are unique")
        first.setdefault(line.id, number)
        lines.append((number, line))
    if not lines and not wrong:
        wrong.append(f"{path}: there is no sample in this file")
    _refuse(wrong)
    return SuiteFile(path, tuple(lines))


def _line(raw: bytes) -> SampleLine:
    """Raises ValueError: what is wrong, in one line."""
    try:
        line = SampleLine.model_validate_json(raw)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, e['loc'])) or 'the line'}: {e['msg']}" for e in error.errors()[:3]]
        more = f" (and {error.error_count() - 3} more)" if error.error_count() > 3 else ""
        raise ValueError("; ".join(told) + more) from None
    if (line.cells is None) == (line.answers is None):
        raise ValueError("it needs the learner's code: either `cells` (a whole notebook) or `answers`, not both")
    return line


def suite_of(file: SuiteFile, cases: Mapping[str, AuthorCase]) -> Suite:
    """The samples with their whole notebooks. Raises SuiteUnusable: a case, subtask or cell that is not there."""
    wrong: list[str] = []
    samples: list[Sample] = []
    for number, line in file.lines:
        case = cases.get(line.case)
        problems = list(_unknown(line, case))
        if problems or case is None:
            wrong += [f"{file.path}:{number}: {problem}" for problem in problems]
        else:
            samples.append(_sample(line, case))
    _refuse(wrong)
    return Suite(id=file.id, samples=tuple(samples))


def notes_on(file: SuiteFile) -> Iterator[str]:
    """What is no error, and yet worth knowing: samples of which nothing is expected."""
    for number, line in file.lines:
        if not line.expected.known:
            yield (
                f"{file.path}:{number}: nothing is expected of {line.id!r}: neither a verdict nor a problem can be "
                "scored, only how the feedback is written"
            )


def _unknown(line: SampleLine, case: AuthorCase | None) -> Iterator[str]:
    if case is None:
        yield f"there is no case {line.case!r}"
        return
    if line.version is not None and line.version != case.version:
        yield f"it is of version {line.version[:12]} of {case.id}, and what is open is {case.version[:12]}"
    subtask = case.subtask(line.subtask)
    if subtask is None:
        known = ", ".join(s.view.id for s in case.subtasks)
        yield f"the case {case.id!r} has no subtask {line.subtask!r}; it has: {known}"
    answers = {cell for one in case.subtasks for cell in one.reference}
    for cell in line.answers or {}:
        if cell not in answers:
            yield f"answers.{cell}: no answer cell of {case.id!r}; there are: {', '.join(sorted(answers))}"
    ids = {cell.id for cell in line.cells} if line.cells is not None else {cell.id for cell in case.cells}
    for at, problem in enumerate(line.expected.problems):
        if problem.cell is not None and problem.cell not in ids:
            yield f"expected.problems.{at}.cell: the notebook has no cell {problem.cell!r}"


def _sample(line: SampleLine, case: AuthorCase) -> Sample:
    cells = line.cells if line.cells is not None else answered(case, line.answers or {})
    return Sample(
        id=line.id,
        case=line.case,
        version=line.version,
        subtask=line.subtask,
        cells=cells,
        expected=line.expected,
        source=line.source,
        tags=line.tags,
        metadata=line.metadata,
    )


def lines_of(samples: Sequence[Sample], cases: Mapping[str, AuthorCase]) -> bytes:
    """The content of a suite's file; notebooks that are the reference but for some answers take only those."""
    return b"".join(_written(sample, cases[sample.case]) + b"\n" for sample in samples)


def _written(sample: Sample, case: AuthorCase) -> bytes:
    answers = unlike_reference(case, sample.cells)
    line = SampleLine(
        **{name: getattr(sample, name) for name in Sample.model_fields if name != "cells"},
        cells=sample.cells if answers is None else None,
        answers=answers,
    )
    return json.dumps(line.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False).encode()


def _refuse(wrong: Sequence[str]) -> None:
    if wrong:
        more = [f"… and {len(wrong) - _MOST_TOLD} more"] if len(wrong) > _MOST_TOLD else []
        raise SuiteUnusable("\n".join([*wrong[:_MOST_TOLD], *more]))
