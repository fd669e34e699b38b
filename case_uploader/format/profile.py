"""A bundle: a profile notebook with a JSON block for each section, a template for learners, and a dataset."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from case_uploader.format.author_notebook import AuthorCell, AuthorNotebook, GradeMark, read_author_notebook
from case_uploader.format.manifest import SubtaskManifest, add_validation_errors, slug_of
from case_uploader.format.problem import Problems
from case_uploader.format.python_source import without_magics
from case_uploader.format.watch import assigned_names
from services.contracts.case import CallProbe, Compare
from services.contracts.model import WireModel

PROFILE_FILE = "profile.ipynb"
TEMPLATE_FILE = "template.ipynb"
_JSON = re.compile(r"```json\s*\n(?P<json>.*?)\n```", re.DOTALL)
_INDEX = re.compile(r"^\s*%env\s+SECTION_INDEX[\s=]+(\d+)\s*$", re.MULTILINE)


class SectionProfile(WireModel):
    """The JSON block that opens a section; keys of other programs are let be."""

    model_config = WireModel.model_config | {"extra": "ignore"}

    title: str | None = Field(default=None, min_length=1, max_length=200)
    points: float = Field(default=1, ge=0, le=10_000)
    plan: str | None = Field(default=None, max_length=2_000)
    example: str | None = Field(default=None, max_length=4_000)
    checks: tuple[str, ...] = ()
    """Asserts that learners see."""
    hidden_checks: tuple[str, ...] = ()
    compare: tuple[str, ...] | None = None
    """Names to compare with the reference's; left out: every variable that the section assigns."""
    probes: tuple[CallProbe, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """What a bundle says in the words of a case."""

    notebook: AuthorNotebook | None
    subtasks: tuple[SubtaskManifest, ...]


def read_profile_bundle(folder: Path, problems: Problems) -> Bundle:
    """Read profile and template. Each section is a markdown cell with a JSON block, and code: the reference."""
    profile = read_author_notebook(folder / PROFILE_FILE, PROFILE_FILE, problems)
    if profile is None:
        return Bundle(None, ())
    reader = _Profile(problems)
    for cell in profile.cells:
        reader.take(cell)
    starters = _starters(folder, len(reader.entries), problems)
    cells = tuple(
        AuthorCell(**{**vars(cell), "starter": starters.get(reader.section_of[cell.id])})
        if cell.role == "answer"
        else cell
        for cell in reader.cells
    )
    if not reader.entries:
        problems.add(
            "profile-section", "no markdown cell holds a ```json block, so there is no section", file=PROFILE_FILE
        )
        return Bundle(None, ())
    return Bundle(AuthorNotebook(PROFILE_FILE, cells), tuple(reader.entries))


class _Profile:
    """Makes cells and keys of the sections as they come."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.cells: list[AuthorCell] = []
        self.entries: list[SubtaskManifest] = []
        self.section_of: dict[str, int] = {}
        self._section = SectionProfile()
        self._name = ""
        self._solved = False

    def take(self, cell: AuthorCell) -> None:
        """The next cell of the profile."""
        block = _JSON.search(cell.source) if cell.kind == "markdown" else None
        if block:
            self._open(cell, block)
        elif cell.kind == "code" and self.entries and not self._solved:
            self._solve(cell)
        elif cell.kind == "code" and self.entries:
            message = "a section has one code cell, its reference; join it with the one above"
            self._problems.add("profile-section", message, file=PROFILE_FILE, cell=cell.label)
        else:
            self.cells.append(AuthorCell(**{**vars(cell), "subtask": self._name or None}))

    def _open(self, cell: AuthorCell, block: re.Match[str]) -> None:
        if self.entries and not self._solved:
            message = f"the section {self._name!r} above has no code: its reference is missing"
            self._problems.add("profile-section", message, file=PROFILE_FILE, cell=cell.label)
        self._section = self._parsed(block["json"], cell)
        number = len(self.entries) + 1
        wanted = slug_of(self._section.title or "") or f"section-{number}"
        taken = {entry.id for entry in self.entries}
        self._name = wanted if wanted not in taken else f"{wanted[:60]}-{number}"
        self._solved = False
        entry = SubtaskManifest(
            id=self._name,
            title=self._section.title,
            plan=self._section.plan,
            example=self._section.example,
            probes=self._section.probes,
        )
        self.entries.append(entry)
        text = (cell.source[: block.start()] + cell.source[block.end() :]).strip()
        source = text or f"## {self._section.title or f'Section {number}'}"
        self.cells.append(AuthorCell(**{**vars(cell), "subtask": self._name, "source": source}))

    def _parsed(self, text: str, cell: AuthorCell) -> SectionProfile:
        try:
            raw: Any = json.loads(text)
            return SectionProfile.model_validate(raw)
        except (json.JSONDecodeError, RecursionError) as error:
            self._problems.add("profile-json", f"the block is not JSON: {error}", file=PROFILE_FILE, cell=cell.label)
        except ValidationError as error:
            add_validation_errors(error, SectionProfile, f"{PROFILE_FILE}: {cell.label}", self._problems)
        return SectionProfile()

    def _solve(self, cell: AuthorCell) -> None:
        self._solved = True
        mark = GradeMark(False, True, False, False, f"{self._name[:56]}-answer", None)
        self.section_of[cell.id] = len(self.entries) - 1
        self.cells.append(AuthorCell(**{**vars(cell), "subtask": self._name, "mark": mark}))
        names = self._section.compare
        if names is None and not self._section.checks and not self._section.hidden_checks and not self._section.probes:
            names = tuple(assigned_names([cell.source]))
        compare = tuple(Compare(name=name) for name in names or ())
        self.entries[-1] = self.entries[-1].model_copy(update={"compare": compare})
        if self._section.checks or self._section.hidden_checks:
            self._check(cell)

    def _check(self, cell: AuthorCell) -> None:
        lines = list(self._section.checks)
        if self._section.hidden_checks:
            lines += ["### BEGIN HIDDEN TESTS", *self._section.hidden_checks, "### END HIDDEN TESTS"]
        mark = GradeMark(True, False, True, False, f"{self._name[:56]}-check", self._section.points)
        check = AuthorCell(f"{self._name[:56]}-check", cell.position, "code", "\n".join(lines), mark, self._name)
        self.cells.append(check)


def _starters(folder: Path, sections: int, problems: Problems) -> dict[int, str]:
    """Section -> what learners begin with: the template's code below `%env SECTION_INDEX n`, or its code in order."""
    if not (folder / TEMPLATE_FILE).exists():
        return {}
    template = read_author_notebook(folder / TEMPLATE_FILE, TEMPLATE_FILE, problems)
    if template is None:
        return {}
    indexed: dict[int, list[str]] = {}
    in_order: list[str] = []
    current: int | None = None
    for cell in template.cells:
        if cell.kind != "code":
            continue
        found = _INDEX.findall(cell.source)
        current = int(found[-1]) if found else current
        code = without_magics(cell.source).strip()
        if code:
            in_order.append(code)
            if current is not None:
                indexed.setdefault(current, []).append(code)
    if indexed:
        return {index: "\n\n".join(parts) for index, parts in indexed.items() if index < sections}
    if len(in_order) == sections:
        return dict(enumerate(in_order))
    problems.note(
        "template-unmatched",
        f"it has {len(in_order)} code cells for {sections} sections and no `%env SECTION_INDEX n`: learners begin with "
        "an empty cell in each section",
        file=TEMPLATE_FILE,
    )
    return {}
