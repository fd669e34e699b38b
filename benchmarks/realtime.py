"""Live diagnostics: how long one check of a 500-line notebook takes, and whether code that runs is ever marked.

`python -m benchmarks.realtime [--quick] [--json FILE]`; needs Node, and `web/node_modules` as `make setup` fills it.

The checker that the browser's worker runs is run by Node, with the same WebAssembly. The notebook is made of the sample
cases' reference solutions, 500 lines in cells, and each check follows an edit of one cell, as typing does. Times are
those of the processor, so that other work on the machine does not count.

The corpus is what the installed packages ship as examples or documentation: notebooks, files, and the examples in
docstrings that doctest reads. What this Python does not compile is left out: it does not run here. Of the rest, every
mark is a false alarm. Marks in the packages' modules are listed as well, without a target: some of their functions do
fail, and nobody has called them.
"""

import ast
import doctest
import json
import random
import statistics
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import CouldNotRun, Figure, Report, main
from case_uploader.format.case_folder import read_case_folder

PROJECT: Final = Path(__file__).resolve().parents[1]
SCRIPT: Final = PROJECT / "web" / "labextension" / "scripts" / "measure-diagnostics.mjs"
VERSION: Final = f"py3{sys.version_info.minor}"
LINES: Final = 500
TARGET_MS: Final = 16.0
_EDITS, _EDITS_QUICK = 400, 200
_MODULES, _MODULES_QUICK = 4_000, 500
_SEED: Final = 20261125
_LARGEST: Final = 200_000
"""Characters of a file: a cell of more is not checked by anybody's hand."""
_EXAMPLES: Final = ("example", "examples", "doc", "docs", "tutorial", "tutorials", "demo", "demos", "gallery")
_MODULE: Final = "modules"
Cells = list[dict[str, str]]


@dataclass(frozen=True)
class Shipped:
    """A piece of code that some package ships, and that runs."""

    kind: str
    name: str
    cells: Cells


class LiveChecker:
    """The checker in a process of its own."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                ["node", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=SCRIPT.parent, text=True
            )
        except FileNotFoundError as error:
            raise CouldNotRun("there is no `node`; run `make setup`") from error

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise CouldNotRun("the checker did not start; run `make setup`") from error
        answer = self._process.stdout.readline()
        if not answer:
            raise CouldNotRun("the checker ended; run `make setup`")
        return dict(json.loads(answer))

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def run(report: Report) -> None:
    """Measure checks of a growing notebook, and count marks on code that runs."""
    checker = LiveChecker()
    try:
        _times(checker, report)
        _alarms(checker, report)
    finally:
        checker.close()


def _times(checker: LiveChecker, report: Report) -> None:
    notebook = _notebook()
    lines = sum(cell["source"].count("\n") + 1 for cell in notebook)
    edits = [_edited(notebook, number) for number in range(_EDITS_QUICK if report.quick else _EDITS)]
    first, *later = checker.ask({"times": [notebook, *edits], "version": VERSION})["ms"]
    # The browser compiles WebAssembly while it is already in use; its first checks are slower than all that follow.
    warm = sorted(later[len(later) // 2 :])
    note = f"{len(warm)} edits of one cell among {len(notebook)}, {lines} lines"
    report.add("check_median_ms", Figure(statistics.median(warm), "ms", TARGET_MS, note=note))
    report.add("check_p95_ms", Figure(warm[int(len(warm) * 0.95)], "ms", TARGET_MS))
    report.add("first_check_ms", Figure(first, "ms", note="once a page, with the checker's own start"))


def _notebook() -> Cells:
    """500 lines of the sample cases' own code."""
    cells: Cells = []
    left = LINES
    while left > 0:
        for folder in sorted((PROJECT / "cases").iterdir()):
            draft = read_case_folder(folder).draft
            for subtask in draft.author.subtasks if draft else ():
                for source in subtask.reference.values():
                    taken = source.splitlines()[:left]
                    left -= len(taken)
                    if taken:
                        cells.append({"id": f"c{len(cells)}", "source": "\n".join(taken)})
    return cells


def _edited(notebook: Cells, number: int) -> Cells:
    """The notebook after one more key in one of its cells."""
    at = number % len(notebook)
    return [
        {**cell, "source": f"{cell['source']}\nedited_{number} = {number}"} if index == at else cell
        for index, cell in enumerate(notebook)
    ]


def _alarms(checker: LiveChecker, report: Report) -> None:
    counts: dict[str, int] = {}
    false: list[str] = []
    in_modules: list[str] = []
    for shipped in _corpus(report.quick):
        counts[shipped.kind] = counts.get(shipped.kind, 0) + 1
        for problem in checker.ask({"check": shipped.cells, "version": VERSION})["problems"]:
            where = f"{shipped.name}, line {problem['from']['line']}"
            found = in_modules if shipped.kind == _MODULE else false
            found.append(f"{shipped.kind}: {where}: {problem['code']} {problem['message']}")
    modules = counts.pop(_MODULE, 0)
    looked_at = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    report.add("code_that_runs", Figure(sum(counts.values()), "", 50, better="higher", note=looked_at))
    report.add("false_alarms", Figure(len(false), "", 0))
    report.add("marks_in_modules", Figure(len(in_modules), "", note=f"in {modules} modules"))
    for line in [*false, *in_modules]:
        print(line, file=sys.stderr)


def _corpus(quick: bool) -> Iterator[Shipped]:
    places = sorted({Path(path).resolve() for path in sys.path if path.endswith("site-packages")})
    places += sorted((PROJECT / ".venv-learner" / "lib").glob("python3*/site-packages"))
    modules: list[Path] = []
    for place in places:
        for path in sorted(place.rglob("*.ipynb")):
            yield from _from_notebook(path, place)
        for path in sorted(place.rglob("*.py")):
            if {part.lower() for part in path.relative_to(place).parts[:-1]} & set(_EXAMPLES):
                yield from _from_file("examples and documentation files", path, place)
            else:
                modules.append(path)
    random.Random(_SEED).shuffle(modules)
    for path in modules[: _MODULES_QUICK if quick else _MODULES]:
        place = next(place for place in places if path.is_relative_to(place))
        yield from _from_file(_MODULE, path, place)
        yield from _from_docstrings(path, place)


def _from_notebook(path: Path, place: Path) -> Iterator[Shipped]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    if code:
        yield Shipped("notebooks", str(path.relative_to(place)), _as_cells(code))


def _from_file(kind: str, path: Path, place: Path) -> Iterator[Shipped]:
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    if 0 < len(source) <= _LARGEST and _compiles(source):
        yield Shipped(kind, str(path.relative_to(place)), _as_cells([source]))


def _from_docstrings(path: Path, place: Path) -> Iterator[Shipped]:
    """Each docstring's examples that raise nothing, as the cells of one notebook, with the module's names known."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, UnicodeDecodeError):
        return
    parser = doctest.DocTestParser()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        try:
            examples = parser.get_examples(ast.get_docstring(node) or "")
        except ValueError:
            continue
        sources = [example.source for example in examples]
        fine = all(example.exc_msg is None and not example.options for example in examples)
        if sources and fine and _compiles("".join(sources)) and _imports_what_it_uses(sources):
            name = f"{path.relative_to(place)}:{getattr(node, 'name', 'module')}"
            yield Shipped("docstrings' examples", name, _as_cells(sources))


def _imports_what_it_uses(sources: list[str]) -> bool:
    """Examples that lean on names from outside the docstring do not run by themselves."""
    bound = {alias.asname or alias.name.split(".")[0] for node in _nodes(sources) for alias in _aliases(node)}
    bound |= {node.id for node in _nodes(sources) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in _nodes(sources) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    bound |= {node.arg for node in _nodes(sources) if isinstance(node, ast.arg)}
    bound |= set(dir(__builtins__)) | {"_"}
    return all(node.id in bound for node in _nodes(sources) if isinstance(node, ast.Name))


def _nodes(sources: list[str]) -> Iterator[ast.AST]:
    return ast.walk(ast.parse("".join(sources)))


def _aliases(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import | ast.ImportFrom) else []


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "shipped", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _as_cells(sources: list[str]) -> Cells:
    return [{"id": f"c{index}", "source": source} for index, source in enumerate(sources)]


if __name__ == "__main__":
    sys.exit(main("realtime", run))
