from evaluation.report.comparison import compare_runs
from evaluation.report.summary import summarise
from services.contracts.feedback import Verdict
from tests.unit.evaluation.made_runs import CASES, feedback, graded, result, run, sample


def test_each_sample_says_what_the_change_did_to_it() -> None:
    asked = {
        "broken": sample("broken"),
        "fixed": sample("fixed", expected="needs_work"),
        "moved": sample("moved", expected=None),
        "scores": sample("scores", expected="needs_work"),
        "words": sample("words", expected="needs_work"),
        "same": sample("same"),
        "lost": sample("lost"),
    }
    wrong, right = feedback("needs_work"), feedback()
    before = {
        "broken": result(asked["broken"], right),
        "fixed": result(asked["fixed"], right),
        "moved": result(asked["moved"], right),
        "scores": result(asked["scores"], wrong, {"verdict": 1.0, "problems": 1.0}),
        "words": result(asked["words"], wrong),
        "same": result(asked["same"], right),
        "lost": result(asked["lost"], right),
    }
    after = {
        "broken": result(asked["broken"], wrong),
        "fixed": result(asked["fixed"], wrong),
        "moved": result(asked["moved"], wrong),
        "scores": result(asked["scores"], wrong, {"verdict": 1.0, "problems": 0.5}),
        "words": result(asked["words"], feedback("needs_work", "Other words.")),
        "same": result(asked["same"], right.model_copy(update={"wall_ms": 7}), wall_ms=900),
        "lost": result(asked["lost"], None),
    }
    compared = compare_runs(run(before.values()), run(after.values(), "after"))
    assert {pair.after.sample.id: pair.effect for pair in compared.pairs} == {name: name for name in asked}
    assert compared.flips.count == 6
    assert compared.flips.mean == 0.5


def test_the_platforms_fault_is_no_answer_and_the_cases_fault_is_one() -> None:
    asked = sample("a")
    fine = result(asked, feedback())
    platform = result(asked, feedback("could_not_judge", fault="platform"))
    case = result(asked, feedback("could_not_judge", fault="case"))
    (lost,) = compare_runs(run([fine]), run([platform], "after")).pairs
    (broken,) = compare_runs(run([fine]), run([case], "after")).pairs
    assert (lost.effect, lost.newly_lost) == ("lost", True)
    assert broken.effect == "broken"


def test_samples_are_the_same_under_a_new_version_of_their_case_and_not_when_their_code_differs() -> None:
    old = [sample("a", version="1" * 64), sample("b"), sample("gone")]
    new = [sample("a", version="2" * 64), sample("b", code="other = 1\n"), sample("new")]
    compared = compare_runs(
        run([result(one, feedback()) for one in old]), run([result(one, feedback()) for one in new], "after")
    )
    assert [pair.after.sample.id for pair in compared.pairs] == ["a"]
    assert (compared.altered, compared.only_before, compared.only_after) == (("b",), ("gone",), ("new",))


def test_a_contaminated_sample_is_in_no_figure_and_is_counted() -> None:
    asked = [sample("a"), sample("b")]
    results = [result(asked[0], feedback()), result(asked[1], feedback("needs_work"), contaminated="in a prompt")]
    summary = summarise(run(results))
    assert summary.counts.contaminated == 1
    assert [(m.name, m.estimate.mean, m.estimate.count) for m in summary.metrics] == [("verdict", 1.0, 1)]
    compared = compare_runs(run(results), run(results, "after"))
    assert (len(compared.pairs), compared.contaminated) == (1, 1)


def test_an_answer_that_is_missing_is_no_zero() -> None:
    asked = [sample("a"), sample("b"), sample("c", CASES[1])]
    summary = summarise(run([result(asked[0], feedback()), result(asked[1], None), result(asked[2], feedback())]))
    assert summary.counts.not_answered == 1
    assert summary.metrics[0].estimate.mean == 1.0
    assert summary.metrics[0].estimate.missing == 1
    assert summary.confusion == {("approved", "approved"): 2, ("approved", "no answer"): 1}


def test_many_metrics_are_corrected_for_their_number() -> None:
    """What one metric alone would call worse is no evidence among thirty that did not move."""
    before, after = graded([12, 12, 11], name="before"), graded([10, 9, 8], name="after")
    alone = compare_runs(before, after).metrics[0]
    assert alone.difference.decision == alone.decision == "worse"
    more = {f"other-{n}": 1.0 for n in range(30)}

    def with_others(results):
        return [result(r.sample, r.answer.feedback, {"problems": r.score("problems")} | more) for r in results]

    among = compare_runs(run(with_others(before.results)), run(with_others(after.results), "after"))
    problems = next(metric for metric in among.metrics if metric.name == "problems")
    assert problems.difference.decision == "worse"
    assert problems.decision == "no_evidence"
    assert problems.adjusted_p is not None
    assert alone.adjusted_p is not None
    assert problems.adjusted_p > alone.adjusted_p


def test_agreement_with_mentors_is_measured_where_a_person_has_spoken() -> None:
    spoken = sample("a", expected="needs_work", source="memory", problems=("load|value|total",))
    disputed = sample("b", CASES[1], "approved", source="dispute")
    silent = sample("c", CASES[2], "needs_work", source="mutant", problems=("x",))
    results = [
        result(spoken, feedback("needs_work")),
        result(disputed, feedback("needs_work")),
        result(silent, feedback("needs_work")),
    ]
    metric = next(m for m in summarise(run(results)).metrics if m.name == "mentor-agreement")
    assert (metric.estimate.mean, metric.estimate.count) == (0.5, 2)


def test_nothing_in_common_and_nothing_at_all_are_said_without_a_number() -> None:
    empty = compare_runs(run([]), run([], "after"))
    assert (empty.pairs, empty.metrics, empty.flips.mean) == ((), (), None)
    summary = summarise(run([result(sample("a", expected=None), feedback(), {})]))
    assert summary.metrics == ()
    assert summary.counts.answered == 1
    assert Verdict.APPROVED.value not in {given for _, given in summary.confusion}
