import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from case_uploader.format.author_notebook import MAX_NOTEBOOK_BYTES
from case_uploader.format.case_folder import read_case_folder


def _notebook(cells, **more):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more})


def _code(source="x = 1", nbgrader=None, **more):
    metadata = {"nbgrader": nbgrader} if nbgrader else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], **more}


@pytest.mark.parametrize(
    ("content", "rule", "words"),
    [
        ("", "not-json", "line 1, column 1"),
        ('{"cells": [', "not-json", "not JSON"),
        (b"\xff\xfe{}", "not-utf8", "UTF-8"),
        ("[1, 2]", "not-a-notebook", "not a notebook"),
        ("{}", "not-a-notebook", "no nbformat"),
        ('{"nbformat": true, "cells": []}', "not-a-notebook", "no nbformat"),
        ('{"nbformat": 9, "cells": []}', "nbformat", "nbformat 9"),
        ('{"nbformat": 3, "worksheets": 7}', "nbformat", "could not be converted"),
        (_notebook([]), "no-cells", "no cells"),
        ('{"nbformat": 4, "cells": "none"}', "no-cells", "no cells"),
        (_notebook([_code()] * 1001), "too-many-cells", "1001"),
        ("[" * 100_000, "not-json", "nested too deeply"),
        ('{"nbformat": ' + "9" * 5000 + "}", "not-json", "absurd numbers"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused_with_the_reason(read_notebook, content, rule, words):
    notebook, problems = read_notebook(content)
    assert notebook is None
    assert [(p.file, p.rule) for p in problems.all] == [("solution.ipynb", rule)]
    assert words in problems.all[0].message


def test_a_huge_file_is_refused_before_it_is_read(read_notebook):
    notebook, problems = read_notebook(b" " * (MAX_NOTEBOOK_BYTES + 1))
    assert notebook is None
    assert problems.all[0].rule == "file-too-big"


def test_a_missing_file_and_a_link_are_refused(folder):
    folder.write("case.yaml", "id: halves\ntitle: Halves\n")
    assert "notebook-missing" in folder.rules()
    outside = folder.path.parent / "elsewhere.ipynb"
    outside.write_text("{}")
    (folder.path / "solution.ipynb").symlink_to(outside)
    assert "file-unreadable" in folder.rules()


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("text", "cell-shape"),
        ({"cell_type": "video", "source": ""}, "cell-shape"),
        ({"cell_type": "code", "source": 5}, "cell-shape"),
        ({"cell_type": "code", "source": ["a", 5]}, "cell-shape"),
        (_code("x" * 200_001), "cell-too-long"),
        (_code(nbgrader={"schema_version": 4, "solution": True}), "nbgrader-schema"),
        (_code(nbgrader={"schema_version": 3, "solution": "yes", "grade_id": "a"}), "nbgrader-schema"),
        (_code(nbgrader={"schema_version": 3, "solution": True}), "grade-id-missing"),
        (_code(nbgrader={"schema_version": 3, "solution": True, "grade_id": "a b/../c"}), "grade-id"),
        (_code(nbgrader={"schema_version": 3, "grade": True, "grade_id": "a"}), "points"),
        (_code(nbgrader={"schema_version": 3, "grade": True, "grade_id": "a", "points": -1}), "points"),
        (_code(nbgrader={"schema_version": 3, "grade": True, "grade_id": "a", "points": float("nan")}), "points"),
        (_code(nbgrader={"schema_version": 3, "grade": True, "grade_id": "a", "points": True}), "points"),
        (_code() | {"metadata": {"caseloop": {"subtask": 7}}}, "caseloop-metadata"),
    ],
)
def test_a_broken_cell_is_named_by_its_position(read_notebook, cell, rule):
    notebook, problems = read_notebook(_notebook([_code(), cell]))
    assert notebook is not None
    assert [p.rule for p in problems.errors] == [rule]
    assert "2" in (problems.errors[0].cell or "") or problems.errors[0].cell in {"a", "a b/../c"}


def test_a_check_in_a_markdown_cell_is_refused(folder):
    folder.usual().check("words-check", "is it nice?", kind="markdown")
    assert folder.save().rules() == {"check-not-code": "words-check"}


def test_all_broken_cells_are_told_at_once(read_notebook):
    _, problems = read_notebook(_notebook(["a", {"cell_type": "code"}, _code(nbgrader={"solution": True})]))
    assert [p.rule for p in problems.all] == ["cell-shape", "cell-shape", "grade-id-missing"]


def test_missing_ids_are_made_from_the_content_and_are_the_same_each_time(read_notebook):
    cells = [_code(), _code(nbgrader={"solution": True, "grade_id": "sum"}), _code()]
    first, problems = read_notebook(_notebook(cells, nbformat_minor=2))
    second, _ = read_notebook(_notebook(cells, nbformat_minor=2))
    assert [cell.id for cell in first.cells] == ["cell-1", "sum", "cell-3"] == [cell.id for cell in second.cells]
    assert not problems.errors


def test_doubled_and_odd_ids_are_made_unique_and_valid(read_notebook):
    ids = ["same", "same", "", "a b", 5, "x" * 65, "same-2"]
    notebook, _ = read_notebook(_notebook([_code(id=cell_id) for cell_id in ids]))
    got = [cell.id for cell in notebook.cells]
    assert got == ["same", "same-2", "cell-3", "cell-4", "cell-5", "cell-6", "same-2-2"]


def test_a_grade_id_used_twice_names_both_cells(folder):
    folder.usual().answer("half-answer", "y = 2")
    folder.save()
    problem = next(p for p in folder.read().errors if p.rule == "grade-id-duplicate")
    assert "cell 3" in problem.message
    assert "cell 5" in problem.message


@pytest.mark.parametrize("nbgrader", [
    {"grade": False, "solution": True, "grade_id": "a", "points": 0},
    {"schema_version": 1, "grade": False, "solution": True, "locked": False, "grade_id": "a", "checksum": "00"},
    {"schema_version": 2, "grade": False, "solution": True, "locked": False, "grade_id": "a", "cell_type": "code"},
    {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False, "grade_id": "a"},
])  # fmt: skip
def test_every_schema_version_of_nbgrader_means_the_same(read_notebook, nbgrader):
    notebook, problems = read_notebook(_notebook([_code(nbgrader=nbgrader)]))
    cell = notebook.cells[0]
    assert (cell.role, cell.grade_id, cell.mark.task) == ("answer", "a", False)
    assert not problems.all


def test_a_notebook_of_format_3_is_upgraded(read_notebook):
    cell = {"cell_type": "code", "language": "python", "input": ["a = 1\n", "b = 2"], "outputs": [], "metadata": {}}
    heading = {"cell_type": "heading", "level": 2, "source": "Title", "metadata": {}}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [heading, cell]}]}
    notebook, problems = read_notebook(json.dumps(old))
    assert [(c.kind, c.source, c.id) for c in notebook.cells] == [
        ("markdown", "## Title", "cell-1"),
        ("code", "a = 1\nb = 2", "cell-2"),
    ]
    assert not problems.all


@pytest.mark.parametrize("metadata", [{}, {"kernelspec": None}, {"kernelspec": {"name": "python3"}}, []])
def test_a_missing_kernelspec_is_fine(read_notebook, metadata):
    notebook, problems = read_notebook(_notebook([_code()], metadata=metadata))
    assert notebook
    assert not problems.all


def test_another_language_is_refused(read_notebook):
    _, problems = read_notebook(_notebook([_code()], metadata={"kernelspec": {"name": "ir", "language": "R"}}))
    assert [p.rule for p in problems.errors] == ["kernel"]


def test_manually_graded_cells_are_a_note_and_stop_nothing(folder):
    folder.usual().answer("essay", "Because …", kind="markdown", grade=True, points=3)
    reading = folder.save().read()
    assert [p.rule for p in reading.problems] == ["manual-grading"]
    assert reading.draft.author.subtasks[0].view.points == 2


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_FLAG = st.booleans() | _JSON
_MARK = st.fixed_dictionaries(
    {},
    optional={
        "schema_version": st.sampled_from([1, 2, 3]) | _JSON,
        "grade": _FLAG,
        "solution": _FLAG,
        "locked": _FLAG,
        "task": _FLAG,
        "grade_id": st.sampled_from(["a", "b", "a b"]) | _JSON,
        "points": st.integers(-2, 3) | _JSON,
    },
)
_SOURCE = st.sampled_from(["", "x = 1", "assert x", "### BEGIN SOLUTION", "### END HIDDEN TESTS", "%time", "("]) | _JSON
_CELL = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw"]), "source": _SOURCE},
    optional={
        "id": _JSON,
        "attachments": st.dictionaries(st.text(max_size=3), _JSON, max_size=2) | _JSON,
        "metadata": st.fixed_dictionaries(
            {},
            optional={"nbgrader": _MARK | _JSON, "caseloop": st.fixed_dictionaries({"subtask": _JSON}), "tags": _JSON},
        ),
    },
)


@given(cells=st.lists(_CELL | _JSON, max_size=5), metadata=_JSON)
@settings(max_examples=200, deadline=None)
def test_whatever_a_notebook_holds_it_becomes_a_draft_or_problems(cells, metadata):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "solution.ipynb").write_text(_notebook(cells, metadata=metadata))
        (path / "case.yaml").write_text("id: halves\ntitle: Halves\n")
        reading = read_case_folder(path)
    assert (reading.draft is None) == bool(reading.errors)
