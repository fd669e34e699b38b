"""Programs that learners once handed in, as cases: the layout is that of the Refactory study's data.

`question_K/description.txt`, `question_K/ans/input_NNN.txt` (a call) and `output_NNN.txt` (its value),
`question_K/code/{reference,correct,wrong}/*.py`, and `question_K/code/global.py`, which runs before a program.
"""

import ast
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks.harness import CouldNotRun

SUBTASK = "program"


@dataclass(frozen=True)
class Program:
    """One program that somebody handed in."""

    question: str
    name: str
    source: str


@dataclass(frozen=True)
class Question:
    """One question with everything that was handed in."""

    name: str
    reference: str
    before: str
    """Code that runs first; empty when there is none."""
    description: str
    calls: tuple[tuple[str, str], ...]
    """What is called, and the value that it must have, both as source."""
    correct: tuple[Program, ...]
    wrong: tuple[Program, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """The functions that are called."""
        called = (ast.parse(call, mode="eval").body for call, _ in self.calls)
        names = (one.func.id for one in called if isinstance(one, ast.Call) and isinstance(one.func, ast.Name))
        return tuple(dict.fromkeys(names))

    def write_case(self, folder: Path) -> Path:
        """The question as a case folder: one step, whose checks are its calls with their values."""
        folder.mkdir(parents=True)
        manifest = {
            "id": self.name.replace("_", "-"),
            "title": self.name.replace("_", " ").capitalize(),
            "summary": "A question with programs that learners once handed in.",
            "level": "introductory",
            "minutes": 15,
            "ai_mode": "full",
            "strictness": "light",
            "topics": ["functions"],
            # Programs of this kind take milliseconds; those that never end should not take the day.
            "limits": {"cpu_seconds": 2, "wall_seconds": 4, "probe_seconds": 2, "memory_mb": 256},
            "subtasks": [{"id": SUBTASK, "title": "The program"}],
            "learn_from_approved": True,
        }
        (folder / "case.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
        (folder / "requirements.txt").write_text("", encoding="utf-8")
        nbformat.write(self._notebook(), folder / "solution.ipynb")
        return folder

    def _notebook(self) -> nbformat.NotebookNode:
        cells = [_cell("intro", f"# {self.name}", markdown=True)]
        if self.before:
            cells.append(_cell("before", self.before))
        checks = "\n".join(f"assert {call} == {expected}" for call, expected in self.calls)
        cells += [
            _cell("text", self.description, markdown=True, subtask=True),
            _cell("answer", f"### BEGIN SOLUTION\n{self.reference}\n### END SOLUTION", subtask=True, solution=True),
            _cell("check", checks, subtask=True, points=1),
        ]
        return new_notebook(cells=cells)


def read_questions(folder: Path, chance: random.Random, limit: int | None) -> list[Question]:
    """All questions below the folder; of each at most `limit` wrong programs, drawn by `chance`. CouldNotRun."""
    folders = sorted(folder.glob("question_*"))
    if not folders:
        raise CouldNotRun(f"{folder} has no question_*; unpack the archive of submissions and name its folder")
    mislabelled = _mislabelled(folder)
    return [_question(one, chance, limit, mislabelled) for one in folders]


def _question(folder: Path, chance: random.Random, limit: int | None, mislabelled: set[str]) -> Question:
    code, number = folder / "code", folder.name.removeprefix("question_")
    correct, wrong = (
        [
            Program(folder.name, file.stem, file.read_text(encoding="utf-8"))
            for file in sorted((code / kind).glob("*.py"))
            if f"{number}/{kind}/{file.name}" not in mislabelled
        ]
        for kind in ("correct", "wrong")
    )
    before = code / "global.py"
    (reference,) = (code / "reference").glob("*.py")
    return Question(
        name=folder.name,
        reference=reference.read_text(encoding="utf-8").strip(),
        before=before.read_text(encoding="utf-8").strip() if before.exists() else "",
        description=(folder / "description.txt").read_text(encoding="utf-8").strip(),
        calls=tuple(_calls(folder / "ans")),
        correct=tuple(_distinct(correct)),
        wrong=tuple(wrong if limit is None else chance.sample(wrong, min(limit, len(wrong)))),
    )


def _calls(folder: Path) -> list[tuple[str, str]]:
    found = []
    for file in sorted(folder.glob("input_*.txt")):
        expected = (folder / file.name.replace("input", "output")).read_text(encoding="utf-8").strip()
        found.append((file.read_text(encoding="utf-8").strip(), expected))
    return found


def _distinct(programs: Sequence[Program]) -> list[Program]:
    """One of each syntax tree: the others are as near to anything as it is."""
    trees: dict[str, Program] = {}
    for program in programs:
        try:
            tree = ast.dump(ast.parse(program.source))
        except SyntaxError:
            continue
        trees.setdefault(tree, program)
    return list(trees.values())


def _mislabelled(folder: Path) -> set[str]:
    """Programs whose folder contradicts the checks."""
    file = folder / "label_errors.json"
    return {name for names in json.loads(file.read_text()).values() for name in names} if file.exists() else set()


def _cell(
    name: str,
    source: str,
    *,
    markdown: bool = False,
    subtask: bool = False,
    solution: bool = False,
    points: int | None = None,
) -> nbformat.NotebookNode:
    grading = {
        "schema_version": 3,
        "grade_id": name,
        "locked": not solution,
        "solution": solution,
        "grade": points is not None,
        "task": False,
    }
    metadata = {"nbgrader": grading | ({} if points is None else {"points": points})}
    if subtask:
        metadata["caseloop"] = {"subtask": SUBTASK}
    make = new_markdown_cell if markdown else new_code_cell
    return make(source, id=name, metadata=metadata)
