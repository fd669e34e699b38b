"""Otter's master notebook (`otter assign`) in the words of an author's notebook."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from case_uploader.format.author_notebook import AuthorNotebook, current_format, notebook_of, read_json
from case_uploader.format.manifest import slug_of
from case_uploader.format.problem import Problems
from case_uploader.format.python_source import syntax_error
from services.kit.syntax import tree_of

_BLOCK = re.compile(r"^#\s*(BEGIN|END)\s+(QUESTION|SOLUTION|PROMPT|TESTS)\s*$", re.IGNORECASE)
_CONFIG = re.compile(r"^#\s*ASSIGNMENT\s+CONFIG\s*$", re.IGNORECASE)
_SKIPPED = re.compile(r"^\s*(#+\s*IGNORE\b|#\s*(BEGIN|END)\s+PLUGIN|##\s*Ignore\s*##)", re.IGNORECASE)
_LINE = re.compile(r"^(?P<code>.*?)\s*#\s*SOLUTION(\s+NO\s+PROMPT)?\s*$", re.IGNORECASE)
_BEGIN = re.compile(r"^(?P<indent>\s*)#\s*BEGIN\s+SOLUTION(\s+NO\s+PROMPT)?\s*$", re.IGNORECASE)
_END = re.compile(r"^(?P<indent>\s*)#\s*END\s+SOLUTION\s*$", re.IGNORECASE)
_PROMPT_BEGIN = re.compile(r"^\s*\"\"\"\s*#\s*BEGIN\s+PROMPT\s*$", re.IGNORECASE)
_PROMPT_END = re.compile(r"^\s*\"\"\"\s*;?\s*#\s*END\s+PROMPT\s*$", re.IGNORECASE)
_TEST_CONFIG = re.compile(
    r"\A\s*\"\"\"\s*#\s*BEGIN\s+TEST\s+CONFIG\s*\n(?P<yaml>.*?)\"\"\"\s*#\s*END\s+TEST\s+CONFIG\s*\n?",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN = re.compile(r"\A\s*#+\s*HIDDEN(\s+TEST)?\s*(\n|\Z)", re.IGNORECASE)


def is_otter(cells: list[Any]) -> bool:
    """Whether some raw cell of the notebook opens a question in Otter's way."""
    raws = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "raw"]
    return any(re.match(r"#\s*BEGIN\s+QUESTION\b", _first(cell), re.IGNORECASE) for cell in raws)


def read_otter_notebook(path: Path, file: str, problems: Problems) -> AuthorNotebook | None:
    """The notebook with questions as subtasks, solutions as answers and tests as checks."""
    raw = read_json(path, file, problems)
    notebook = current_format(raw, file, problems) if raw is not None else None
    cells = notebook.get("cells") if notebook else None
    if not isinstance(cells, list):
        return None
    return notebook_of(list(_Master(file, problems).cells(cells)), file, problems)


def _text(cell: Any) -> str:
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source.replace("\r\n", "\n") if isinstance(source, str) else ""


def _first(cell: Any) -> str:
    return next((line.strip() for line in _text(cell).split("\n") if line.strip()), "")


class _Master:
    """Goes through the cells and remembers which block they are in."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file, self._problems = file, problems
        self._question: str | None = None
        self._block: str | None = None
        self._manual = False
        self._tests: list[dict[str, Any]] = []
        self._points: Any = None
        self._answers = 0

    def cells(self, cells: list[Any]) -> Iterator[dict[str, Any]]:
        """Cells of an author's notebook. Where a block opens or ends, an empty text keeps the numbers of cells."""
        for position, cell in enumerate(cells, 1):
            block = _BLOCK.match(_first(cell)) if isinstance(cell, dict) and cell.get("cell_type") == "raw" else None
            if block:
                yield from self._turn(block[1].upper(), block[2].upper(), cell, f"cell {position}")
            elif not isinstance(cell, dict) or _CONFIG.match(_first(cell)) or _SKIPPED.match(_first(cell)):
                continue
            elif self._question is None:
                yield _plain(cell)
            else:
                yield from self._inside(cell, f"cell {position}")
        if self._question is not None:
            self._add("otter-block", f"the question {self._question!r} has no END QUESTION", f"cell {len(cells)}")

    def _turn(self, edge: str, kind: str, cell: Any, where: str) -> Iterator[dict[str, Any]]:
        if kind == "QUESTION":
            if edge == "BEGIN":
                self._open(cell, where)
            else:
                yield from self._shared_tests()
                self._question = None
            self._block = None
            return
        if self._question is None:
            self._add("otter-block", f"{edge} {kind} stands outside of a question", where)
        self._block = kind if edge == "BEGIN" else None

    def _open(self, cell: Any, where: str) -> None:
        config = self._config("\n".join(_text(cell).split("\n")[1:]), where)
        name = slug_of(str(config.get("name", "")))
        if name is None:
            self._add("otter-question", "a question needs a name of letters and digits", where)
        self._question, self._manual = name or f"question-{where.split()[1]}", bool(config.get("manual"))
        self._points, self._tests, self._answers = config.get("points", 1), [], 0

    def _config(self, text: str, where: str) -> dict[str, Any]:
        try:
            config = yaml.safe_load(text)
        except yaml.YAMLError as error:
            self._add("otter-config", f"is not readable as YAML: {str(error).splitlines()[0]}", where)
            return {}
        return config if isinstance(config, dict) else {}

    def _inside(self, cell: dict[str, Any], where: str) -> Iterator[dict[str, Any]]:
        if self._block == "PROMPT" or cell.get("cell_type") == "raw":
            return
        if self._block == "TESTS":
            if cell.get("cell_type") == "code":
                self._tests.append(self._test(cell, where))
            return
        if self._block == "SOLUTION":
            self._answers += 1
            yield self._answer(cell)
            return
        yield _plain(cell, self._question)

    def _answer(self, cell: dict[str, Any]) -> dict[str, Any]:
        name = f"{self._question}-answer" + (f"-{self._answers}" if self._answers > 1 else "")
        marks = {"grade": False, "solution": True, "locked": False}
        source = _regions(_text(cell)) if cell.get("cell_type") == "code" else _text(cell)
        return _marked(cell, name, source, marks, self._question)

    def _test(self, cell: dict[str, Any], where: str) -> dict[str, Any]:
        source, config = _text(cell), dict[str, Any]()
        if match := _TEST_CONFIG.match(source):
            config, source = self._config(match["yaml"], where), source[match.end() :]
        hidden = bool(config.get("hidden")) or bool(_HIDDEN.match(source))
        source = _HIDDEN.sub("", source)
        checked = self._asserted(source, cell, where)
        if hidden:
            checked = f"### BEGIN HIDDEN TESTS\n{checked}\n### END HIDDEN TESTS"
        return {"cell": cell, "source": checked, "points": config.get("points")}

    def _asserted(self, source: str, cell: dict[str, Any], where: str) -> str:
        """Otter compares what the cell shows with what it showed when it was written."""
        shown, printed = _outputs(cell)
        if printed:
            message = "the test compares printed text, which Caseloop does not look at; write an assert"
            self._add("otter-test", message, where)
        if syntax_error(source) is not None:
            return source
        body = tree_of(source).body
        if not body or not isinstance(body[-1], ast.Expr) or printed:
            return source
        lines, last = source.split("\n"), body[-1]
        expression = ast.get_source_segment(source, last.value) or ""
        wanted = f"assert ({expression}) is None" if shown is None else f"assert repr({expression}) == {shown!r}"
        return "\n".join([*lines[: last.lineno - 1], wanted])

    def _shared_tests(self) -> Iterator[dict[str, Any]]:
        """The tests of a question at its end, with its points."""
        if not self._tests:
            return
        told = self._points if isinstance(self._points, list) else []
        whole = self._points if isinstance(self._points, int | float) and not isinstance(self._points, bool) else 1
        for number, test in enumerate(self._tests, 1):
            points = test["points"]
            if points is None:
                points = told[number - 1] if number <= len(told) else whole / len(self._tests)
            marks = {"grade": True, "solution": False, "locked": True, "points": points}
            yield _marked(test["cell"], f"{self._question}-test-{number}", test["source"], marks, self._question)

    def _add(self, rule: str, message: str, where: str) -> None:
        self._problems.add(rule, message, file=self._file, cell=where)


def _plain(cell: dict[str, Any], subtask: str | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"caseloop": {"subtask": subtask}} if subtask else {}
    kept: dict[str, Any] = {key: cell[key] for key in ("cell_type", "id", "attachments") if key in cell}
    return {**kept, "metadata": metadata, "source": _text(cell)}


def _marked(
    cell: dict[str, Any], grade_id: str, source: str, marks: dict[str, Any], subtask: str | None
) -> dict[str, Any]:
    nbgrader = {"schema_version": 3, "grade_id": grade_id, "task": False, **marks}
    return {
        "cell_type": cell.get("cell_type"),
        "id": grade_id[:64],
        "metadata": {"nbgrader": nbgrader, "caseloop": {"subtask": subtask}},
        "source": source,
    }


def _regions(source: str) -> str:
    """Otter's marks of a solution as regions; its prompts are left out: learners get our own."""
    lines: list[str] = []
    in_prompt = False
    for line in source.split("\n"):
        if in_prompt or _PROMPT_BEGIN.match(line):
            in_prompt = not _PROMPT_END.match(line)
        elif edge := _BEGIN.match(line) or _END.match(line):
            word = "BEGIN" if _BEGIN.match(line) else "END"
            lines.append(f"{edge['indent']}### {word} SOLUTION")
        elif single := _LINE.match(line):
            code = single["code"]
            indent = code[: len(code) - len(code.lstrip())]
            lines += [f"{indent}### BEGIN SOLUTION", code, f"{indent}### END SOLUTION"]
        else:
            lines.append(line)
    return "\n".join(_merged(lines))


def _merged(lines: list[str]) -> list[str]:
    """Regions that follow each other are one: learners need one place to write."""
    merged: list[str] = []
    for line in lines:
        if line.strip() == "### BEGIN SOLUTION" and merged and merged[-1] == line.replace("BEGIN", "END"):
            merged.pop()
        else:
            merged.append(line)
    return merged


def _outputs(cell: dict[str, Any]) -> tuple[str | None, bool]:
    """Text of the cell's result, and whether it printed anything."""
    shown, printed = None, False
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        if output.get("output_type") == "stream":
            printed = True
        if output.get("output_type") == "execute_result" and isinstance(output.get("data"), dict):
            text = output["data"].get("text/plain", "")
            shown = "".join(text) if isinstance(text, list) else str(text)
    return shown, printed
