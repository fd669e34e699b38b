import json
import textwrap

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_uploader.format.author_notebook import AuthorCell, AuthorNotebook, GradeMark
from case_uploader.format.problem import Problems
from case_uploader.format.split import CODE_STUB, HIDDEN_ONLY, split_cells


def _answer(source, kind="code"):
    mark = GradeMark(grade=False, solution=True, locked=False, task=False, grade_id="a", points=None)
    return AuthorCell("a", 1, kind, source, mark)


def _split_one(cell):
    problems = Problems()
    return split_cells(AuthorNotebook("solution.ipynb", (cell,)), problems)[0], problems


def _starter(source, kind="code"):
    part, problems = _split_one(_answer(textwrap.dedent(source).strip("\n"), kind))
    assert not problems.all
    return part.source


def test_a_region_becomes_a_stub_with_the_regions_indentation():
    assert _starter(
        """
        def area(r):
            '''Return the area.'''
            ### BEGIN SOLUTION
            return 3.14 * r * r
            ### END SOLUTION

        print(area(2))
        """
    ) == (
        "def area(r):\n    '''Return the area.'''\n"
        "    # YOUR CODE HERE\n    raise NotImplementedError()\n\nprint(area(2))"
    )


def test_several_regions_become_several_stubs():
    starter = _starter(
        """
        ### BEGIN SOLUTION
        a = 1
        ### END SOLUTION
        given = 2
        if given:
            ### BEGIN SOLUTION
            b = 3
            c = 4
            ### END SOLUTION
        """
    )
    assert starter == (
        "# YOUR CODE HERE\nraise NotImplementedError()\ngiven = 2\nif given:\n"
        "    # YOUR CODE HERE\n    raise NotImplementedError()"
    )


def test_a_region_in_a_class_body_and_a_nested_one_keep_the_code_around_them():
    starter = _starter(
        """
        class Till:
            ### BEGIN SOLUTION
            rate = 0.19
            ### END SOLUTION

            def total(self, items):
                for item in items:
                    if item:
        \t\t\t\t\t\t### BEGIN SOLUTION
        \t\t\t\t\t\tyield item
        \t\t\t\t\t\t### END SOLUTION
        """
    )
    assert "rate = 0.19" not in starter
    assert "    # YOUR CODE HERE\n    raise NotImplementedError()\n\n    def total" in starter
    assert "\t\t\t\t\t\traise NotImplementedError()" in starter


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("### BEGIN SOLUTION", "### END SOLUTION"),
        ("###BEGIN SOLUTION", "###END SOLUTION"),
        ("#   BEGIN   SOLUTION   ", "#\tEND  SOLUTION\t"),
        ("### begin solution ###", "### End Solution ###"),
        ("BEGIN SOLUTION", "END SOLUTION"),
    ],
)
def test_markers_with_odd_spacing_are_found(begin, end):
    assert _starter(f"{begin}\nsecret = 1\n{end}\nopen = 2") == "\n".join((*CODE_STUB, "open = 2"))


def test_the_reference_keeps_the_code_and_loses_the_markers():
    part, _ = _split_one(_answer("a = 1\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION\nc = 3"))
    assert part.reference == "a = 1\nb = 2\nc = 3"
    assert part.solution == ("b = 2",)


def test_an_answer_cell_without_a_region_is_solution_throughout():
    assert _starter("secret = 42\nprint(secret)") == "\n".join(CODE_STUB)


def test_a_markdown_answer_becomes_a_text_stub():
    assert _starter("Because it is *normal*.", kind="markdown") == "YOUR ANSWER HERE"
    mixed = "Explain:\n<!-- BEGIN SOLUTION -->\nIt is normal.\n<!-- END SOLUTION -->\nThank you."
    assert _starter(mixed, kind="markdown") == "Explain:\nYOUR ANSWER HERE\nThank you."


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("x = 1\n### BEGIN SOLUTION\nsecret = 2", 2, "no END SOLUTION"),
        ("secret = 1\n### END SOLUTION", 2, "without a BEGIN SOLUTION"),
        ("### BEGIN SOLUTION\nsecret = 1\n### BEGIN SOLUTION\nb = 1\n### END SOLUTION", 3, "begins in line 1"),
        ("secret = 1  ### BEGIN SOLUTION\nb = 1\n### END SOLUTION", 1, "a line of its own"),
    ],
)
def test_markers_that_do_not_fit_name_the_line_and_hide_the_solution_all_the_same(source, line, words):
    part, problems = _split_one(_answer(source))
    assert [p.rule for p in problems.errors] == ["marker"]
    assert problems.errors[0].message.startswith(f"line {line}: ")
    assert words in problems.errors[0].message
    assert "secret" not in part.source


def test_a_marker_outside_its_kind_of_cell_is_refused_and_cut(folder):
    folder.usual()
    folder.code("a = 1\n### BEGIN SOLUTION\nsecret = 1\n### END SOLUTION")
    folder.answer("b-answer", "b = 1\n### BEGIN HIDDEN TESTS\nassert secret\n### END HIDDEN TESTS")
    parts = folder.split()
    assert "secret" not in "".join(part.source for part in parts.values())
    assert folder.rules()["marker-place"] is not None


def test_a_mark_scheme_never_reaches_a_learner(folder):
    folder.usual().text("Explain.\n### BEGIN MARK SCHEME\n3 points for the mean\n### END MARK SCHEME")
    assert "3 points" not in json.dumps(folder.save().read().draft.learner.model_dump(mode="json"))


def test_hidden_tests_are_cut_and_an_empty_rest_is_replaced(folder):
    folder.check("mixed", "assert a\n### BEGIN HIDDEN TESTS\nassert secret\n### END HIDDEN TESTS\nassert b")
    folder.check("only", "### BEGIN HIDDEN TESTS\nassert secret\n### END HIDDEN TESTS")
    parts = folder.split()
    assert parts["mixed"].source == "assert a\nassert b"
    assert parts["only"].source == HIDDEN_ONLY


class TestLearnersNotebook:
    def test_outputs_counts_and_strange_metadata_are_left_behind(self, folder):
        folder.usual()
        folder.cells[2] |= {"execution_count": 7, "outputs": [{"output_type": "stream", "text": "4591"}]}
        folder.cells[2]["metadata"] |= {"scrolled": True, "author": "Ada", "tags": ["keep"]}
        folder.cells[2]["metadata"]["nbgrader"]["checksum"] = "0123"
        learner = folder.save(metadata={"secret": "x", "kernelspec": {"name": "python3"}}).read().draft.learner
        text = json.dumps(learner.notebook)
        assert not [word for word in ("4591", "Ada", "scrolled", "checksum", "secret") if word in text]
        cell = learner.notebook["cells"][2]
        assert (cell["execution_count"], cell["outputs"], cell["metadata"]["tags"]) == (None, [], ["keep"])
        assert learner.notebook["metadata"]["kernelspec"]["name"] == "python3"

    def test_it_is_valid_nbformat(self, folder):
        folder.usual().code("print(1)")
        nbformat.validate(folder.save().read().draft.learner.notebook)

    def test_check_and_read_only_cells_are_locked_and_answers_cannot_be_deleted(self, folder):
        folder.usual().answer("more", "more = 1")
        folder.cells.insert(2, folder.answer("fixed", "fixed = 1", solution=False, locked=True))
        folder.cells.pop()
        cells = {c["id"]: c["metadata"] for c in folder.save().read().draft.learner.notebook["cells"]}
        locked = {"deletable": False, "editable": False}
        assert locked.items() <= cells["id-half-check"].items()
        assert locked.items() <= cells["id-fixed"].items()
        assert cells["id-half-answer"]["deletable"] is False
        assert "editable" not in cells["id-half-answer"]

    def test_cells_know_their_subtask_and_role(self, folder):
        cells = folder.usual().save().read().draft.learner.notebook["cells"]
        roles = [cell["metadata"].get("caseloop") for cell in cells]
        assert roles == [None, *({"subtask": "half", "role": role} for role in ("text", "answer", "check"))]

    def test_nbgrader_metadata_is_kept_in_version_3(self, folder):
        cells = folder.usual().save().read().draft.learner.notebook["cells"]
        assert cells[3]["metadata"]["nbgrader"] == {
            "schema_version": 3,
            "grade": True,
            "solution": False,
            "locked": True,
            "task": False,
            "grade_id": "half-check",
            "points": 2.0,
            "cell_type": "code",
        }

    def test_only_attachments_that_the_text_shows_are_kept(self, folder):
        picture = {"image/png": "AAAA"}
        folder.usual().text("![x](attachment:plot.png)", attachments={"plot.png": picture, "old.png": picture})
        assert folder.save().read().draft.learner.notebook["cells"][4]["attachments"] == {"plot.png": picture}


_LINES = st.lists(st.text("abcxyz ()=+#\t'\"", max_size=20), max_size=5)
_SPACES = st.text(" \t", max_size=8)


@given(parts=st.lists(st.tuples(_LINES, _LINES, _SPACES), min_size=1, max_size=4), tail=_LINES)
def test_no_line_that_only_a_region_holds_reaches_the_learner(parts, tail):
    source: list[str] = []
    secret: list[str] = []
    for before, inside, indent in parts:
        solution = [f"{indent}{line}§" for line in inside]  # § is nowhere else.
        source += [*before, f"{indent}### BEGIN SOLUTION", *solution, f"{indent}### END SOLUTION"]
        secret += solution
    part, problems = _split_one(_answer("\n".join([*source, *tail])))
    starter = part.source.split("\n")
    assert not problems.errors
    assert not set(starter) & set(secret)
    assert "§" not in part.source
    assert [line for line in starter if line.strip() not in CODE_STUB] == [
        line for before, _, _ in parts for line in before if line.strip() not in CODE_STUB
    ] + tail
    assert set(secret) <= set(part.reference.split("\n"))
