"""`flaws.yaml`: known mistakes with a mentor's words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from case_uploader.format.manifest import add_validation_errors
from case_uploader.format.problem import Problems
from case_uploader.format.python_source import syntax_error
from case_uploader.format.split import SplitCell
from case_uploader.format.yaml_file import read_yaml
from services.contracts.case import Flaw, Slug
from services.contracts.model import WireModel

FLAWS_FILE = "flaws.yaml"


class Edit(WireModel):
    """Change one place of the reference."""

    cell: str
    find: str = Field(min_length=1)
    replace: str


class FlawEntry(WireModel):
    """One entry of flaws.yaml: whole answers by grade_id, or edits of the reference."""

    id: Slug
    subtask: Slug
    title: str = Field(min_length=1, max_length=200)
    words: str = Field(min_length=1, max_length=2_000)
    answer: dict[str, str] | None = None
    edits: tuple[Edit, ...] = ()


_ENTRY = TypeAdapter(FlawEntry)


def read_flaws(folder: Path, answers_of: Mapping[str, Mapping[str, SplitCell]], problems: Problems) -> tuple[Flaw, ...]:
    """The flaws in file order. `answers_of` maps subtask -> grade_id -> split answer cell."""
    path = folder / FLAWS_FILE
    if not path.exists() and not path.is_symlink():
        return ()
    before = len(problems.errors)
    raw = read_yaml(path, FLAWS_FILE, problems)
    if len(problems.errors) > before or raw is None:
        return ()
    if not isinstance(raw, list):
        problems.add("flaws-shape", "must be a list of entries (- id: …)", file=FLAWS_FILE)
        return ()
    flaws = [_read_flaw(item, f"[{number}]", answers_of, problems) for number, item in enumerate(raw)]
    _check_ids([flaw for flaw in flaws if flaw], problems)
    return tuple(flaw for flaw in flaws if flaw)


def _read_flaw(
    raw: Any, where: str, answers_of: Mapping[str, Mapping[str, SplitCell]], problems: Problems
) -> Flaw | None:
    found = Problems()
    try:
        entry = _ENTRY.validate_python(raw)
    except ValidationError as error:
        add_validation_errors(error, FlawEntry, FLAWS_FILE, found)
        for problem in found.all:
            key = f"{where}.{problem.cell}" if problem.cell else where
            problems.add(problem.rule, problem.message, file=FLAWS_FILE, cell=key)
        return None
    answers = answers_of.get(entry.subtask)
    if answers is None:
        known = ", ".join(answers_of)
        problems.add(
            "flaw-subtask",
            f"no subtask {entry.subtask!r}; there are: {known}",
            file=FLAWS_FILE,
            cell=f"{where}.subtask",
        )
        return None
    sources = _flawed_sources(entry, answers, where, problems)
    if sources is None:
        return None
    return Flaw(id=entry.id, subtask=entry.subtask, title=entry.title, answer=sources, words=entry.words.strip())


def _flawed_sources(
    entry: FlawEntry, answers: Mapping[str, SplitCell], where: str, problems: Problems
) -> dict[str, str] | None:
    if (entry.answer is None) == (not entry.edits):
        problems.add("flaw-shape", "needs either `answer` or `edits`", file=FLAWS_FILE, cell=where)
        return None
    if entry.answer is not None:
        wanted = {grade_id: source.rstrip("\n") for grade_id, source in entry.answer.items()}
        places = dict.fromkeys(wanted, f"{where}.answer")
    else:
        edited = _edited(entry, answers, where, problems)
        if edited is None:
            return None
        wanted, places = edited, dict.fromkeys(edited, f"{where}.edits")
    ok = True
    for grade_id, source in wanted.items():
        problem = _source_problem(grade_id, source, answers)
        if problem:
            problems.add(*problem, file=FLAWS_FILE, cell=places[grade_id])
            ok = False
    if ok and all(source == answers[grade_id].reference for grade_id, source in wanted.items()):
        problems.add("flaw-same", "does not differ from the reference", file=FLAWS_FILE, cell=where)
        ok = False
    return {answers[grade_id].author.id: source for grade_id, source in wanted.items()} if ok else None


def _source_problem(grade_id: str, source: str, answers: Mapping[str, SplitCell]) -> tuple[str, str] | None:
    if grade_id not in answers:
        return "flaw-cell", f"{grade_id!r} is no answer cell of the subtask; there are: {', '.join(answers)}"
    error = syntax_error(source) if answers[grade_id].author.kind == "code" else None
    if error:
        return "flaw-syntax", f"the flawed source of {grade_id!r} is not valid Python: {error}"
    return None


def _edited(
    entry: FlawEntry, answers: Mapping[str, SplitCell], where: str, problems: Problems
) -> dict[str, str] | None:
    sources = {grade_id: part.reference or "" for grade_id, part in answers.items()}
    touched: dict[str, str] = {}
    for number, edit in enumerate(entry.edits):
        place = f"{where}.edits[{number}]"
        current = touched.get(edit.cell, sources.get(edit.cell))
        if current is None:
            message = f"{edit.cell!r} is no answer cell of the subtask; there are: {', '.join(answers)}"
            problems.add("flaw-cell", message, file=FLAWS_FILE, cell=f"{place}.cell")
            return None
        find = edit.find.rstrip("\n")
        count = current.count(find) if find else 0
        if count != 1:
            message = f"the text to find is in the reference of {edit.cell!r} {count} times; it must be there once"
            problems.add("flaw-find", message, file=FLAWS_FILE, cell=f"{place}.find")
            return None
        touched[edit.cell] = current.replace(find, edit.replace.rstrip("\n"))
    return touched


def _check_ids(flaws: list[Flaw], problems: Problems) -> None:
    seen: set[str] = set()
    for flaw in flaws:
        if flaw.id in seen:
            problems.add("flaw-duplicate", f"the id {flaw.id!r} is used twice", file=FLAWS_FILE, cell=flaw.id)
        seen.add(flaw.id)
