"""From answers to verdict and findings: one finding for one mistake, the most consequential first."""

from typing import Any

import pytest

from services.contracts.case import AuthorCase
from services.contracts.feedback import Verdict
from services.contracts.notebook import Cell
from services.contracts.observation import Observation


def test_the_reference_is_approved_with_nothing_more(desk: Any) -> None:
    for subtask in ("step-1", "step-2"):
        judgement = desk.judge(subtask)
        assert (judgement.verdict, judgement.fault, judgement.findings) == (Verdict.APPROVED, "none", ())
        assert judgement.points == judgement.max_points == 2


def test_another_way_is_approved(desk: Any) -> None:
    other = "from functools import reduce\ntotal = float(reduce(lambda a, b: a + b, (3, 2, 1)))"
    assert desk.judge("step-1", answer_1=other).verdict is Verdict.APPROVED
    assert desk.judge("step-2", answer_2="double = lambda x: x + x\nresult = 12").verdict is Verdict.APPROVED


def test_an_error_that_changes_nothing_that_decides_is_no_fault(desk: Any) -> None:
    judgement = desk.judge("step-1", answer_1="parts = [1, 2, 3]\ntotal = sum(parts)\nprint(totl)")
    assert (judgement.verdict, judgement.findings) == (Verdict.APPROVED, ())


def test_a_wrong_value_is_one_finding_at_its_line(desk: Any) -> None:
    judgement = desk.judge("step-1", answer_1="parts = [1, 2, 3]\n\ntotal = sum(parts) + 1\n")
    (finding,) = judgement.findings
    assert judgement.verdict is Verdict.NEEDS_WORK
    assert (finding.kind, finding.place.cell, finding.place.line) == ("check", "id-answer-1", 3)
    assert {e.subject for e in finding.evidence} == {"check-1", "total", "code"}
    assert finding.signature.startswith("step-1|check|check-1|AssertionError|total:numbers#")


def test_an_exception_takes_what_follows_from_it_along(desk: Any) -> None:
    judgement = desk.judge("step-1", answer_1="parts = [1, 2, 3]\ntotal = sum(prts)")
    (finding,) = judgement.findings
    assert (finding.kind, finding.place.line) == ("exception", 2)
    assert "`prts`" in finding.message
    assert {e.kind for e in finding.evidence} == {"exception", "missing", "structure"}


def test_an_exception_of_an_earlier_step_is_told_as_such(desk: Any) -> None:
    judgement = desk.judge("step-2", answer_1="total = 1 / 0")
    (finding,) = judgement.findings
    assert finding.message.startswith("An earlier step is not finished.")
    assert finding.place.cell == "id-answer-1"


def test_an_open_earlier_step_does_not_hide_a_later_one_that_stands_alone(desk: Any) -> None:
    judgement = desk.judge(
        "step-2", answer_1="raise NotImplementedError()", answer_2="double = lambda x: x * 2\nresult = 12"
    )
    assert judgement.verdict is Verdict.APPROVED


def test_a_step_that_was_not_begun_is_one_finding(desk: Any, case: AuthorCase) -> None:
    judgement = desk.judge_cells("step-2", case.cells)
    (finding,) = judgement.findings
    assert (finding.kind, finding.evidence[0].aspect) == ("notebook", "untouched")
    assert "as it was handed out" in finding.message


def test_an_open_function_is_not_started(desk: Any) -> None:
    judgement = desk.judge("step-2", answer_2="def double(x):\n    raise NotImplementedError()")
    assert "still open" in judgement.findings[0].message


def test_a_deleted_answer_cell_explains_its_missing_names(desk: Any, solved: tuple[Cell, ...]) -> None:
    judgement = desk.judge_cells("step-1", tuple(c for c in solved if c.id != "id-answer-1"))
    (finding,) = judgement.findings
    assert (finding.kind, finding.evidence[0].aspect) == ("notebook", "missing")


def test_a_missing_name_is_named_once_however_many_ask_for_it(desk: Any) -> None:
    judgement = desk.judge("step-1", answer_1="Total = 6")
    (finding,) = judgement.findings
    assert (finding.kind, finding.evidence[0].subject) == ("missing", "total")
    assert [e.kind for e in finding.evidence] == ["missing", "missing", "structure"]


def test_a_wrong_function_takes_checks_calls_and_values_along(desk: Any) -> None:
    judgement = desk.judge("step-2", answer_2="def double(x):\n    return x * 3\n\nresult = double(total)")
    (finding,) = judgement.findings
    assert {e.kind for e in finding.evidence} == {"check", "call", "input", "structure"}
    assert finding.place.cell == "id-answer-2"


def test_a_fault_in_one_call_only_is_found(desk: Any) -> None:
    judgement = desk.judge("step-2", answer_2="def double(x):\n    return int(x) * 2\n\nresult = double(total)")
    (finding,) = judgement.findings
    assert (finding.kind, finding.evidence[0].subject) == ("call", "double[1]")
    # Both checks hold; of four things that decide, three are right.
    assert (judgement.points, judgement.verdict) == (1.5, Verdict.NEEDS_WORK)


ALWAYS = """
class Always:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = None
"""


def test_an_object_equal_to_everything_passes_no_check(desk: Any) -> None:
    judgement = desk.judge("step-2", answer_2=f"{ALWAYS}\ndouble = lambda x: Always()\nresult = Always()")
    assert judgement.verdict is Verdict.NEEDS_WORK
    assert not any(check.passed for check in judgement.checks)
    assert judgement.points == 0


def lost(observation: Observation) -> Observation:
    return observation.model_copy(update={"complete": False, "lost": "ended"})


def test_without_a_completion_record_nothing_is_approved(desk: Any) -> None:
    judgement = desk.judge("step-1", seen=lost)
    assert judgement.verdict is Verdict.NEEDS_WORK
    assert [f.kind for f in judgement.findings] == ["incomplete"]
    assert not any(check.passed for check in judgement.checks)


@pytest.mark.parametrize("what", ["checks", "probes"])
def test_an_answer_that_is_not_there_is_no_pass(desk: Any, what: str) -> None:
    judgement = desk.judge("step-1", seen=lambda o: o.model_copy(update={what: ()}))
    assert judgement.verdict is Verdict.NEEDS_WORK
    assert judgement.findings


def test_two_mistakes_are_two_findings_checks_first(desk: Any) -> None:
    judgement = desk.judge("step-2", answer_2="def double(x):\n    return x * 2 if x != 'ab' else 0\n\nresult = 13")
    assert [f.kind for f in judgement.findings] == ["check", "call"]


def test_every_finding_has_a_ladder_that_ends_in_an_unrelated_example(desk: Any) -> None:
    (finding,) = desk.judge("step-2", answer_2="def double(x):\n    return x * 3\n\nresult = double(total)").findings
    assert [hint.step for hint in finding.ladder] == ["plan", "consequence", "location", "example"]
    assert finding.ladder[0].text == "Think of twice."
    assert "double" not in finding.ladder[-1].text


def test_hidden_inputs_and_expectations_are_not_said(desk: Any) -> None:
    refuses = "    if x in (-77, 'ab'):\n        raise ValueError(f'odd {x}')\n"
    loud = f"def double(x):\n{refuses}    return x * 2\n\nresult = 12"
    judgement = desk.judge("step-2", answer_2=loud)
    said = " ".join([f.message for f in judgement.findings] + [h.text for f in judgement.findings for h in f.ladder])
    for secret in ("odd -77", "odd ab", "154", "secret_input"):
        assert secret not in said


def hinted(case: AuthorCase) -> AuthorCase:
    first, second = case.subtasks
    checks = tuple(check.model_copy(update={"hint": "Twice is not what comes out."}) for check in second.checks)
    return case.model_copy(update={"subtasks": (first, second.model_copy(update={"checks": checks}))})


def test_the_authors_hint_speaks_for_a_failed_check(desk: Any, case: AuthorCase) -> None:
    desk.case = hinted(case)
    wrong = desk.judge("step-2", answer_2="def double(x):\n    return x * 3\n\nresult = 18").findings[0]
    assert wrong.message.startswith("Twice is not what comes out.")
    stops = desk.judge("step-2", answer_2="def double(x):\n    return x[0]\n\nresult = 12").findings[0]
    assert stops.message.startswith("Twice is not what comes out. While your code was tried out, it stopped.")
    assert stops.place.line == 2


def test_what_the_failed_line_of_a_check_is_about_is_marked(desk: Any) -> None:
    """The function is written otherwise than the reference's, and right: the second line of the check fails."""
    other_way = "def double(x):\n    y = x\n    return y + y\n\nresult = 13"
    finding = desk.judge("step-2", answer_2=other_way).findings[0]
    assert (finding.kind, finding.place.line) == ("check", 5)


def test_what_the_failed_line_is_made_from_is_marked(desk: Any) -> None:
    wrong = "def double(x):\n    y = x\n    return y + x + 1\n\nresult = 12"
    finding = desk.judge("step-2", answer_2=wrong).findings[0]
    assert finding.kind == "check"
    assert 2 <= finding.place.line <= 3


def test_a_function_that_held_before_is_not_where_the_one_that_calls_it_fails(desk: Any) -> None:
    """The check has asked for `double` before; `twice` is what it asks for in the line that fails."""
    asked = "assert double(2) == 4\nassert twice(2) == 8"
    reference = "def double(x):\n    return x * 2\n\ndef twice(x):\n    return double(double(x))"
    step = desk.case.subtasks[1]
    check = step.checks[0].model_copy(update={"source": asked})
    answer = {"id-answer-2": reference}
    changed = step.model_copy(update={"checks": (check,), "reference": answer, "probes": (), "watch": ()})
    desk.case = desk.case.model_copy(update={"subtasks": (desk.case.subtasks[0], changed)})
    mine = "def double(x):\n    y = x\n    return y + y\n\ndef twice(x):\n    return double(x)"
    (finding,) = desk.judge("step-2", answer_2=mine).findings
    assert (finding.kind, finding.place.line) == ("check", 6)
