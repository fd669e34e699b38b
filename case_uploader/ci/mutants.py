"""Which small faults are put into a reference: all that the operators find, or an even choice of them."""

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from case_uploader.ci.edits import Edit, Source, applied, same_code
from case_uploader.ci.general import general_edits
from case_uploader.ci.learning import learning_edits
from case_uploader.format.python_source import bound_names, parse, syntax_error, without_magics
from services.contracts.case import AuthorCase, Subtask
from services.contracts.notebook import Cell

_TYPES = frozenset({"dict", "list", "tuple", "set", "frozenset", "type", "Callable", "Iterable", "Literal", "Sequence"})


@dataclass(frozen=True)
class PlannedMutant:
    """One small fault, and where it is."""

    id: str
    subtask: str
    cell: str
    """Id of the answer cell."""
    label: str
    """How the author finds the cell."""
    edit: Edit
    source: str
    """The cell with the fault in it."""
    before: str
    after: str
    """The line before and after; empty where nothing is left of it."""
    names: tuple[str, ...]
    """Values that tell whether it makes a difference; empty when they cannot (it is inside a function)."""
    same_code: bool
    """It is the reference in other letters."""


@dataclass(frozen=True)
class MutationPlan:
    """What is tried."""

    mutants: tuple[PlannedMutant, ...]
    left_out: int
    """How many more there would have been."""


class Labelled(Protocol):
    """A case with how its author finds each cell; a `CaseDraft` is one."""

    @property
    def author(self) -> AuthorCase:
        """The case."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Cell id -> its label."""
        ...


def plan_mutants(draft: Labelled, most: int) -> MutationPlan:
    """At most `most` mutants, spread evenly over subtasks, and within each over its operators and lines."""
    found = {subtask.view.id: list(_of_subtask(draft, subtask)) for subtask in draft.author.subtasks}
    total = sum(map(len, found.values()))
    rooms = _shared(most, {name: len(mutants) for name, mutants in found.items()})
    chosen = [mutant for name, mutants in found.items() for mutant in _spread(mutants, rooms[name])]
    return MutationPlan(tuple(chosen), total - len(chosen))


def _of_subtask(draft: Labelled, subtask: Subtask) -> Iterator[PlannedMutant]:
    names = _data_names(draft.author, subtask)
    seen_ids: Counter[str] = Counter()
    judged = {cell.id for cell in draft.author.cells if cell.kind == "code" and not _by_person(cell)}
    for cell, reference in subtask.reference.items():
        text = without_magics(reference)
        if cell not in judged or syntax_error(text) is not None or not text.strip():
            continue
        source = Source(text)
        seen: set[str] = set()
        edits = [*learning_edits(source, frozenset(names)), *general_edits(source)]
        for edit in edits:
            mutated = applied(text, edit)
            # An operator does not know every context it finds itself in; what is no Python is no fault of a learner.
            if mutated in seen or mutated == text or syntax_error(mutated) is not None:
                continue
            seen.add(mutated)
            before, after = _lines(source, mutated, edit)
            key = _key(draft.labels[cell], edit, before, after)
            seen_ids[key] += 1
            yield PlannedMutant(
                id=hashlib.sha256(f"{key}\0{seen_ids[key]}".encode()).hexdigest()[:10],
                subtask=subtask.view.id,
                cell=cell,
                label=draft.labels[cell],
                edit=edit,
                source=mutated,
                before=before,
                after=after,
                names=() if edit.in_definition else names,
                same_code=same_code(text, mutated),
            )


def _by_person(cell: Cell) -> bool:
    marks = cell.metadata.get("nbgrader")
    return isinstance(marks, dict) and bool(marks.get("grade")) and bool(marks.get("solution"))


def _key(label: str, edit: Edit, before: str, after: str) -> str:
    return "\0".join([label, edit.operator, before, after])


def _lines(source: Source, mutated: str, edit: Edit) -> tuple[str, str]:
    """The line of the change before and after; of a change over several lines the first."""
    after = mutated.split("\n")
    return source.line(edit.line).strip(), after[edit.line - 1].strip() if edit.line <= len(after) else ""


def _data_names(case: AuthorCase, subtask: Subtask) -> tuple[str, ...]:
    """Variables that exist once the subtask has run, without functions, classes and modules."""
    positions = {cell.id: at for at, cell in enumerate(case.cells)}
    last = max(positions[cell] for cell in subtask.view.answer_cells)
    answers = {id_: text for other in case.subtasks for id_, text in other.reference.items()}
    checks = {check.cell for other in case.subtasks for check in other.checks}
    names: dict[str, None] = {}
    for cell in case.cells[: last + 1]:
        tree = parse(answers.get(cell.id, cell.source)) if cell.kind == "code" and cell.id not in checks else None
        for statement in tree.body if tree else []:
            names |= dict.fromkeys(sorted(bound_names([statement])) if _is_data(statement) else [])
    return tuple(name for name in names if name not in case.modules)


def _is_data(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return False
    value = statement.value if isinstance(statement, ast.Assign) else None
    # `Fold = tuple[…]` names a type for annotations: no value that anything rests on, and none that can be compared.
    return not (isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id in _TYPES)


def _shared(most: int, wanted: dict[str, int]) -> dict[str, int]:
    """Room for each, so that nobody gets more than another one that still wants some."""
    rooms = dict.fromkeys(wanted, 0)
    left = most
    while left > 0:
        hungry = [name for name in wanted if rooms[name] < wanted[name]]
        if not hungry:
            break
        for name in hungry[:left]:
            rooms[name] += 1
        left -= min(left, len(hungry))
    return rooms


def _spread(mutants: Sequence[PlannedMutant], room: int) -> list[PlannedMutant]:
    """`room` of them: each operator in turn, and each operator's from the first to the last line."""
    if len(mutants) <= room:
        chosen = list(mutants)
    else:
        by_operator: dict[str, list[PlannedMutant]] = {}
        for mutant in mutants:
            by_operator.setdefault(mutant.edit.operator, []).append(mutant)
        rooms = _shared(room, {name: len(group) for name, group in by_operator.items()})
        chosen = [m for name, group in by_operator.items() for m in _evenly(group, rooms[name])]
    return sorted(chosen, key=lambda m: (m.cell, m.edit.line, m.edit.start))


def _evenly(group: Sequence[PlannedMutant], room: int) -> list[PlannedMutant]:
    return [group[at * len(group) // room] for at in range(room)]
