"""Assignments of other tools, read as they are; every notebook here was written for these tests."""

import json
from pathlib import Path
from typing import Any

import pytest

from case_uploader.format.case_folder import CaseDraft, CaseReading, read_case_folder
from case_uploader.format.formats import format_of
from case_uploader.format.nbgrader_release import CannotExport, export_release


def _cell(kind: str, source: str, **more: Any) -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **code, **more}


def _notebook(path: Path, *cells: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells)}))


def _draft(reading: CaseReading) -> CaseDraft:
    assert reading.draft is not None, reading.errors
    return reading.draft


def _learner_text(draft: CaseDraft) -> str:
    return json.dumps(draft.learner.model_dump(mode="json"))


class TestNbgrader:
    def _marks(self, grade_id: str, **marks: Any) -> dict[str, Any]:
        return {"nbgrader": {"schema_version": 3, "grade_id": grade_id, "locked": False, "task": False, **marks}}

    def _assignment(self, folder: Path) -> None:
        answer = self._marks("double", grade=False, solution=True)
        check = self._marks("check", grade=True, solution=False, points=2)
        written = self._marks("words", grade=True, solution=True, points=1)
        solution = "def double(n):\n    ### BEGIN SOLUTION\n    return n + n\n    ### END SOLUTION"
        _notebook(
            folder / "part1.ipynb",
            _cell("markdown", "## Twice\n![](picture.png)"),
            _cell("code", solution, metadata=answer),
            _cell("code", "assert double(4) == 8", metadata=check),
        )
        halve = "def halve(n):\n    ### BEGIN SOLUTION\n    return n / 2\n    ### END SOLUTION"
        _notebook(
            folder / "part2.ipynb",
            _cell("code", halve, metadata=self._marks("halve", grade=False, solution=True)),
            _cell("code", "assert halve(8) == 4", metadata=check),
            _cell("markdown", "because", metadata=written),
        )
        (folder / "picture.png").write_bytes(b"\x89PNG")

    def test_several_notebooks_are_one_case_in_the_order_of_their_names(self, tmp_path):
        self._assignment(tmp_path / "ps1")

        assert format_of(tmp_path / "ps1") == "nbgrader"
        draft = _draft(read_case_folder(tmp_path / "ps1"))

        assert draft.author.id == "ps1"
        assert [(s.view.id, s.view.points) for s in draft.author.subtasks] == [("double", 2), ("halve", 2)]
        assert [check.id for s in draft.author.subtasks for check in s.checks] == ["check", "part2-check"]
        assert [source.file.path for source in draft.data] == ["picture.png"]
        assert "part2.ipynb: halve" in draft.labels.values()

    def test_a_problem_of_the_second_notebook_names_it(self, tmp_path):
        self._assignment(tmp_path / "ps1")
        second = tmp_path / "ps1" / "part2.ipynb"
        second.write_text(second.read_text().replace("assert halve(8) == 4", "### AUTOTEST halve(8)\\nassert halve"))

        [problem] = read_case_folder(tmp_path / "ps1").errors

        assert (problem.rule, problem.cell) == ("autotest", "part2.ipynb: part2-check")
        assert "line 1" in problem.message
        assert "write the assert" in problem.message

    def test_the_same_files_are_the_same_version(self, tmp_path):
        self._assignment(tmp_path / "one" / "ps1")
        self._assignment(tmp_path / "two" / "ps1")

        one, two = (_draft(read_case_folder(tmp_path / name / "ps1")) for name in ("one", "two"))
        assert one.version == two.version

    def test_an_export_holds_what_learners_get_and_nothing_else(self, tmp_path):
        self._assignment(tmp_path / "ps1")
        draft = _draft(read_case_folder(tmp_path / "ps1"))

        folder = export_release(draft, tmp_path / "course")

        assert folder == tmp_path / "course" / "release" / "ps1"
        assert sorted(path.name for path in folder.iterdir()) == ["picture.png", "ps1.ipynb"]
        text = (folder / "ps1.ipynb").read_text()
        assert "return n + n" not in text
        assert "raise NotImplementedError()" in text
        marks = {
            c["metadata"]["nbgrader"]["grade_id"]: c["metadata"]["nbgrader"] for c in json.loads(text)["cells"][1:]
        }
        assert marks["check"] == {
            "schema_version": 3,
            "grade": True,
            "solution": False,
            "locked": False,
            "task": False,
            "grade_id": "check",
            "points": 2,
            "cell_type": "code",
        }
        with pytest.raises(CannotExport, match="is there already"):
            export_release(draft, tmp_path / "course")

    def test_an_export_reads_back_as_the_same_subtasks(self, tmp_path):
        self._assignment(tmp_path / "ps1")
        draft = _draft(read_case_folder(tmp_path / "ps1"))

        again = _draft(read_case_folder(export_release(draft, tmp_path / "course")))

        assert [s.view.model_dump(exclude={"cells"}) for s in again.author.subtasks] == [
            s.view.model_dump(exclude={"cells"}) for s in draft.author.subtasks
        ]


class TestOtter:
    def _master(self, folder: Path, *more: dict[str, Any]) -> Path:
        shown = [{"output_type": "execute_result", "data": {"text/plain": ["9"]}, "metadata": {}, "execution_count": 1}]
        solution = (
            "def square(x):\n"
            '    """ # BEGIN PROMPT\n'
            "    y = ...\n"
            '    """; # END PROMPT\n'
            "    y = x * x # SOLUTION NO PROMPT\n"
            "    return y # SOLUTION\n"
            "\n"
            "nine = square(3) # SOLUTION"
        )
        _notebook(
            folder / "lab.ipynb",
            _cell("raw", "# ASSIGNMENT CONFIG\nname: lab\n"),
            _cell("markdown", "# Squares"),
            _cell("raw", "# BEGIN QUESTION\nname: q1\npoints: 3\n"),
            _cell("markdown", "Write `square`."),
            _cell("raw", "# BEGIN SOLUTION"),
            _cell("code", solution),
            _cell("raw", "# END SOLUTION"),
            _cell("raw", "# BEGIN TESTS"),
            _cell("code", "square(3)", outputs=shown),
            _cell("code", "# HIDDEN\nassert square(12) == 144"),
            _cell("code", '""" # BEGIN TEST CONFIG\npoints: 2\nhidden: true\n""" # END TEST CONFIG\nassert nine == 9'),
            *more,
            _cell("raw", "# END TESTS"),
            _cell("raw", "# END QUESTION"),
        )
        return folder

    def test_questions_become_subtasks_and_tests_checks(self, tmp_path):
        folder = self._master(tmp_path / "lab")

        assert format_of(folder) == "otter"
        draft = _draft(read_case_folder(folder))

        [subtask] = draft.author.subtasks
        assert subtask.view.id == "q1"
        assert [(c.id, c.hidden, c.points, c.source) for c in subtask.checks] == [
            ("q1-test-1", False, 1, "assert repr(square(3)) == '9'"),
            ("q1-test-2/hidden", True, 1, "assert square(12) == 144"),
            ("q1-test-3/hidden", True, 2, "assert nine == 9"),
        ]
        assert subtask.reference["q1-answer"].split("\n")[1:3] == ["    y = x * x", "    return y"]
        assert subtask.starter["q1-answer"].count("# YOUR CODE HERE") == 2

    def test_nothing_of_solution_or_hidden_test_reaches_a_learner(self, tmp_path):
        text = _learner_text(_draft(read_case_folder(self._master(tmp_path / "lab"))))

        assert "Write `square`." in text
        for secret in ("x * x", "return y", "144", "BEGIN QUESTION", "TEST CONFIG", "PROMPT"):
            assert secret not in text, secret

    def test_a_test_that_prints_is_refused_at_its_cell(self, tmp_path):
        printed = [{"output_type": "stream", "name": "stdout", "text": ["9\n"]}]
        folder = self._master(tmp_path / "lab", _cell("code", "print(square(3))", outputs=printed))

        [problem] = read_case_folder(folder).errors
        assert (problem.rule, problem.file, problem.cell) == ("otter-test", "lab.ipynb", "cell 12")

    @pytest.mark.parametrize(
        ("cell", "rule"),
        [
            (_cell("raw", "# BEGIN QUESTION\nname: '!'\n"), "otter-question"),
            (_cell("raw", "# BEGIN QUESTION\nname: [q\n"), "otter-config"),
            (_cell("raw", "# BEGIN QUESTION\nname: q9\n"), "otter-block"),
            (_cell("raw", "# BEGIN SOLUTION"), "otter-block"),
        ],
    )
    def test_a_broken_block_is_told_with_its_cell(self, tmp_path, cell, rule):
        folder = self._master(tmp_path / "lab")
        book = json.loads((folder / "lab.ipynb").read_text())
        _notebook(folder / "lab.ipynb", *book["cells"], cell)

        found = [(p.rule, p.cell) for p in read_case_folder(folder).errors]
        assert (rule, "cell 14") in found


class TestProfile:
    def _bundle(self, folder: Path, *template: dict[str, Any]) -> Path:
        first = {"title": "Total", "points": 2, "checks": ["assert total > 0"], "hidden_checks": ["assert total == 6"]}
        second = {"title": "Mean", "unknown_key": 1}
        _notebook(
            folder / "profile.ipynb",
            _cell("markdown", "A shop and what it sold."),
            _cell("markdown", f"## Total\n\n```json\n{json.dumps(first)}\n```\n\nAdd it all up."),
            _cell("code", "amounts = [1, 2, 3]\ntotal = sum(amounts)"),
            _cell("markdown", f"Then the mean.\n\n```json\n{json.dumps(second)}\n```"),
            _cell("code", "mean = total / len(amounts)"),
        )
        if template:
            _notebook(folder / "template.ipynb", *template)
        (folder / "sales.csv").write_text("a,b\n1,2\n")
        return folder

    def test_sections_become_subtasks_with_their_keys(self, tmp_path):
        folder = self._bundle(tmp_path / "shop")

        assert format_of(folder) == "profile"
        draft = _draft(read_case_folder(folder))

        one, two = draft.author.subtasks
        assert [(s.view.id, s.view.title, s.view.points) for s in (one, two)] == [
            ("total", "Total", 2),
            ("mean", "Mean", 0),
        ]
        assert [check.hidden for check in one.checks] == [False, True]
        assert [rule.name for rule in two.compare] == ["mean"]
        assert [source.file.path for source in draft.data] == ["sales.csv"]
        text = _learner_text(draft)
        assert "Add it all up." in text
        for secret in ("sum(amounts)", "== 6", "hidden_checks", "json"):
            assert secret not in text, secret

    def test_learners_begin_with_the_template_by_index(self, tmp_path):
        index = "%env PROFILE_INDEX 0\n%env SECTION_INDEX 1"
        folder = self._bundle(tmp_path / "shop", _cell("code", index), _cell("code", "mean = ...  # yours"))

        one, two = _draft(read_case_folder(folder)).author.subtasks
        assert list(two.starter.values()) == ["mean = ...  # yours"]
        assert "NotImplementedError" in next(iter(one.starter.values()))

    def test_learners_begin_with_the_template_in_order(self, tmp_path):
        folder = self._bundle(tmp_path / "shop", _cell("code", "total = ..."), _cell("code", "mean = ..."))

        starters = [list(s.starter.values()) for s in _draft(read_case_folder(folder)).author.subtasks]
        assert starters == [["total = ..."], ["mean = ..."]]

    def test_a_template_that_fits_nothing_is_noted(self, tmp_path):
        folder = self._bundle(tmp_path / "shop", _cell("code", "total = ..."))

        assert ("template-unmatched", "template.ipynb") in [(p.rule, p.file) for p in read_case_folder(folder).problems]

    def test_a_template_with_the_solution_is_refused(self, tmp_path):
        solved = "amounts = [1, 2, 3]\ntotal = sum(amounts)"
        folder = self._bundle(tmp_path / "shop", _cell("code", "mean = ..."), _cell("code", solved))

        assert "solution-visible" in {p.rule for p in read_case_folder(folder).errors}

    @pytest.mark.parametrize(
        ("cells", "rule"),
        [
            ([_cell("markdown", "```json\n{]\n```"), _cell("code", "a = 1")], "profile-json"),
            ([_cell("markdown", '```json\n{"points": -1}\n```'), _cell("code", "a = 1")], "key-value"),
            ([_cell("markdown", "```json\n{}\n```")], "subtask-without-answer"),
            (
                [_cell("markdown", "```json\n{}\n```"), _cell("code", "a = 1"), _cell("code", "b = 1")],
                "profile-section",
            ),
            ([_cell("markdown", "nothing")], "profile-section"),
        ],
    )
    def test_a_broken_section_is_told(self, tmp_path, cells, rule):
        _notebook(tmp_path / "shop" / "profile.ipynb", *cells)

        assert rule in {p.rule for p in read_case_folder(tmp_path / "shop").errors}
