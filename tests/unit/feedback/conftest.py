"""A small case made in memory, and values as the runner would write them down."""

import ast
import hashlib
import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from feedback.findings.voice import Voice
from feedback.judgement import Judgement, Known, judge
from feedback.notebook.repair import repair
from feedback.plan import plan_run
from feedback.reference import reference_cells, reference_plan
from feedback.repair.engine import Repaired
from services.contracts.case import AuthorCase, CallProbe, Check, Compare, Quotas, Subtask, SubtaskView
from services.contracts.limits import Limits
from services.contracts.notebook import Cell, Place
from services.contracts.observation import (
    CellOutcome,
    CheckCode,
    CheckOutcome,
    CodeCell,
    CodeError,
    Observation,
    Operands,
    Probe,
    ProbeOutcome,
    RunRequest,
)
from services.runner.sandbox.arguments import made
from services.runner.sandbox.asserts import Recorder, rewrite
from services.runner.sandbox.observe.behaviour import folds
from services.runner.sandbox.observe.outlines import outlined
from services.runner.sandbox.observe.values import observed
from services.runner.sandbox.questions import argument

STARTER = "# YOUR CODE HERE\nraise NotImplementedError()"
NUMERIC = ("int", "float")


def _marked(id_: str, source: str, **mark: Any) -> Cell:
    nbgrader = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "grade_id": id_, **mark}
    return Cell(id=f"id-{id_}", source=source, metadata={"nbgrader": nbgrader})


def _subtask(number: int, check: str, reference: str, hidden: Sequence[str] = (), **more: Any) -> Subtask:
    answer, checker = f"id-answer-{number}", f"id-check-{number}"
    view = SubtaskView(
        id=f"step-{number}",
        title=f"Step {number}",
        index=number - 1,
        points=2,
        cells=(f"text-{number}", answer, checker),
        answer_cells=(answer,),
    )
    checks = (
        Check(id=f"check-{number}", cell=checker, hidden=False, source=check, points=1),
        *(Check(id=f"check-{number}/hidden", cell=checker, hidden=True, source=h, points=1) for h in hidden),
    )
    return Subtask(view=view, starter={answer: STARTER}, reference={answer: reference}, checks=checks, **more)


@pytest.fixture
def case() -> AuthorCase:
    """Two subtasks: text, answer, check each; a locked set-up cell and an open one in front."""
    first = _subtask(1, "assert total == 6", "parts = [1, 2, 3]\ntotal = sum(parts)", compare=(Compare(name="total"),))
    second = _subtask(
        2,
        "assert double(2) == 4\nassert result == 12",
        "def double(x):\n    return x * 2\n\nresult = double(total)",
        hidden=("secret_input = -77\nassert double(secret_input) == -154",),
        probes=(CallProbe(call="double", args=(5,)), CallProbe(call="double", args=("ab",))),
        watch=("result",),
        plan="Think of twice.",
    )
    cells = (
        Cell(id="title", kind="markdown", source="# A case about total, double and result"),
        _marked("set-up", "import math\nlimit = 10", locked=True),
        Cell(id="play", source="# Try things here"),
        Cell(id="text-1", kind="markdown", source="Add the parts up."),
        _marked("answer-1", STARTER, solution=True),
        _marked("check-1", "assert total == 6", grade=True, locked=True, points=2),
        Cell(id="text-2", kind="markdown", source="Double it."),
        _marked("answer-2", STARTER, solution=True),
        _marked("check-2", "assert double(2) == 4\nassert result == 12", grade=True, locked=True, points=2),
    )
    return AuthorCase(
        id="tiny",
        version="0" * 64,
        title="Tiny",
        limits=Limits(),
        strictness="light",
        quotas=Quotas(),
        subtasks=(first, second),
        cells=cells,
        imports=(),
        data=(),
    )


@pytest.fixture
def solved(case: AuthorCase) -> tuple[Cell, ...]:
    """The notebook with both answers filled in."""
    answers = {id_: source for s in case.subtasks for id_, source in s.reference.items()}
    return tuple(cell.model_copy(update={"source": answers.get(cell.id, cell.source)}) for cell in case.cells)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _hash(elements: Sequence[Any]) -> dict[str, list[str]]:
    ordered = [json.dumps(float(e) if type(e) is int else e) for e in elements]
    # `coarse` differs from `fine` in name only: tests of tolerance go through the elements themselves.
    return {
        "ordered": [_digest("|".join(ordered)), _digest("c" + "|".join(ordered))],
        "unordered": [_digest("|".join(sorted(ordered))), _digest("c" + "|".join(sorted(ordered)))],
    }


def make_facts(elements: Sequence[Any], family: str, *, whole: bool = True) -> dict[str, Any]:
    """Facts about a run of elements; `whole`: with all of them written down."""
    kinds = {"int": "int64", "float": "float64", "text": "str", "bool": "bool"}
    facts: dict[str, Any] = {
        "length": len(elements),
        "dtype": kinds.get(family, family),
        "family": family,
        "nulls": sum(e is None for e in elements),
        "hash": _hash(elements),
        "sample": [[at, e] for at, e in enumerate(elements[:16])],
    }
    numbers = sorted(e for e in elements if e is not None and family in NUMERIC)
    if numbers:
        mean = sum(numbers) / len(numbers)
        spread = (sum((n - mean) ** 2 for n in numbers) / len(numbers)) ** 0.5
        facts |= {"mean": mean, "std": spread, "min": numbers[0], "max": numbers[-1], "sum": sum(numbers)}
        facts["quantiles"] = [numbers[round(at / 16 * (len(numbers) - 1))] for at in range(17)]
    return facts | ({"values": list(elements)} if whole else {})


def make_index(length: int, labels: Sequence[Any] | None = None, name: str | None = None) -> dict[str, Any]:
    """Index facts: 0, 1, 2, … without labels."""
    family = "int" if labels is None or isinstance(labels[0], int) else "text"
    facts = make_facts(list(range(length)) if labels is None else labels, family)
    return facts | {"type": "Index", "names": [name], "default": labels is None, "unique": True, "levels": 1}


def make_frame(columns: dict[str, tuple[str, Sequence[Any]]], *, whole: bool = True, **index: Any) -> dict[str, Any]:
    """A frame of name -> (family, elements)."""
    length = len(next(iter(columns.values()))[1])
    rows = [json.dumps(row) for row in zip(*(c[1] for _, c in sorted(columns.items())), strict=True)]
    return {
        "kind": "frame",
        "shape": [length, len(columns)],
        "columns": list(columns),
        "levels": 1,
        "index": make_index(length, **index),
        "data": [{"name": n, **make_facts(e, family, whole=whole)} for n, (family, e) in columns.items()],
        "hash": _hash([*rows, "".join(sorted(columns))]),
        "complete": True,
    }


def make_series(elements: Sequence[Any], family: str = "float", *, whole: bool = True, **index: Any) -> dict[str, Any]:
    """A series."""
    facts = make_facts(elements, family, whole=whole)
    labels = make_index(len(elements), **index)
    pairs = [json.dumps(pair) for pair in zip(labels["values"], elements, strict=True)]
    return {"kind": "series", "name": None, "index": labels, "pairs": _hash(pairs), **facts}


def make_array(elements: Sequence[Any], family: str = "float", shape: Sequence[int] | None = None) -> dict[str, Any]:
    """An array in one dimension, or in `shape`."""
    array = {"kind": "array", "shape": list(shape or [len(elements)]), **make_facts(elements, family)}
    if shape and len(shape) == 2:
        rows = [json.dumps(elements[at : at + shape[1]]) for at in range(0, len(elements), shape[1])]
        array["rows"] = _hash(rows)
    return array


@pytest.fixture
def frame() -> Callable[..., dict[str, Any]]:
    """Makes frames."""
    return make_frame


@pytest.fixture
def series() -> Callable[..., dict[str, Any]]:
    """Makes series."""
    return make_series


@pytest.fixture
def array() -> Callable[..., dict[str, Any]]:
    """Makes arrays."""
    return make_array


def observe_plainly(request: RunRequest) -> Observation:
    """What a run would show, executed right here: for trusted snippets of these tests only."""
    space: dict[str, Any] = {"__name__": "__main__"}
    cells = tuple(_run_cell(cell, space) for cell in request.cells)
    checks = tuple(_run_check(check, dict(space), request.seed) for check in request.checks)
    probes = tuple(_ask(probe, dict(space), request.seed) for probe in request.probes)
    return Observation(cells=cells, checks=checks, probes=probes, complete=True)


def _error(error: BaseException, file: str, cell: str) -> CodeError:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    line = error.lineno if isinstance(error, SyntaxError) else (lines or [None])[-1]
    return CodeError(type=type(error).__name__, message=str(error), place=Place(cell=cell, line=line))


def _located(error: BaseException, check: str) -> CodeError:
    """The last frame in a cell, else the check's own line, as the runner says it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("<cell ")]
    if not frames:
        return _error(error, f"<check {check}>", check)
    return _error(error, frames[-1].filename, frames[-1].filename[6:-1])


def _run_cell(cell: CodeCell, space: dict[str, Any]) -> CellOutcome:
    file = f"<cell {cell.id}>"
    try:
        exec(compile(cell.source, file, "exec"), space)
    except Exception as error:
        return CellOutcome(id=cell.id, status="error", error=_error(error, file, cell.id))
    return CellOutcome(id=cell.id, status="ok")


def _run_check(check: CheckCode, space: dict[str, Any], seed: int) -> CheckOutcome:
    recorder = Recorder(seed, outlined if check.operands == "outlines" else observed)
    try:
        exec(compile(rewrite(ast.parse(check.source)), f"<check {check.id}>", "exec"), space | recorder.names())
    except AssertionError as error:
        return CheckOutcome(id=check.id, status="failed", error=_located(error, check.id))
    except Exception as error:
        return CheckOutcome(id=check.id, status="error", error=_located(error, check.id))
    return CheckOutcome(id=check.id, status="passed", operands=tuple(Operands(**o) for o in recorder.operands))


def _ask(probe: Probe, space: dict[str, Any], seed: int) -> ProbeOutcome:
    if probe.behaviour is not None:
        return ProbeOutcome(id=probe.id, value=folds(space[probe.behaviour.names[0]]))
    name = probe.name or probe.call or ""
    if name not in space:
        return ProbeOutcome(id=probe.id, missing=True)
    if probe.name:
        return ProbeOutcome(id=probe.id, value=observed(space[name], seed))
    try:
        read = made if probe.exact else argument
        kwargs = {key: read(value) for key, value in probe.kwargs.items()}
        return ProbeOutcome(id=probe.id, value=observed(space[name](*map(read, probe.args), **kwargs), seed))
    except Exception as error:
        return ProbeOutcome(id=probe.id, error=_located(error, probe.id))


@dataclass
class Desk:
    """Judges answers to the small case, without a sandbox."""

    case: AuthorCase

    def judge(
        self,
        subtask: str,
        *,
        seen: Callable[[Observation], Observation] = lambda o: o,
        cause: Repaired | None = None,
        **answers: str,
    ) -> Judgement:
        """Judge these answers (answer_1=…, answer_2=…; the reference's where none is given)."""
        cells = tuple(
            c.model_copy(update={"source": answers.get(c.id.removeprefix("id-").replace("-", "_"), c.source)})
            for c in reference_cells(self.case)
        )
        return self.judge_cells(subtask, cells, seen, cause)

    def judge_cells(
        self,
        subtask: str,
        cells: Sequence[Cell],
        seen: Callable[[Observation], Observation] = lambda o: o,
        cause: Repaired | None = None,
    ) -> Judgement:
        """Judge a whole notebook."""
        wanted = self.case.subtask(subtask)
        assert wanted is not None
        repaired = repair(self.case, cells)
        plan = plan_run(self.case, wanted, repaired, 0)
        reference = observe_plainly(reference_plan(self.case, wanted, 0).request)
        voice = Voice.of(self.case).joined_by(cells)
        shown = seen(observe_plainly(plan.request))
        return judge(plan.asked, shown, reference, voice, repaired.missing, Known(repaired=cause))


@pytest.fixture
def desk(case: AuthorCase) -> Desk:
    """Judges answers to the small case."""
    return Desk(case)
