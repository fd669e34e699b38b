"""The bookkeeping of `benchmarks.chaos`: what was acknowledged, what is found, and verdicts that are known."""

from benchmarks import case_at_hand
from benchmarks.acknowledged import Entry, Ledger, Verdicts
from benchmarks.lesson import flawed
from services.contracts.feedback import Verdict

CHECK, SAVE = Entry("ada", "check", "1"), Entry("ada", "save", "1")


def ledger(**said: str) -> Ledger:
    made = Ledger()
    for learner, words in said.items():
        made.keep(Entry(learner, "check", "1"), words)
    return made


def test_what_is_not_found_is_lost() -> None:
    told, found = ledger(ada="approved", bob="needs_work"), ledger(bob="needs_work")
    assert told.lost(found) == [CHECK]
    assert told.changed(found) == []


def test_what_says_something_else_now_is_changed() -> None:
    told, found = ledger(ada="approved", bob="needs_work"), ledger(ada="needs_work", bob="needs_work")
    assert told.changed(found) == [CHECK]
    assert told.lost(found) == []


def test_more_may_be_found_than_was_acknowledged() -> None:
    assert ledger(ada="approved").lost(ledger(ada="approved", bob="approved")) == []


def test_the_last_word_counts() -> None:
    told = ledger(ada="could_not_judge")
    told.keep(CHECK, "approved")
    assert told.changed(ledger(ada="approved")) == []
    assert len(told) == 1


def test_the_same_id_of_another_kind_or_learner_is_other_work() -> None:
    told, found = Ledger(), Ledger()
    told.keep(SAVE)
    found.keep(CHECK)
    found.keep(Entry("bob", "save", "1"))
    assert told.lost(found) == [SAVE]


def test_what_was_acknowledged_is_counted_by_kind() -> None:
    told = ledger(ada="approved", bob="approved")
    told.keep(SAVE)
    assert told.counts() == "2 checks, 1 save"


def test_a_verdict_against_what_is_known_is_wrong_and_none_is_not() -> None:
    verdicts = Verdicts()
    verdicts.told("ada", Verdict.APPROVED, Verdict.APPROVED)
    verdicts.told("ada", Verdict.NEEDS_WORK, Verdict.NEEDS_WORK)
    verdicts.told("ada", Verdict.APPROVED, Verdict.COULD_NOT_JUDGE)
    verdicts.told("bob", Verdict.NEEDS_WORK, Verdict.APPROVED)
    assert (verdicts.right, verdicts.not_judged) == (2, 1)
    assert verdicts.wrong == ["bob was told approved of work that is needs_work"]


def test_every_step_has_a_known_mistake_that_changes_its_own_cells_alone() -> None:
    case = case_at_hand.load()
    right = case.cells("one mark")
    for subtask in case.draft.author.subtasks:
        flaw = next(flaw for flaw in case.draft.author.flaws if flaw.subtask == subtask.view.id)
        wrong = flawed(right, flaw)
        changed = [new for old, new in zip(right, wrong, strict=True) if old != new]
        assert {cell.id for cell in changed} == set(flaw.answer)
        assert all(cell.source.startswith("# one mark\n") for cell in changed), "each submission is a new one"
    assert flawed(right, None) == right
