"""Notebooks as a course hands them in, made from the case's own cells: right, wrong in every known way, broken."""

import ast
import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from case_uploader.format.case_folder import CaseDraft
from services.contracts.notebook import MAX_SOURCE_CHARS

Notebook = dict[str, Any]
UNREADABLE = "-"

LATER_STEPS_UNHARMED = {
    # The same patients with the same values under other labels: the split and the model are as they should be.
    "labels-with-holes": "AAANAA",
    # The model picks the columns of FEATURES by name, and so never looks at the answer beside them.
    "target-among-features": "AAAANA",
}
"""Otherwise an early mistake is in every later table, too."""


@dataclass(frozen=True)
class NotebookFile:
    """One file, and what a fair grader says to it."""

    name: str
    content: bytes
    expected: str
    """A (approved) or N (needs work) for each subtask; UNREADABLE."""
    flaw: str | None = None
    """Id of the known mistake that is in it."""


class Author:
    """Makes notebooks of one case."""

    def __init__(self, draft: CaseDraft) -> None:
        self.draft = draft
        self.reference = {id_: source for s in draft.author.subtasks for id_, source in s.reference.items()}
        shown = "\n".join(cell.source for cell in draft.author.cells)
        shown += "\n".join(check.source for s in draft.author.subtasks for check in s.checks)
        self._asked = frozenset(re.findall(r"\w+", shown))

    def notebook(self, answers: Mapping[str, str]) -> Notebook:
        """The learner's notebook with these answers, and starters where there is none."""
        notebook: Notebook = copy.deepcopy(dict(self.draft.learner.notebook))
        for cell in notebook["cells"]:
            cell["source"] = answers.get(cell["id"], cell["source"])
        return notebook

    def in_other_words(self, answers: Mapping[str, str]) -> dict[str, str]:
        """The same answers by somebody else: helpers have other names, layout and quotes are Python's own."""
        trees = {id_: ast.parse(source) for id_, source in answers.items()}
        own = {name for tree in trees.values() for name in _bound(tree)} - self._asked
        renaming = _Renaming({name: f"my_{name}" for name in own})
        return {id_: f"# this took me a while\n\n{ast.unparse(renaming.visit(tree))}\n" for id_, tree in trees.items()}


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self._names.get(node.id, node.id), node.ctx), node)


def everything(draft: CaseDraft) -> list[NotebookFile]:
    """The whole pile, by name."""
    author = Author(draft)
    return [*_right(author), *_flawed(author), *_unlucky(author), *_broken(author)]


def _file(name: str, notebook: Notebook, expected: str, flaw: str | None = None) -> NotebookFile:
    return NotebookFile(f"{name}.ipynb", json.dumps(notebook).encode(), expected, flaw)


def _right(author: Author) -> Iterator[NotebookFile]:
    everything_right = "A" * len(author.draft.author.subtasks)
    reference = author.notebook(author.reference)
    yield _file("right/reference", reference, everything_right)
    for number, variant in enumerate(author.draft.variants, 1):
        yield _file(f"right/variant-{number}", author.notebook(variant.answers), everything_right)
    yield _file("right/in-other-words", author.notebook(author.in_other_words(author.reference)), everything_right)
    yield _file("right/chatty", _with_extra_cells(reference), everything_right)
    yield _file(
        "right/without-metadata", _each_cell(reference, lambda cell: {**cell, "metadata": {}}), everything_right
    )
    yield _file("right/without-ids", _without_ids(reference), everything_right)
    yield _file("right/through-another-editor", _without_ids(_each_cell(reference, _bare)), everything_right)
    yield _file("right/answers-doubled", _doubled(reference, author.reference), everything_right)
    yield _file("right/cells-moved", _moved(reference), everything_right)
    afterthought = [*reference["cells"], _code("afterthought", "mae = 0.0")]
    yield _file("right/afterthought", {**reference, "cells": afterthought}, everything_right)


def _each_cell(notebook: Notebook, change: Callable[[Notebook], Notebook]) -> Notebook:
    return {**notebook, "cells": [change(cell) for cell in notebook["cells"]]}


def _bare(cell: Notebook) -> Notebook:
    return {**cell, "metadata": {"id": "colab", "tags": []}, "source": cell["source"].splitlines(keepends=True)}


def _without_ids(notebook: Notebook) -> Notebook:
    bare = _each_cell(notebook, lambda cell: {key: value for key, value in cell.items() if key != "id"})
    return {**bare, "nbformat_minor": 4}


def _with_extra_cells(notebook: Notebook) -> Notebook:
    """A look at every value after each answer, and thoughts in between."""
    cells = []
    for number, cell in enumerate(notebook["cells"]):
        cells.append(cell)
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cells.append({"cell_type": "markdown", "metadata": {}, "source": "It *seems* to work.", "id": f"n{number}"})
            look = "for name in [name for name in dir() if not name.startswith('_')]:\n    display(eval(name))\n42"
            cells.append(_code(f"look-{number}", look))
    return {**notebook, "cells": cells}


def _code(id_: str, source: str) -> Notebook:
    return {"cell_type": "code", "metadata": {}, "id": id_, "source": source, "outputs": [], "execution_count": 3}


def _doubled(notebook: Notebook, answers: Mapping[str, str]) -> Notebook:
    cells = [copy.deepcopy(cell) for cell in notebook["cells"] for _ in range(1 + (cell["id"] in answers))]
    return {**notebook, "cells": cells}


def _moved(notebook: Notebook) -> Notebook:
    first, *rest = notebook["cells"]
    return {**notebook, "cells": [*reversed(rest), first]}


def _flawed(author: Author) -> Iterator[NotebookFile]:
    order = [subtask.view.id for subtask in author.draft.author.subtasks]
    for flaw in author.draft.author.flaws:
        at = order.index(flaw.subtask)
        expected = LATER_STEPS_UNHARMED.get(flaw.id, "A" * at + "N" * (len(order) - at))
        answers = {**author.reference, **flaw.answer}
        yield _file(f"flawed/{flaw.id}", author.notebook(answers), expected, flaw.id)
        yield _file(f"flawed/{flaw.id}-again", author.notebook(author.in_other_words(answers)), expected, flaw.id)


def _unlucky(author: Author) -> Iterator[NotebookFile]:
    reference = author.reference
    yield _file("unlucky/untouched", author.notebook({}), "NNNNNN")
    half = {id_: source for id_, source in reference.items() if id_ in ("load", "numbers", "missing-values")}
    yield _file("unlucky/first-half", author.notebook(half), "AAANNN")
    last = {id_: source for id_, source in reference.items() if id_ != "load"}
    yield _file("unlucky/without-the-first", author.notebook(last), "NNNNNN")
    yield _file("unlucky/syntax-error", author.notebook({**reference, "missing-values": "known = (typed"}), "AANNNN")
    yield _file("unlucky/exception", author.notebook({**reference, "patients": "clean = known['Group']"}), "AAANNN")
    hostile = "raise ValueError('\\ud800 <script>alert(1)</script> =1+1')\n" + reference["patients"]
    yield _file("unlucky/hostile-exception", author.notebook({**reference, "patients": hostile}), "AAANNN")
    loop = reference["honest-score"] + "\nwhile True:\n    pass"
    yield _file("unlucky/endless-loop", author.notebook({**reference, "honest-score": loop}), "AAAAAN")
    leave = reference["split"] + "\nimport os\nos._exit(0)"
    yield _file("unlucky/exit", author.notebook({**reference, "split": leave}), "AAAANN")
    whole = author.notebook(reference)
    deleted = {**whole, "cells": [cell for cell in whole["cells"] if cell["id"] != "numbers"]}
    yield _file("unlucky/answer-deleted", deleted, "ANNNNN")
    yield _file("unlucky/spoiled", _spoiled(whole), "AAAAAN")
    easy = author.notebook(
        {**reference, "split": "X_train = X_test = clean[FEATURES]\ny_train = y_test = clean[TARGET]"}
    )
    cheated = _each_cell(easy, lambda c: {**c, "source": "pass"} if c["id"].startswith("check-") else c)
    yield _file("unlucky/checks-taken-out", cheated, "AAAANN")


def _spoiled(notebook: Notebook) -> Notebook:
    """Right at first, and then not any more."""
    at = next(number for number, cell in enumerate(notebook["cells"]) if cell["id"] == "honest-score")
    cells = notebook["cells"]
    return {**notebook, "cells": [*cells[: at + 1], _code("second-thought", "mae = 0.0"), *cells[at + 1 :]]}


def _broken(author: Author) -> Iterator[NotebookFile]:
    whole = json.dumps(author.notebook(author.reference)).encode()
    huge = author.notebook({**author.reference, "load": "#" * (MAX_SOURCE_CHARS + 1)})
    yield NotebookFile("broken/empty.ipynb", b"", UNREADABLE)
    yield NotebookFile("broken/cut-short.ipynb", whole[: len(whole) // 2], UNREADABLE)
    yield NotebookFile("broken/a-photo.ipynb", b"\x89PNG\r\n\x1a\n\x00", UNREADABLE)
    yield _file("broken/no-cells", {**author.notebook({}), "cells": []}, UNREADABLE)
    yield _file("broken/old-format", {"nbformat": 3, "worksheets": [{"cells": []}]}, UNREADABLE)
    yield _file("broken/huge-cell", huge, UNREADABLE)
    yield _file("=cmd|' .C calc'!A0, <script>alert(1)<script>", {"cells": 7}, UNREADABLE)
