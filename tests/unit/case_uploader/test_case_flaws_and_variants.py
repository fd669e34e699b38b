import json

import pytest


def _flaws(folder, text):
    folder.write("flaws.yaml", text)
    return folder.read()


def _entry(body, subtask="half", flaw_id="slip"):
    return f"- id: {flaw_id}\n  subtask: {subtask}\n  title: A slip\n  words: It is not half.\n{body}"


ANSWER = "  answer:\n    half-answer: |\n      def half(n):\n          return n // 2\n"
EDIT = "  edits: [{cell: half-answer, find: n / 2, replace: n / 3}]\n"


def test_a_whole_answer_replaces_the_reference(folder):
    flaw = _flaws(folder.usual().save(), _entry(ANSWER)).draft.author.flaws[0]
    assert flaw.answer == {"id-half-answer": "def half(n):\n    return n // 2"}
    assert (flaw.subtask, flaw.words) == ("half", "It is not half.")


def test_an_edit_changes_one_place_of_the_reference(folder):
    flaw = _flaws(folder.usual().save(), _entry(EDIT)).draft.author.flaws[0]
    assert flaw.answer == {"id-half-answer": "def half(n):\n    quotient = n / 3\n    return quotient"}


def test_edits_of_one_cell_build_on_each_other(folder):
    more = EDIT.replace("}]", "}, {cell: half-answer, find: n / 3, replace: n / 4}]")
    flaw = _flaws(folder.usual().save(), _entry(more)).draft.author.flaws[0]
    assert "n / 4" in flaw.answer["id-half-answer"]


@pytest.mark.parametrize(
    ("text", "rule", "cell"),
    [
        ("a: 1", "flaws-shape", None),
        ("- 5", "key-value", "[0]"),
        ("- id: a\n", "key-missing", "[0].subtask"),
        (_entry(ANSWER, subtask="third"), "flaw-subtask", "[0].subtask"),
        (_entry(""), "flaw-shape", "[0]"),
        (_entry(ANSWER + EDIT), "flaw-shape", "[0]"),
        (_entry(ANSWER.replace("half-answer", "other")), "flaw-cell", "[0].answer"),
        (_entry(EDIT.replace("half-answer", "other")), "flaw-cell", "[0].edits[0].cell"),
        (_entry(EDIT.replace("n / 2", "n * 9")), "flaw-find", "[0].edits[0].find"),
        (_entry(EDIT.replace("n / 2", "quotient")), "flaw-find", "[0].edits[0].find"),
        (_entry(EDIT.replace("n / 3", "n / (")), "flaw-syntax", "[0].edits"),
        (_entry(EDIT.replace("n / 3", "n / 2")), "flaw-same", "[0]"),
        (_entry(ANSWER) + _entry(EDIT), "flaw-duplicate", "slip"),
    ],
)
def test_a_flaw_that_does_not_fit_is_refused_at_its_key(folder, text, rule, cell):
    errors = _flaws(folder.usual().save(), text).errors
    assert (rule, cell, "flaws.yaml") in [(p.rule, p.cell, p.file) for p in errors]


def test_an_empty_flaws_file_is_no_flaw(folder):
    assert _flaws(folder.usual().save(), "# none yet\n").draft.author.flaws == ()


class TestVariants:
    def _variant(self, folder, source, grade_id="half-answer", name="variants/other.ipynb"):
        folder.usual().save()
        cells = json.loads(folder.notebook_json())["cells"]
        cells[2]["source"] = source
        cells[2]["metadata"]["nbgrader"]["grade_id"] = grade_id
        folder.write(name, json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
        return folder.read()

    def test_only_answer_cells_are_taken(self, folder):
        draft = self._variant(folder, "def half(n):\n    return n * 0.5").draft
        assert draft.author.variants == ({"id-half-answer": "def half(n):\n    return n * 0.5"},)
        assert draft.variants[0].file == "variants/other.ipynb"

    def test_markers_are_taken_out(self, folder):
        source = "def half(n):\n    ### BEGIN SOLUTION\n    return n * 0.5\n    ### END SOLUTION"
        assert self._variant(folder, source).draft.author.variants[0]["id-half-answer"].count("\n") == 1

    def test_an_unknown_answer_cell_is_refused(self, folder):
        errors = self._variant(folder, "x = 1", grade_id="typo").errors
        assert [(p.rule, p.file, p.cell) for p in errors if p.rule == "variant-unknown-cell"] == [
            ("variant-unknown-cell", "variants/other.ipynb", "typo")
        ]

    def test_a_variant_that_is_the_reference_is_refused(self, folder):
        source = folder.usual().cells[2]["source"]
        folder.cells.clear()
        assert [p.rule for p in self._variant(folder, source).errors] == ["variant-same"]

    def test_a_broken_variant_names_its_file(self, folder):
        folder.usual().save().write("variants/broken.ipynb", "{")
        problem = folder.read().errors[0]
        assert (problem.rule, problem.file) == ("not-json", "variants/broken.ipynb")
