"""A case folder becomes a draft: both views of the case and the files that belong to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from case_uploader.format.author_notebook import AuthorNotebook
from case_uploader.format.checks import checks_of
from case_uploader.format.data_contents import check_contents
from case_uploader.format.data_files import DataSource, check_data_is_there, read_data_files
from case_uploader.format.declarations import note_declarations, read_declarations
from case_uploader.format.flaws import read_flaws
from case_uploader.format.formats import read_source
from case_uploader.format.imports import imported_modules, module_names
from case_uploader.format.leaks import find_leaks, secrets_of, shown_cells, shown_data, shown_manifest, shown_words
from case_uploader.format.manifest import MANIFEST_FILE, CiManifest, Manifest, SubtaskManifest
from case_uploader.format.personal_data import find_personal_data
from case_uploader.format.problem import CaseProblem, Problems
from case_uploader.format.python_source import magic_lines, syntax_error
from case_uploader.format.requirements_file import (
    LearnerEnvironment,
    check_imports,
    read_requirements,
)
from case_uploader.format.split import SplitCell, learner_cells, learner_notebook, split_cells
from case_uploader.format.subtasks import SubtaskCells, group_subtasks
from case_uploader.format.variants import Variant, read_variants
from case_uploader.format.version import version_digest
from case_uploader.format.watch import watched_names
from services.contracts.case import AuthorCase, Compare, LearnerCase, Subtask, SubtaskView
from services.contracts.notebook import Cell

_NO_VERSION = "0" * 64


@dataclass(frozen=True)
class CaseDraft:
    """A case as its folder describes it: nothing has been run yet."""

    author: AuthorCase
    learner: LearnerCase
    """`number` is 1 until it is published."""
    data: tuple[DataSource, ...]
    requirements: tuple[str, ...]
    variants: tuple[Variant, ...]
    notebook_file: str
    labels: dict[str, str]
    """Cell id -> how the author finds the cell."""
    ci: CiManifest
    """What the case demands of its checks."""

    @property
    def version(self) -> str:
        """The content's digest."""
        return self.author.version


@dataclass(frozen=True)
class CaseReading:
    """What reading a folder gave: a draft, or the errors that prevent one; notes in either case."""

    draft: CaseDraft | None
    problems: tuple[CaseProblem, ...]

    @property
    def errors(self) -> tuple[CaseProblem, ...]:
        """Only what stops the case."""
        return tuple(p for p in self.problems if p.level == "error")


def read_case_folder(folder: Path, environment: LearnerEnvironment | None = None) -> CaseReading:
    """Read and check everything in the folder; without an environment, nothing is asked about installed packages."""
    problems = Problems()
    if not folder.is_dir():
        problems.add("folder-missing", "there is no such folder", file=str(folder))
        return CaseReading(None, problems.all)
    source = read_source(folder, problems)
    manifest, notebook = source.manifest, source.notebook
    data = read_data_files(folder, problems, beside_notebook=source.data_beside)
    check_contents(data, problems)
    if manifest is None or not manifest.fictional_data:
        find_personal_data(data, problems)
    requirements = read_requirements(folder, environment, problems)
    note_declarations(folder, problems)
    if manifest is None or notebook is None:
        return CaseReading(None, problems.all)
    check_data_is_there(folder, notebook, data, problems)
    draft = _Drafting(folder, manifest, notebook, data, problems).draft(requirements)
    own_modules = {source.file.path.removesuffix(".py").split("/")[0] for source in data}
    check_imports(draft.author.imports, own_modules, environment, notebook.file, problems)
    return CaseReading(None if problems.errors else draft, problems.all)


class _Drafting:
    """Builds one draft; the steps share the split cells."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        notebook: AuthorNotebook,
        data: tuple[DataSource, ...],
        problems: Problems,
    ) -> None:
        self.folder, self.manifest, self.notebook, self.data, self.problems = folder, manifest, notebook, data, problems
        self.split = split_cells(notebook, problems)
        self.parts = {part.author.id: part for part in self.split}
        self.groups = group_subtasks(notebook, manifest, problems)

    def draft(self, requirements: tuple[str, ...]) -> CaseDraft:
        self._check_code()
        cells = learner_cells(self.split, {c.id: group.id for group in self.groups for c in group.cells})
        subtasks = tuple(self._subtask(index, group) for index, group in enumerate(self.groups))
        variants = read_variants(self.folder, self._answers(self.groups), self.problems)
        author = self._author(cells, subtasks, variants)
        learner = self._learner(cells, subtasks)
        self._check_leaks(author)
        version = version_digest(author, learner, requirements, read_declarations(self.folder))
        return CaseDraft(
            author.model_copy(update={"version": version}),
            learner.model_copy(update={"version": version}),
            self.data,
            requirements,
            variants,
            self.notebook.file,
            {cell.id: cell.label for cell in self.notebook.cells},
            self.manifest.ci,
        )

    def _answers(self, groups: Sequence[SubtaskCells]) -> dict[str, SplitCell]:
        return {cell.grade_id: self.parts[cell.id] for group in groups for cell in group.answers}

    def _check_code(self) -> None:
        file = self.notebook.file
        for part in self.split:
            cell = part.author
            if cell.kind != "code" or cell.role == "check":
                continue
            reference = part.reference if part.reference is not None else part.source
            for what, source in (("the cell", reference), ("the learner's start of the cell", part.source)):
                error = syntax_error(source)
                if error:
                    self.problems.add("code-syntax", f"{what} is not valid Python: {error}", file=file, cell=cell.label)
                    break
            lines = magic_lines(reference)
            if lines:
                message = f"line {lines[0]}: IPython commands (%, !) do not run when a submission is checked"
                self.problems.note("magic", message, file=file, cell=cell.label)

    def _subtask(self, index: int, group: SubtaskCells) -> Subtask:
        entry = self.manifest.subtask(group.id) or SubtaskManifest(id=group.id)
        self._check_hints(entry, group)
        checks = tuple(
            check
            for cell in group.checks
            for check in checks_of(self.parts[cell.id], entry.hints, self.notebook.file, self.problems)
        )
        reference = {cell.id: self.parts[cell.id].reference or "" for cell in group.answers}
        return Subtask(
            view=SubtaskView(
                id=group.id,
                title=group.title,
                index=index,
                points=sum(check.points for check in checks),
                cells=tuple(cell.id for cell in group.cells),
                answer_cells=tuple(reference),
            ),
            starter={cell.id: self.parts[cell.id].source for cell in group.answers},
            reference=reference,
            checks=checks,
            compare=entry.compare,
            probes=entry.probes,
            watch=self._watch(group, entry.watch, entry.compare),
            plan=entry.plan,
            example=entry.example,
        )

    def _watch(self, group: SubtaskCells, wanted: tuple[str, ...], compare: tuple[Compare, ...]) -> tuple[str, ...]:
        answers = [cell for cell in group.answers if cell.kind == "code"]
        inferred = watched_names(
            [self.parts[cell.id].reference or "" for cell in answers],
            [self.parts[cell.id].source for cell in (*answers, *group.checks)],
            [self.parts[cell.id].source for cell in group.cells if cell.kind == "markdown"],
        )
        compared = {item.name for item in compare}
        return tuple(name for name in dict.fromkeys((*wanted, *inferred)) if name not in compared)

    def _check_hints(self, entry: SubtaskManifest, group: SubtaskCells) -> None:
        known = {cell.grade_id for cell in group.checks}
        for key in entry.hints:
            if key.removesuffix("/hidden") not in known:
                self.problems.add(
                    "hint-unknown-check",
                    f"no check cell {key!r} in the subtask {entry.id!r}; it has: {', '.join(sorted(known)) or 'none'}",
                    file=MANIFEST_FILE,
                    cell=f"subtasks: {entry.id}.hints",
                )

    def _author(
        self, cells: tuple[Cell, ...], subtasks: tuple[Subtask, ...], variants: tuple[Variant, ...]
    ) -> AuthorCase:
        answers_of = {group.id: self._answers([group]) for group in self.groups}
        code = [part for part in self.split if part.author.kind == "code"]
        running = [part.reference or part.source for part in code if part.author.role != "check"]
        return AuthorCase(
            id=self.manifest.id,
            version=_NO_VERSION,
            title=self.manifest.title,
            limits=self.manifest.limits,
            strictness=self.manifest.strictness,
            quotas=self.manifest.quotas,
            subtasks=subtasks,
            cells=cells,
            imports=imported_modules([*running, *(part.author.source for part in code)]),
            modules=module_names(running),
            data=tuple(source.file for source in self.data),
            flaws=read_flaws(self.folder, answers_of, self.problems),
            variants=tuple(variant.answers for variant in variants),
            learn_from_approved=self.manifest.learn_from_approved,
        )

    def _learner(self, cells: tuple[Cell, ...], subtasks: tuple[Subtask, ...]) -> LearnerCase:
        manifest = self.manifest
        return LearnerCase(
            id=manifest.id,
            version=_NO_VERSION,
            number=1,
            title=manifest.title,
            summary=manifest.summary,
            level=manifest.level,
            minutes=manifest.minutes,
            ai_mode=manifest.ai_mode,
            strictness=manifest.strictness,
            topics=manifest.topics,
            scope_mode=manifest.scope_mode,
            languages=manifest.languages,
            style=manifest.style,
            quotas=manifest.quotas,
            subtasks=tuple(subtask.view for subtask in subtasks),
            notebook=learner_notebook(manifest.id, self.split, cells),
            data=tuple(source.file for source in self.data),
        )

    def _check_leaks(self, author: AuthorCase) -> None:
        secrets = list(secrets_of(self.split))
        find_leaks(secrets, shown_cells(self.split, self.notebook.file), self.problems)
        find_leaks(secrets, shown_data(self.data), self.problems)
        find_leaks(secrets, shown_words(author.subtasks, author.flaws), self.problems)
        find_leaks(secrets, shown_manifest(self.manifest), self.problems)
