from pathlib import Path

import pytest

from evaluation.judge.health import report
from evaluation.judge.record import SUMMARY
from evaluation.judge.spoken import Spoken


def test_the_judges_name_and_what_has_to_be_known_first_are_said(tmp_path: Path) -> None:
    (tmp_path / SUMMARY).write_text(report("a model", 1, []).model_dump_json())
    spoken = Spoken.of(tmp_path)
    assert spoken.model == "a model"
    assert spoken.notes == ("The judge was asked nothing: there is no answer to judge.",)


def test_a_judging_that_was_interrupted_is_said(tmp_path: Path) -> None:
    assert "was interrupted" in Spoken.of(tmp_path).notes[0]


@pytest.mark.parametrize("written", ["", "{", '{"model": 3}', "[]"])
def test_a_damaged_summary_is_said_and_breaks_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / SUMMARY).write_text(written)
    spoken = Spoken.of(tmp_path)
    assert spoken.model == "the judge"
    assert "cannot be read any more" in spoken.notes[0]
