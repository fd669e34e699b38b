"""Moving to another version of a case: nothing a learner wrote is lost, nothing of the new version is."""

import copy
from pathlib import Path

import pytest

from case_uploader.format.case_folder import read_case_folder
from case_uploader.scaffold import scaffold
from services.contracts.case import LearnerCase
from spawner.moving import moved


@pytest.fixture
def old(tmp_path: Path) -> LearnerCase:
    draft = read_case_folder(scaffold(tmp_path, "coffee-sales")).draft
    assert draft is not None
    return draft.learner


def cell(notebook, name):
    return next(one for one in notebook["cells"] if one["id"] == name)


def ids(notebook):
    return [one["id"] for one in notebook["cells"]]


def written(case: LearnerCase, **sources: str):
    """The case's notebook after some work: `_` in names stands for `-`."""
    notebook = copy.deepcopy(dict(case.notebook))
    for name, source in sources.items():
        cell(notebook, name.replace("_", "-"))["source"] = source
    return notebook


def newer(case: LearnerCase, change) -> LearnerCase:
    content = case.model_dump(mode="json")
    content["number"], content["version"] = 2, "f" * 64
    change(content)
    return LearnerCase.model_validate(content)


def test_answers_come_along_and_everything_else_is_the_new_versions(old):
    def change(content):
        cell(content["notebook"], "introduction")["source"] = "# New words"
        cell(content["notebook"], "best-day-check")["source"] = "assert best_day != 1"

    new = newer(old, change)
    made = moved(written(old, total_revenue_answer="total = 1", best_day_check="pass", introduction="mine"), old, new)
    assert cell(made, "total-revenue-answer")["source"] == "total = 1"
    assert cell(made, "introduction")["source"] == "# New words"
    assert cell(made, "best-day-check")["source"] == "assert best_day != 1"
    assert ids(made) == ids(dict(new.notebook))


def test_an_untouched_answer_gets_the_new_start(old):
    new = newer(old, lambda content: cell(content["notebook"], "best-day-answer").update(source="# a better start"))
    made = moved(written(old, total_revenue_answer="total = 1"), old, new)
    assert cell(made, "best-day-answer")["source"] == "# a better start"


def test_an_answer_whose_cell_was_renamed_goes_into_the_new_one(old):
    def change(content):
        cell(content["notebook"], "best-day-answer")["id"] = "day-answer"
        subtask = next(one for one in content["subtasks"] if one["id"] == "best-day")
        subtask["answer_cells"] = ["day-answer"]
        subtask["cells"] = ["day-answer" if one == "best-day-answer" else one for one in subtask["cells"]]

    made = moved(written(old, best_day_answer="best_day = 'Monday'"), old, newer(old, change))
    assert cell(made, "day-answer")["source"] == "best_day = 'Monday'"
    assert not [name for name in ids(made) if name.startswith("kept-")]


def test_an_answer_of_a_subtask_that_is_gone_is_kept_as_text_that_never_runs(old):
    def change(content):
        content["notebook"]["cells"] = [
            one for one in content["notebook"]["cells"] if not one["id"].startswith("best-day")
        ]
        content["subtasks"] = content["subtasks"][:1]

    made = moved(written(old, best_day_answer="print('```')"), old, newer(old, change))
    kept = made["cells"][-1]
    assert (kept["id"], kept["cell_type"]) == ("kept-best-day", "markdown")
    assert "from number 1" in kept["source"]
    assert "````python\nprint('```')\n````" in kept["source"]


def test_cells_that_the_learner_added_stay_where_they_were_without_outputs(old):
    notebook = written(old)
    at = ids(notebook).index("total-revenue-answer") + 1
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    mine = {"id": "mine", "cell_type": "code", "metadata": {"x": 1}, "source": "df.head()", "outputs": [output]}
    notebook["cells"].insert(at, mine)
    made = moved(notebook, old, newer(old, lambda content: None))
    assert ids(made)[at] == "mine"
    assert cell(made, "mine")["outputs"] == []
    assert cell(made, "mine")["metadata"] == {}


def test_moving_twice_is_moving_once(old):
    new = newer(old, lambda content: None)
    once = moved(written(old, total_revenue_answer="total = 1"), old, new)
    assert moved(once, new, new) == once


@pytest.mark.parametrize("hostile", [None, 5, "text", [], [1, None, {"id": 3}], [{"id": "x", "cell_type": "evil"}]])
def test_a_file_that_is_no_notebook_gives_the_new_version_as_it_is(old, hostile):
    new = newer(old, lambda content: None)
    assert moved({"cells": hostile}, old, new) == dict(new.notebook)
