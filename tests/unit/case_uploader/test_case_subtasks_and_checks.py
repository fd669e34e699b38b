import ast

import pytest

from case_uploader.format.split import HIDDEN_ONLY


def _ids(folder):
    draft = folder.save().read().draft
    assert draft, folder.read().errors
    return {s.view.id: [c.removeprefix("id-") for c in s.view.cells] for s in draft.author.subtasks}


class TestGroupingByMetadata:
    def test_a_cell_belongs_to_the_subtask_of_the_nearest_named_cell_above(self, folder):
        folder.text("intro")
        folder.text("## One", subtask="one")
        folder.answer("a", "a = 1")
        folder.check("a-check", "assert a == 1")
        folder.code("given = 2")
        folder.answer("b", "b = 1", subtask="two")
        folder.check("b-check", "assert b == 1")
        assert _ids(folder) == {"one": ["text-1", "a", "a-check", "code-4"], "two": ["b", "b-check"]}

    def test_a_subtask_that_begins_twice_is_refused_where_it_begins_again(self, folder):
        for grade_id, subtask in (("a", "one"), ("b", "two"), ("c", "one")):
            folder.answer(grade_id, f"{grade_id} = 1", subtask=subtask)
            folder.check(f"{grade_id}-check", f"assert {grade_id}")
        assert folder.save().rules() == {"subtask-scattered": "c"}

    def test_answers_and_checks_above_the_first_subtask_are_refused(self, folder):
        folder.answer("early", "x = 1")
        folder.check("early-check", "assert x")
        folder.usual()
        assert folder.save().rules() == {
            "answer-outside-subtask": "early",
            "check-outside-subtask": "early-check",
        }

    def test_an_id_that_is_no_slug_is_refused(self, folder):
        folder.answer("a", "a = 1", subtask="One Two")
        folder.check("a-check", "assert a")
        assert folder.save().rules() == {"subtask-id": "a"}

    def test_a_subtask_needs_an_answer_and_something_that_decides(self, folder):
        folder.text("## One", subtask="one")
        folder.check("a-check", "assert True")
        folder.answer("b", "b = 1", subtask="two")
        assert set(folder.save().rules()) == {"subtask-without-answer", "subtask-without-check"}

    @pytest.mark.parametrize("extra", ["compare: [b]", "probes: [{call: b}]"])
    def test_a_compare_or_a_probe_decides_as_well_as_a_check(self, folder, extra):
        folder.answer("b", "b = 1", subtask="two")
        assert folder.save(f"id: x\ntitle: X\nsubtasks:\n  - id: two\n    {extra}\n").rules() == {}

    def test_a_compare_that_does_not_decide_is_not_enough(self, folder):
        folder.answer("b", "b = 1", subtask="two")
        folder.save("id: x\ntitle: X\nsubtasks:\n  - id: two\n    compare: [{name: b, decides: false}]\n")
        assert set(folder.rules()) == {"subtask-without-check"}

    def test_a_manifest_entry_without_cells_names_its_key(self, folder):
        folder.usual().save("id: x\ntitle: X\nsubtasks: [{id: half}, {id: third}]\n")
        assert folder.rules() == {"subtask-unknown": "subtasks[1].id"}


class TestPlainAssignment:
    def test_a_subtask_begins_at_the_first_answer_after_a_check_with_the_text_above_it(self, folder):
        folder.text("# Assignment")
        folder.code("import math")
        folder.text("## Part A")
        folder.answer("part_A", "a = 1")
        folder.answer("part_A2", "a2 = 1")
        folder.check("test_a", "assert a == 1")
        folder.check("test_a2", "assert a2 == 1")
        folder.code("given = 1")
        folder.text("## Part B")
        folder.text("more words")
        folder.answer("part_B", "b = 1")
        folder.check("test_b", "assert b == 1")
        assert _ids(folder) == {
            "part-a": ["text-2", "part_A", "part_A2", "test_a", "test_a2", "code-7"],
            "part-b": ["text-8", "text-9", "part_B", "test_b"],
        }

    def test_free_answers_that_nothing_checks_stay_with_the_subtask_above(self, folder):
        folder.answer("a", "a = 1")
        folder.check("test_a", "assert a")
        folder.answer("essay", "Because.", kind="markdown", grade=True, points=2)
        folder.answer("plot", "plot = 1", grade=True, points=2)
        assert _ids(folder) == {"a": ["a", "test_a", "essay", "plot"]}

    def test_equal_slugs_are_told_apart(self, folder):
        for grade_id in ("Sum", "sum", "SUM_"):
            folder.answer(grade_id, f"x{len(folder.cells)} = 1")
            folder.check(f"t-{grade_id}", "assert True")
        assert list(_ids(folder)) == ["sum", "sum-2", "sum-3"]

    def test_a_folder_without_manifest_gets_its_id_and_title_from_its_name(self, folder):
        folder.usual().save(manifest=None)
        learner = folder.read().draft.learner
        assert (learner.id, learner.title, learner.level) == ("halves", "Halves", "introductory")

    def test_a_notebook_of_any_name_and_the_files_beside_it_are_taken(self, folder):
        folder.usual()
        folder.write("problem1.ipynb", folder.notebook_json())
        folder.write("numbers.csv", "a\n1\n")
        folder.write("images/plot.png", b"\x89PNG")
        folder.write(".DS_Store", "x")
        draft = folder.read().draft
        assert draft.notebook_file == "problem1.ipynb"
        assert [f.path for f in draft.author.data] == ["images/plot.png", "numbers.csv"]

    def test_several_notebooks_are_refused_by_name(self, folder):
        folder.usual()
        folder.write("one.ipynb", folder.notebook_json())
        folder.cells = []
        folder.code("a = 1")
        folder.write("two.ipynb", folder.notebook_json())
        problem = folder.read().errors[0]
        assert problem.rule == "several-notebooks"
        assert "one.ipynb, two.ipynb" in problem.message

    def test_a_notebook_without_marks_is_refused(self, folder):
        folder.code("a = 1")
        assert set(folder.save().rules()) == {"no-subtasks"}


def test_a_title_comes_from_the_manifest_then_the_heading_then_the_id(folder):
    for subtask, text in (("one", "## Heading"), ("two", "## Wins\n# Not"), ("three-four", "no heading")):
        folder.text(text, subtask=subtask)
        folder.answer(f"{subtask}-a", "a = 1")
        folder.check(f"{subtask}-c", "assert a == 1")
    folder.save("id: x\ntitle: X\nsubtasks: [{id: one, title: Mine}]\n")
    assert [s.title for s in folder.read().draft.learner.subtasks] == ["Mine", "Wins", "Three four"]


class TestChecks:
    def _checks(self, folder, source, points=3, manifest="id: x\ntitle: X\n"):
        folder.text("## Go", subtask="go")
        folder.answer("a", "import math\na = 1\ntable = [1]")
        folder.check("check", source, points=points)
        draft = folder.save(manifest).read().draft
        assert draft, folder.read().errors
        return draft.author.subtasks[0].checks

    def test_both_parts_share_the_points(self, folder):
        source = "assert a == 1\n### BEGIN HIDDEN TESTS\nassert a + 7 == 8\n### END HIDDEN TESTS"
        visible, hidden = self._checks(folder, source)
        assert (visible.id, visible.hidden, visible.points) == ("check", False, 1.5)
        assert (hidden.id, hidden.hidden, hidden.points) == ("check/hidden", True, 1.5)
        assert visible.cell == hidden.cell == "id-check"
        assert "a + 7" not in visible.source

    def test_a_hidden_part_that_needs_nothing_runs_alone(self, folder):
        source = "assert a == 1\n### BEGIN HIDDEN TESTS\nassert a + 7 == 8\n### END HIDDEN TESTS"
        assert self._checks(folder, source)[1].source == "assert a + 7 == 8"

    def test_a_hidden_part_gets_what_the_visible_part_sets_up_but_not_its_asserts(self, folder):
        source = (
            "import numpy as np\nlimit = 5\nassert a == 1\n### BEGIN HIDDEN TESTS\n"
            "assert np.abs(a) < limit + 77\n### END HIDDEN TESTS"
        )
        hidden = self._checks(folder, source)[1].source
        assert hidden == "import numpy as np\nlimit = 5\nassert np.abs(a) < limit + 77"

    def test_a_hidden_part_inside_a_block_keeps_the_block(self, folder):
        source = (
            "for n in range(3):\n    assert n < 3\n    ### BEGIN HIDDEN TESTS\n    assert n + a < 4\n"
            "    ### END HIDDEN TESTS"
        )
        hidden = self._checks(folder, source)[1].source
        assert hidden == "for n in range(3):\n    assert n < 3\n    assert n + a < 4"
        ast.parse(hidden)

    def test_a_cell_that_is_hidden_throughout_is_one_check(self, folder):
        source = "# Checks\n### BEGIN HIDDEN TESTS\nassert a + 7 == 8\n### END HIDDEN TESTS"
        checks = self._checks(folder, source)
        assert [(c.id, c.points) for c in checks] == [("check/hidden", 3)]

    def test_a_cell_that_is_nothing_but_hidden_shows_a_line_about_it(self, folder):
        self._checks(folder, "### BEGIN HIDDEN TESTS\nassert a + 7 == 8\n### END HIDDEN TESTS")
        assert folder.read().draft.learner.notebook["cells"][2]["source"] == HIDDEN_ONLY

    def test_hints_go_to_both_parts_unless_the_hidden_part_has_its_own(self, folder):
        source = "assert a == 1\n### BEGIN HIDDEN TESTS\nassert a + 7 == 8\n### END HIDDEN TESTS"
        hints = "id: x\ntitle: X\nsubtasks:\n  - id: go\n    hints: {check: Look again.}\n"
        assert [c.hint for c in self._checks(folder, source, manifest=hints)] == ["Look again."] * 2
        folder.write("case.yaml", hints.replace("}", ", check/hidden: Other.}"))
        assert [c.hint for c in folder.read().draft.author.subtasks[0].checks] == ["Look again.", "Other."]

    def test_a_hint_for_an_unknown_check_is_refused(self, folder):
        folder.usual().save("id: x\ntitle: X\nsubtasks: [{id: half, hints: {typo: words}}]\n")
        assert folder.rules() == {"hint-unknown-check": "subtasks: half.hints"}

    @pytest.mark.parametrize(
        ("source", "rule", "words"),
        [
            ("", "check-empty", "at least one assert"),
            ("# only words", "check-empty", "at least one assert"),
            ("assert (a", "check-syntax", "line 1"),
            ("a == 1\n### AUTOTEST a", "autotest", "line 2"),
            ("### HASHED AUTOTEST a; b\nassert a", "autotest", "write the assert"),
            ("%timeit a\nassert a", "check-magic", "line 1"),
            ("!ls", "check-magic", "line 1"),
            ("if a:\n### BEGIN HIDDEN TESTS\n    assert a\n### END HIDDEN TESTS", "check-syntax", "without its hidden"),
        ],
    )
    def test_a_check_that_cannot_run_is_refused_with_its_line(self, folder, source, rule, words):
        folder.text("## Go", subtask="go")
        folder.answer("a", "a = 1")
        folder.check("check", source)
        problems = [p for p in folder.save().read().errors if p.rule == rule]
        assert problems
        assert problems[0].cell == "check"
        assert words in problems[0].message


def test_code_that_is_not_python_is_refused_with_its_line(folder):
    folder.usual().answer("more", "ok = 1\n### BEGIN SOLUTION\nwrong = (\n### END SOLUTION")
    assert folder.save().rules() == {"code-syntax": "more"}


def test_a_stub_that_breaks_the_code_around_it_is_refused(folder):
    folder.usual().answer("more", "value = (\n### BEGIN SOLUTION\n1\n### END SOLUTION\n)")
    problem = folder.save().read().errors[0]
    assert (problem.rule, problem.cell) == ("code-syntax", "more")
    assert "learner's start" in problem.message
