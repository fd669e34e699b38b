"""A judge against people: figures that do not flatter it, and a list of what to label next that does not bend them."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evaluation.judge.calibration import QuestionCalibration, calibrate
from evaluation.judge.judging import run_items
from evaluation.judge.labels import (
    Agreed,
    Drawn,
    Label,
    LabelsUnreadable,
    add_labels,
    agreed,
    known_labels,
    read_labels,
)
from evaluation.judge.material import Item
from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import Said
from evaluation.judge.to_label import to_label
from evaluation.runs.result import EvalRun
from tests.unit.evaluation.judge.judge_bench import feedback, result, run_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def big_run(count: int = 240) -> EvalRun:
    results = [result(f"s/{n}", f"mean = {n}", feedback(f"Seen {n}. " + "Longer. " * (n % 5))) for n in range(count)]
    return run_of(
        *(
            one.model_copy(update={"sample": one.sample.model_copy(update={"case": f"case-{n % 8}"})})
            for n, one in enumerate(results)
        )
    )


async def untrue(run: EvalRun) -> list[Item]:
    return [item for item in await run_items(run) if item.question.id == "untrue"]


def opinion(item: Item, answer: Said | None, **changes: object) -> Opinion:
    known: dict[str, object] = {"yes_first": answer, "no_first": answer}
    made = Opinion(
        item=item.digest,
        sample=item.sample.id,
        question=item.question.id,
        answer=answer,
        by_order=known,  # type: ignore[arg-type]
        asked=2,
        outcomes={"answered": 2},
        characters=item.characters,
    )
    return made.model_copy(update=changes)


def label(item: str, answer: Said, by: str = "eva", drawn: Drawn = "at_random", question: str = "untrue") -> Label:
    return Label(item=item, question=question, answer=answer, by=by, at=NOW, drawn=drawn)


async def measured(
    wrong_on_bad: float, wrong_on_good: float, labelled: int = 240
) -> tuple[QuestionCalibration, list[Said]]:
    """A judge with known errors over truths of which a quarter is untrue feedback."""
    chance, run = random.Random(7), big_run()
    items = await untrue(run)
    truths: list[Said] = ["yes" if chance.random() < 0.25 else "no" for _ in items]
    flipped: dict[Said, Said] = {"yes": "no", "no": "yes"}
    errors = {"yes": wrong_on_bad, "no": wrong_on_good}
    says = [flipped[true] if chance.random() < errors[true] else true for true in truths]
    opinions = [opinion(item, said) for item, said in zip(items, says, strict=True)]
    labels = agreed(label(item.digest, true) for item, true in list(zip(items, truths, strict=True))[:labelled])
    (found,) = calibrate(run, opinions, labels)
    return found, truths


async def test_a_perfect_judge_has_no_errors() -> None:
    found, truths = await measured(0, 0)
    assert (found.agreement.kappa, found.agreement.alpha, found.agreement.exact) == (1.0, 1.0, 1.0)
    assert (found.agreement.sensitivity.mean, found.agreement.specificity.mean) == (1.0, 1.0)
    # «No, nothing untrue» is what speaks for the feedback.
    assert found.share.judge_only.mean == pytest.approx(truths.count("no") / len(truths))
    assert found.mistakes == ()


async def test_a_lenient_judge_is_seen_by_what_it_lets_pass_and_its_share_is_corrected() -> None:
    found, truths = await measured(0.8, 0.02)
    assert found.agreement.exact is not None
    assert found.agreement.exact > 0.7
    assert found.agreement.kappa is not None
    assert found.agreement.kappa < 0.4
    assert found.agreement.specificity.mean is not None
    assert found.agreement.specificity.mean < 0.4
    true = truths.count("no") / len(truths)
    assert found.share.judge_only.mean is not None
    assert found.share.estimate.mean is not None
    assert found.share.judge_only.mean > true + 0.1
    assert abs(found.share.estimate.mean - true) < 0.01


async def test_a_judge_that_always_agrees_has_no_kappa_to_speak_of() -> None:
    found, _ = await measured(1, 0)
    assert found.agreement.kappa == 0.0
    assert found.agreement.specificity.mean == 0.0
    assert "yes to everything" in found.agreement.note


async def test_without_labels_there_are_figures_of_nothing_and_no_crash() -> None:
    found, _ = await measured(0.2, 0.2, labelled=0)
    assert (found.agreement.kappa, found.agreement.exact, found.length, found.at_random) == (None, None, None, 0)
    assert "no labels" in found.agreement.note


async def test_an_unread_judge_and_an_undecided_person_are_no_zero() -> None:
    run = big_run(20)
    items = await untrue(run)
    opinions = [opinion(item, None if n % 2 else "no") for n, item in enumerate(items)]
    labels = agreed(label(item.digest, "cannot_tell" if n < 10 else "no") for n, item in enumerate(items))
    (found,) = calibrate(run, opinions, labels)
    assert (found.at_random, found.agreement.unread, found.agreement.both_yes) == (10, 5, 5)
    assert found.share.judge_only.mean == 1.0


async def test_bias_by_length_and_by_order_is_measured() -> None:
    run = big_run()
    items = await untrue(run)
    middle = sorted(item.characters for item in items)[120]
    said: list[Said] = ["no" if item.characters > middle else "yes" for item in items]
    turned, chance = {"yes_first": "yes", "no_first": "no"}, random.Random(7)
    opinions = [
        opinion(item, one, **({"by_order": turned} if chance.random() < 0.6 else {}))
        for item, one in zip(items, said, strict=True)
    ]
    (found,) = calibrate(run, opinions, agreed(label(item.digest, "no") for item in items))
    assert found.length is not None
    assert (found.length.short, found.length.long) == (-1.0, 0.0)
    assert found.order.decision == "worse"


class TestWhatToLabel:
    async def test_alternates_between_chance_and_doubt(self) -> None:
        run = big_run(60)
        items = await untrue(run)
        opinions = [opinion(item, "cannot_tell" if n % 2 else "no") for n, item in enumerate(items)]
        listed = to_label(items, opinions, {}, 16)
        assert [one.drawn for one in listed] == ["at_random", "picked"] * 8
        assert {one.why for one in listed} == {"drawn at random", "the judge is not sure"}
        assert len({one.item for one in listed}) == 16

    async def test_what_doubt_picks_is_never_taken_from_what_chance_would_draw(self) -> None:
        """Otherwise the hard items would be missing from the sample that measures the judge."""
        run = big_run(120)
        items = await untrue(run)
        opinions = [opinion(item, "cannot_tell") for item in items]
        labels: dict[str, Agreed] = {}
        drawn: list[str] = []
        for _ in range(4):
            listed = to_label(items, opinions, labels, 20)
            drawn += [one.item for one in listed if one.drawn == "at_random"]
            labels |= agreed(label(one.item, "no", drawn=one.drawn) for one in listed)
        at_once = [one.item for one in to_label(items, opinions, {}, 80) if one.drawn == "at_random"]
        assert drawn == at_once

    async def test_a_dispute_gets_a_second_person_and_counts_as_first_answered(self) -> None:
        run = big_run(10)
        items = await untrue(run)
        opinions = [opinion(item, "no") for item in items]
        disputed = items[3].digest
        first = [label(disputed, "yes")]
        second = next(one for one in to_label(items, opinions, agreed(first), 20) if one.item == disputed)
        assert (second.drawn, second.why) == ("picked", "the judge and one person disagree")
        together = agreed([*first, label(disputed, "no", by="ben", drawn="picked")])
        assert (together[disputed].answer, together[disputed].at_random) == ("cannot_tell", "yes")
        (found,) = calibrate(run, opinions, together)
        assert (found.at_random, found.agreement.only_judge) == (1, 1)
        assert found.people_alpha is not None

    async def test_questions_take_turns(self) -> None:
        run = big_run(30)
        items = await run_items(run)
        opinions = [opinion(item, "no") for item in items]
        assert {one.question for one in to_label(items, opinions, {}, 6)} == {item.question.id for item in items}


class TestLabels:
    def test_the_last_word_of_a_person_counts(self, tmp_path: Path) -> None:
        file, item = tmp_path / "labels.jsonl", "a" * 64
        add_labels(file, [label(item, "yes")])
        add_labels(file, [label(item, "no"), label(item, "yes", by="ben")])
        assert [(one.by, one.answer) for one in read_labels(file)] == [("eva", "no"), ("ben", "yes")]
        assert file.stat().st_mode & 0o077 == 0

    def test_two_files_with_the_same_label_count_it_once(self, tmp_path: Path) -> None:
        one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
        for path in (one, other):
            add_labels(path, [label("a" * 64, "yes")])
        assert len(known_labels(one, other, tmp_path / "missing.jsonl")) == 1

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("{", "line 2"),
            ('{"item": "x"}', "line 2: item"),
            (label("a" * 64, "yes").model_dump_json().replace('"yes"', '"maybe"'), "line 2: answer"),
        ],
    )
    def test_a_wrong_line_is_named(self, tmp_path: Path, line: str, said: str) -> None:
        file = tmp_path / "labels.jsonl"
        file.write_text(f"{label('a' * 64, 'yes').model_dump_json()}\n{line}\n")
        with pytest.raises(LabelsUnreadable, match=said):
            read_labels(file)
