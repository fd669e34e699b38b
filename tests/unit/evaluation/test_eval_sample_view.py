"""A sample as QA sees it: nothing hidden by unseen letters, and no page that a browser cannot bear."""

from evaluation.serving.computing import Remembered
from evaluation.serving.sample_view import CUT, MOST_LINES, evaluated, given_answer, shown, shown_cells
from services.contracts.evaluated_sample import CodeCell
from services.contracts.evaluation import VerdictCount
from services.contracts.finding import Hint
from services.contracts.notebook import Cell
from tests.unit.evaluation.made_runs import feedback, result, sample


def test_what_is_too_long_is_cut_and_says_so() -> None:
    cells = (
        Cell(id="a", source="\n".join(f"x{n}" for n in range(MOST_LINES - 1))),
        Cell(id="empty", source=" \n"),
        Cell(id="b", source="y" * 5_000 + "\nz\nz"),
    )
    first, last = shown_cells(cells, {("b", 1)})
    assert (len(first.lines), first.left_out) == (MOST_LINES - 1, 0)
    assert (len(last.lines), last.left_out) == (1, 2)
    assert last.lines[0].text.endswith(CUT)
    assert len(last.lines[0].text) < 1_100
    assert last.lines[0].marked


def test_letters_that_nobody_sees_are_written_out() -> None:
    assert shown("a\u202eb\x1b[31m\u200bc") == "a⟨U+202E⟩b⟨U+001B⟩[31m⟨U+200B⟩c"


def test_lines_that_feedback_and_expectation_point_at_are_marked() -> None:
    wrong = sample("s", expected="needs_work", code="a = 1\nb = 2\nc = 3\n")
    seen = evaluated("run", result(wrong, feedback("needs_work")), None, None, [], {})
    [cell] = seen.cells
    assert isinstance(cell, CodeCell)
    assert [line.marked for line in cell.lines] == [True, False, False]
    assert (seen.before, seen.effect) == (None, None)


def test_what_learners_never_see_is_left_out_where_people_judge_what_learners_see() -> None:
    said = feedback("needs_work")
    [finding] = said.findings
    hints = (Hint(step="plan", text="Look at the last day."), Hint(step="example", text="Look at the last day."))
    said = said.model_copy(update={"findings": (finding.model_copy(update={"ladder": hints}),)})
    answered = result(sample("s"), said)
    assert {words.fact for words in given_answer("run", answered).words} == {"", "the reference has 41"}
    bare = given_answer("run", answered, facts=False)
    assert {words.fact for words in bare.words} == {""}
    assert [words.text for words in bare.words if words.kind == "hint"] == ["Look at the last day."]


def test_answers_are_remembered_until_their_files_change_and_the_oldest_goes_first() -> None:
    kept, answer = Remembered(2), VerdictCount(expected="approved", given="approved", count=1)
    for key in ("a", "b"):
        kept.keep(key, 1, answer)
    assert kept.get("a", 2, VerdictCount) is None
    assert kept.get("a", 1, VerdictCount) is answer
    kept.keep("c", 1, answer)
    assert kept.get("b", 1, VerdictCount) is None
    assert kept.get("a", 1, VerdictCount) is answer
    assert kept.get("a", 1, CodeCell) is None
