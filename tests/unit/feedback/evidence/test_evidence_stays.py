"""What evidence says of a mistake does not depend on names, on layout, or on the order of what is independent."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.evidence.odd_behaviour import odd_behaviour
from feedback.evidence.structure.compared import compare
from feedback.evidence.structure.steps import program
from feedback.findings.voice import Voice
from feedback.judgement import Known, judge
from feedback.notebook.repair import repair
from feedback.plan import Plan, plan_behaviour, plan_run
from feedback.reference import reference_plan
from services.contracts.case import Compare
from services.contracts.finding import Finding
from services.contracts.observation import Observation
from tests.unit.feedback.conftest import observe_plainly

PLACEHOLDERS = ("one", "two", "three")


@dataclass(frozen=True)
class Mistaken:
    """An answer with a mistake: what may come in any order, and what is around it."""

    step: str
    before: str
    loose: tuple[str, ...]
    after: str

    def source(self, names: Sequence[str], order: Sequence[int], layout: tuple[int, str]) -> str:
        """The answer with these names, in this order, with so many empty lines and a remark between its lines."""
        gap, remark = layout
        whole = self.before + "".join(self.loose[at] for at in order) + self.after
        text = whole.format(**dict(zip(PLACEHOLDERS, names, strict=True)))
        between = "\n" * (gap + 1) + (f"# {remark}\n" if gap else "")
        return between + text.replace("\n", between) if gap else text


LOOSE = ("{one} = 4\n", "{two} = [1, 2, 3]\n", "{three} = 0\n")
INNER = tuple(f"    {line}" for line in ("{one} = 2\n", "{two} = 1\n", "{three} = 0\n"))
MISTAKES = {
    "value": Mistaken("step-1", "", LOOSE, "total = sum({two}) + {one} + {three}\n"),
    "exception": Mistaken("step-1", "", LOOSE, "total = sum({two}) + 'x' * {one} + {three}\n"),
    "missing": Mistaken("step-1", "", LOOSE, "{three} = sum({two}) + {one} + {three}\n"),
    "type": Mistaken("step-1", "", LOOSE, "total = str(sum({two})) * {one}\n"),
    "call, check and input": Mistaken(
        "step-2", "def double(x):\n", INNER, "    return x * {one} + {two} + {three}\n\nresult = 12\n"
    ),
    "exception inside": Mistaken(
        "step-2", "def double(x):\n", INNER, "    return [x * {one}][{two} + {three}]\n\nresult = 12\n"
    ),
}
PLAIN = (("one_", "two_", "three_"), (0, 1, 2), (0, ""))
names = st.lists(st.from_regex(r"[g-z]{2,5}_[0-9]{2}", fullmatch=True), min_size=3, max_size=3, unique=True)
orders = st.permutations((0, 1, 2))
layouts = st.tuples(st.integers(0, 2), st.text("# abc", max_size=8))


def told(desk: Any, mistaken: Mistaken, names: Sequence[str], order: Sequence[int], layout: tuple[int, str]) -> Any:
    """What findings say of the answer."""
    source = mistaken.source(names, order, layout)
    found = desk.judge(mistaken.step, **{f"answer_{mistaken.step[-1]}": source}).findings
    return said(found, f"id-answer-{mistaken.step[-1]}", source, names)


def said(found: Sequence[Finding], cell: str, source: str, names: Sequence[str]) -> Any:
    """Signatures and all evidence; of a place the statement that stands there, without the learner's names."""
    lines = source.splitlines()

    def plain(text: str) -> str:
        for name, placeholder in zip(names, PLACEHOLDERS, strict=True):
            text = re.sub(rf"\b{name}\b", placeholder, text)
        return re.sub(r"\bline \d+", "line", text)

    return [
        (
            finding.signature,
            finding.severity,
            plain(finding.message),
            sorted(
                (
                    evidence.kind,
                    plain(evidence.subject),
                    plain(evidence.fact),
                    evidence.aspect or "",
                    plain(lines[evidence.place.line - 1])
                    if evidence.place and evidence.place.line and evidence.place.cell == cell
                    else "",
                )
                for evidence in finding.evidence
            ),
        )
        for finding in found
    ]


@pytest.mark.parametrize("kind", MISTAKES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=names, layout=layouts)
def test_names_and_layout_leave_it_as_it_is(desk: Any, kind: str, names: list[str], layout: tuple[int, str]) -> None:
    plain = told(desk, MISTAKES[kind], *PLAIN)
    assert plain
    assert told(desk, MISTAKES[kind], names, PLAIN[1], layout) == plain


@pytest.mark.parametrize("kind", MISTAKES)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=orders, names=names)
def test_the_order_of_independent_statements_leaves_it_as_it_is(
    desk: Any, kind: str, order: list[int], names: list[str]
) -> None:
    plain = told(desk, MISTAKES[kind], *PLAIN)
    assert told(desk, MISTAKES[kind], names, order, PLAIN[2]) == plain


ASIDE = Mistaken("step-1", "", LOOSE, "{one} = sum({two}) + {three}\n")
GONE = {"missing": ("id-answer-1",), "untouched": ()}


def aside(desk: Any, what: str, names: Sequence[str], order: Sequence[int], layout: tuple[int, str]) -> Any:
    """What findings say where the work stands in a cell beside the answer's, which is gone or as it was."""
    source = ASIDE.source(names, order, layout)
    cells = [c.model_copy(update={"source": source}) if c.id == "play" else c for c in desk.case.cells]
    found = desk.judge_cells("step-1", [c for c in cells if c.id not in GONE[what]]).findings
    assert what in [evidence.aspect for finding in found for evidence in finding.evidence]
    return said(found, "play", source, names)


@pytest.mark.parametrize("what", GONE)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=names, order=orders, layout=layouts)
def test_what_an_answer_cell_says_stays_whatever_stands_beside_it(
    desk: Any, what: str, names: list[str], order: list[int], layout: tuple[int, str]
) -> None:
    plain = aside(desk, what, *PLAIN)
    assert plain
    assert aside(desk, what, names, order, layout) == plain


FOLDS = "plan = [(list(range(n)), list(range(n, n + 2))) for n in (4, 6, 8)]"
KNOWN = Mistaken(
    "step-1",
    "",
    ("{one} = 4\n", "{two} = 2\n", "{three} = 1\n"),
    "plan = []\nfor n in ({one}, {one} + {two}):\n"
    "    plan.append((list(range(n + {three})), list(range(n, n + {two}))))\n",
)


def behaving(desk: Any, names: Sequence[str], order: Sequence[int], layout: tuple[int, str]) -> Any:
    """What findings say of folds that share a position, seen where the code has run."""
    source = KNOWN.source(names, order, layout)
    check = "assert len(plan) > 2, 'more folds'\nassert all(known for known, ahead in plan)"
    first = desk.case.subtasks[0]
    first = first.model_copy(
        update={
            "reference": {"id-answer-1": FOLDS},
            "checks": (first.checks[0].model_copy(update={"source": check}),),
            "compare": (Compare(name="plan"),),
        }
    )
    case = desk.case.model_copy(update={"subtasks": (first, *desk.case.subtasks[1:])})
    cells = tuple(c.model_copy(update={"source": source}) if c.id == "id-answer-1" else c for c in case.cells)
    mine, right = plan_run(case, first, repair(case, cells), 0), reference_plan(case, first, 0)
    odd = odd_behaviour(mine.asked, looked_at(mine), looked_at(right))
    assert [clue.aspect for clue in odd] == ["shared-folds"]
    seen, reference = observe_plainly(mine.request), observe_plainly(right.request)
    judgement = judge(mine.asked, seen, reference, Voice.of(case).joined_by(cells), (), Known(behaviour=odd))
    assert "behaviour" in [evidence.kind for finding in judgement.findings for evidence in finding.evidence]
    return said(judgement.findings, "id-answer-1", source, names)


def looked_at(plan: Plan) -> Observation:
    """The second run: the same cells, and questions about how results come about."""
    again = plan_behaviour(plan)
    assert again is not None
    return observe_plainly(again.request)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=names, order=orders, layout=layouts)
def test_how_results_come_about_does_not_depend_on_names_layout_or_order(
    desk: Any, names: list[str], order: list[int], layout: tuple[int, str]
) -> None:
    plain = behaving(desk, *PLAIN)
    assert plain
    assert behaving(desk, names, order, layout) == plain


STEPS = (
    "scaler = Scaler()",
    "train, test = split(table, seed=3)",
    "scaler.fit(train)",
    "scaled = scaler.transform(test)",
    "model = Line()",
    "model.fit(scaled)",
)
AFTER = {2: {0, 1}, 3: {2}, 5: {3, 4}}
POSSIBLE = [
    order
    for order in itertools.permutations(range(len(STEPS)))
    if all(order.index(at) > order.index(first) for at, firsts in AFTER.items() for first in firsts)
]
WRONG = {1: "train, test = split(table, seed=4)", 3: "scaled = scaler.transform(train)", 4: "model = Curve()"}


@given(st.sampled_from(POSSIBLE), st.sampled_from([None, *WRONG]), names)
@settings(deadline=None, max_examples=60)
def test_in_every_possible_order_right_code_has_no_difference_and_wrong_code_has_it_where_it_is_wrong(
    order: tuple[int, ...], wrong: int | None, new: list[str]
) -> None:
    solution = "\n".join(STEPS)
    lines = [WRONG[at] if at == wrong else STEPS[at] for at in order]
    mine = "\n".join(lines)
    for old, name in zip(("scaler", "train", "scaled"), new, strict=True):
        mine = re.sub(rf"\b{old}\b", name, mine)
    asked = frozenset({"model"})
    one, other = program((("cell", mine),), asked), program((("cell", solution),), asked)
    assert one is not None
    assert other is not None
    found = {line for site in compare(one, other).sites for line in range(site.line, site.end_line + 1)}
    assert (order.index(wrong) + 1 in found) if wrong is not None else not found
