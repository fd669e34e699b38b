"""What else a case holds: data, requirements, imports, watched names, leaks, and the version."""

import base64
import hashlib
import json
import os
import shutil

import pytest
from packaging.requirements import Requirement

from case_uploader.format.imports import imported_modules, module_names
from case_uploader.format.watch import watched_names


class Installed:
    """A learners' environment that holds these distributions and modules."""

    def __init__(self, **versions: str) -> None:
        self._versions = versions

    def unmet(self, requirement: Requirement) -> str | None:
        version = self._versions.get(requirement.name)
        if version is None:
            return "not installed there"
        return None if version in requirement.specifier else f"{version} is installed there"

    def has_module(self, name: str) -> bool:
        return name in {*self._versions, "math"}

    def installed(self) -> dict[str, str]:
        return self._versions


class TestData:
    def test_files_below_data_are_listed_with_digest_and_size(self, folder):
        folder.usual().save()
        folder.write("data/deep/a.csv", "x\n1\n")
        folder.write("data/.hidden", "x")
        file = folder.read().draft.author.data[0]
        assert (file.path, file.size) == ("data/deep/a.csv", 4)
        assert file.digest == hashlib.sha256(b"x\n1\n").hexdigest()

    def test_links_are_not_followed(self, folder):
        folder.usual().save()
        folder.write("data/a.csv", "x")
        (folder.path / "data/passwd").symlink_to("/etc/passwd")
        (folder.path / "data/etc").symlink_to("/etc")
        problems = folder.read().errors
        assert {(p.rule, p.file) for p in problems} == {
            ("data-not-a-file", "data/passwd"),
            ("data-not-a-file", "data/etc"),
        }

    def test_a_pipe_is_refused_and_does_not_hang(self, folder):
        folder.usual().save()
        (folder.path / "data").mkdir()
        os.mkfifo(folder.path / "data/pipe")
        assert folder.rules() == {"data-not-a-file": None}

    def test_names_that_differ_by_case_only_are_refused(self, folder):
        folder.usual().save()
        folder.write("data/a.csv", "x")
        folder.write("data/A.csv", "x")
        assert "data-name" in folder.rules()

    @pytest.mark.parametrize("script", [True, False])
    def test_a_missing_file_names_the_cell_and_how_to_make_it(self, folder, script):
        folder.usual().code("table = open('data/ames.csv')\nother = open('./data/b/')")
        folder.save().write("data/b/x.txt", "x")
        if script:
            folder.write("make_data.py", "")
        problem = folder.read().errors[0]
        assert problem.rule == "data-missing"
        assert problem.cell == "cell 5 (table = open('data/ames.csv'))"
        assert ("python make_data.py" in problem.message) is script

    def test_a_script_without_data_asks_for_being_run(self, folder):
        folder.usual().save().write("make_data.py", "")
        assert folder.rules() == {"data-missing": None}


class TestRequirements:
    @pytest.mark.parametrize(
        ("line", "rule"),
        [
            ("numpy>=1", None),
            ("numpy  # needed", None),
            ("# nothing", None),
            ("numpy>=9", "requirement-unmet"),
            ("torch", "requirement-unmet"),
            ("torch; python_version < '3'", None),
            ("-r other.txt", "requirement-option"),
            ("--index-url https://example.org", "requirement-option"),
            ("numpy @ https://example.org/n.whl", "requirement-url"),
            ("numpy @ git+ssh://git@example.org/numpy.git", "requirement-url"),
            ("-e git+ssh://git@example.org/numpy.git#egg=numpy", "requirement-option"),
            ("git+ssh://git@example.org/numpy.git", "requirement-syntax"),
            ("num py", "requirement-syntax"),
        ],
    )
    def test_each_line_is_compared_with_the_learners_environment(self, folder, line, rule):
        folder.usual().save().write("requirements.txt", f"\n{line}\n")
        errors = folder.read(Installed(numpy="2.4")).errors
        assert [(p.rule, p.cell) for p in errors] == ([(rule, "line 2")] if rule else [])

    @pytest.mark.parametrize("name", ["environment.yml", "apt.txt"])
    def test_a_declaration_that_is_not_read_is_noted_and_refuses_nothing(self, folder, name):
        folder.usual().save().write(name, "graphviz\n")
        reading = folder.read()
        assert reading.draft is not None
        assert [(p.rule, p.file, p.level) for p in reading.problems] == [("environment-file", name, "note")]

    def test_an_import_that_learners_do_not_have_is_refused(self, folder):
        folder.usual().code("import torch.nn\nfrom numpy import array\nimport math")
        errors = folder.save().read(Installed(numpy="2.4")).errors
        assert [p.rule for p in errors] == ["import-missing"]
        assert "'torch'" in errors[0].message


class TestImports:
    def test_modules_are_found_anywhere(self):
        source = (
            "import a.b, c as d\nfrom e.f import g\ndef h():\n    import i\nfrom . import j\nfrom __future__ import k"
        )
        assert imported_modules([source]) == ("a.b", "c", "e.f", "i")

    def test_ipython_lines_do_not_hide_imports(self):
        assert imported_modules(["%matplotlib inline\nimport numpy"]) == ("numpy",)

    def test_only_names_that_always_mean_a_module_are_kept(self):
        sources = ["import pandas as pd\nimport os.path\nimport stats", "stats = pd.read_csv('x')\ndef os2(): ..."]
        assert module_names(sources) == {"os": "os", "pd": "pandas"}
        assert module_names(["import a as x", "import b as x"]) == {}


class TestWatchedNames:
    def test_assigned_names_that_the_task_mentions(self):
        reference = ["b, a = 1, 2\ntotal: int = 3\nunsaid = 4\n_own = 5\ndef fit(): inner = 1\nfit2 = 1"]
        assert watched_names(reference, ["assert a > b"], ["the `total`, not unsaid, `_own`, `fit` `inner`"]) == (
            "b",
            "a",
            "total",
        )

    def test_functions_and_modules_are_left_out(self):
        assert watched_names(["import x\ndef f(): ...\nf = f"], ["assert f and x"], []) == ()

    def test_compared_names_are_not_watched_twice_and_the_authors_come_first(self, folder):
        folder.text("`a` `b` `c`", subtask="s")
        folder.answer("x", "a = 1\nb = 2\nc = 3")
        folder.check("y", "assert a")
        folder.save("id: x\ntitle: X\nsubtasks: [{id: s, compare: [b], watch: [z]}]\n")
        assert folder.read().draft.author.subtasks[0].watch == ("z", "a", "c")


class TestLeaks:
    def _leaks(self, folder):
        return [(p.rule, p.file, p.cell) for p in folder.save().read().errors]

    def test_a_solution_in_another_cell_is_found_whatever_its_indentation(self, folder):
        folder.usual().text("Here you go:\n```\nquotient  =  n / 2\nreturn quotient\n```")
        assert self._leaks(folder) == [("solution-visible", "solution.ipynb", "cell 5 (Here you go:)")]

    def test_a_commented_solution_is_found(self, folder):
        folder.usual().code("# quotient = n / 2\n# return quotient")
        assert self._leaks(folder)[0][0] == "solution-visible"

    def test_single_words_of_a_solution_are_no_leak(self, folder):
        folder.usual().text("Use `quotient` and return it: `return quotient` is one line of it.")
        assert not self._leaks(folder)

    def test_a_hidden_assert_that_shows_is_found(self, folder):
        folder.usual().code("assert half(9182) == 4591")
        assert self._leaks(folder)[0][0] == "hidden-test-visible"

    def test_a_solution_notebook_among_the_data_is_found(self, folder):
        folder.usual().save()
        folder.write("data/copy.ipynb", folder.notebook_json())
        assert {leak[:2] for leak in self._leaks(folder)} == {
            ("solution-visible", "data/copy.ipynb"),
            ("hidden-test-visible", "data/copy.ipynb"),
        }

    def test_a_solution_in_an_attachment_is_found(self, folder):
        body = base64.b64encode(b"def half(n):\n    quotient = n / 2\n    return quotient").decode()
        folder.usual().text("see attachment:s.py", attachments={"s.py": {"text/x-python": body}})
        assert self._leaks(folder) == [
            ("solution-visible", "solution.ipynb", "cell 5 (see attachment:s.py): attachment s.py")
        ]

    def test_a_solution_in_an_output_never_reaches_the_learner(self, folder):
        folder.usual()
        folder.cells[2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "quotient = n / 2"}]
        assert "quotient" not in json.dumps(folder.save().read().draft.learner.model_dump(mode="json"))

    def test_a_solution_in_the_words_for_learners_is_found(self, folder):
        folder.usual().save()
        manifest = (
            "id: x\ntitle: X\nsubtasks:\n  - id: half\n    plan: |\n      quotient = n / 2\n      return quotient\n"
        )
        folder.write("case.yaml", manifest)
        assert folder.rules() == {"solution-visible": "subtasks: half.plan"}


class TestVersion:
    def test_order_and_spaces_of_the_yaml_do_not_matter(self, folder):
        folder.usual().save("id: x\ntitle: X\nlimits: {memory_mb: 256, open_files: 64}\n")
        first = folder.read().draft.version
        folder.write("case.yaml", "title:   'X'\n\nlimits:\n  open_files: 64\n  memory_mb: 256\nid: x # same\n")
        assert folder.read().draft.version == first
        assert folder.read().draft.learner.version == first

    def test_outputs_and_the_place_of_the_folder_do_not_matter(self, folder):
        first = folder.usual().save().read().draft.version
        folder.cells[2] |= {"execution_count": 3, "outputs": [{"output_type": "stream", "text": "x"}]}
        folder.save()
        moved = folder.path.parent / "elsewhere"
        shutil.copytree(folder.path, moved)
        folder.path = moved
        assert folder.read().draft.version == first

    @pytest.mark.parametrize(
        ("file", "content"),
        [
            ("case.yaml", "id: halves\ntitle: Halves\nsubtasks: [{id: half, plan: Think.}]\n"),
            ("case.yaml", "id: halves\ntitle: Halves\nsubtasks: [{id: half, hints: {half-check: Hm.}}]\n"),
            ("case.yaml", "id: halves\ntitle: Halves\ntopics: [x]\n"),
            ("data/a.csv", "x"),
            ("requirements.txt", "numpy"),
            ("apt.txt", "graphviz"),
            ("environment.yml", "dependencies: [python=3.11]"),
            ("flaws.yaml", _FLAW := "- {id: f, subtask: half, title: t, words: w, answer: {half-answer: 'half = 1'}}"),
            ("flaws.yaml", _FLAW.replace("words: w", "words: v")),
        ],
    )
    def test_every_other_change_makes_another_version(self, folder, file, content):
        first = folder.usual().save().read().draft.version
        folder.write(file, content)
        assert folder.read().draft.version != first

    def test_a_change_of_the_reference_or_a_hidden_test_makes_another_version(self, folder):
        versions = {folder.usual().save().read().draft.version}
        folder.cells[3]["source"] = folder.cells[3]["source"].replace("4591", "4591.0")
        versions.add(folder.save().read().draft.version)
        folder.cells[2]["source"] = folder.cells[2]["source"].replace("n / 2", "n * 0.5")
        versions.add(folder.save().read().draft.version)
        assert len(versions) == 3


def test_problems_of_all_files_are_told_at_once(folder):
    folder.answer("a", "a = (", subtask="s")
    folder.save("id: A\n")
    folder.write("requirements.txt", "-e .\n")
    folder.write("flaws.yaml", "5")
    assert {p.file for p in folder.read().errors} >= {"case.yaml", "requirements.txt"}


def test_a_folder_that_is_not_there(folder):
    folder.path = folder.path / "nowhere"
    assert folder.rules() == {"folder-missing": None}


def test_the_learners_view_never_holds_reference_or_hidden_tests(folder):
    draft = folder.usual().save().read().draft
    seen = draft.learner.model_dump_json()
    assert "quotient" not in seen
    assert "4591" not in seen
    assert "quotient" in draft.author.model_dump_json()
    assert "4591" not in "".join(cell.source for cell in draft.author.cells)
