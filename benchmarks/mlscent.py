"""Which detectors of MLScent (`ml-code-smell-detector`) are right on our own rules' examples.

`python -m benchmarks.mlscent [--quick] [--json FILE]`

MLScent is not among Caseloop's requirements: install it into a folder of its own
(`uv pip install --target FOLDER ml-code-smell-detector==0.1.2`) and run with `PYTHONPATH=FOLDER`.

Every detector reads every valid and invalid example of our rules, the references of the sample cases, and `EXTRA` for
detectors that none of those concerns. One may speak in a review when it

- finds an example that breaks a rule of the same meaning (`MEANS`), on the line where our rule finds it,
- never speaks on code that is right: valid examples of any rule, and the references,
- points at a line, and not at the whole module.

The table says for each what it found; the last figures count those that may speak. The decision that rests on it is
docs/decisions/0007.
"""

import ast
import contextlib
import importlib
import io
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.lint_notebook import reference_sources
from linting.rules.catalogue import RULES
from linting.rules.engine import hits

DETECTORS: Final = {
    "framework_detector": "FrameworkSpecificSmellDetector",
    "huggingface_detector": "HuggingFaceSmellDetector",
    "ml_detector": "ML_SmellDetector",
}
MEANS: Final[dict[str, frozenset[str]]] = {
    "Chain Indexing": frozenset({"DS003"}),
    "Data Leakage Checker": frozenset({"DS004", "DS010", "DS039"}),
    "Dependent Threshold Checker": frozenset({"DS016", "DS035"}),
    "Hardcoded file path detected": frozenset({"DS007"}),
    "InPlace Checker": frozenset({"DS022", "DS023"}),
    "Magic number detected": frozenset({"DS028"}),
    "Merge Parameter Checker": frozenset({"DS008"}),
    "NaN Equality Checker": frozenset({"extra"}),
    "Only accuracy metric detected for classification": frozenset({"DS016"}),
    "Potential data leakage": frozenset({"DS004", "DS010", "DS039"}),
    "Randomness Control Checker": frozenset({"DS006", "DS017", "DS018", "DS019", "DS020", "DS021"}),
    "Unnecessary Iteration": frozenset({"DS001"}),
}
"""What a detector's finding says in our words; a rule that merely stands on the same line is chance."""


class Extra(NamedTuple):
    """Examples for one detector: source and line of the mistake, and code that is right."""

    bad: tuple[str, int]
    good: tuple[str, ...]


EXTRA: Final[dict[str, Extra]] = {
    "NaN Equality Checker": Extra(
        ("import numpy as np\nmissing = table['price'] == np.nan", 2),
        ("import numpy as np\nsame = left == right.replace(-1, np.nan)",),
    ),
    "Inefficient Operations": Extra(
        ("import numpy as np\nfor part in parts:\n    total = np.concatenate([total, part])", 3),
        ("import numpy as np\nfor name in names:\n    print(name, np.mean(tables[name]))",),
    ),
    "Missing Axis Specification": Extra(
        ("import numpy as np\nspread = np.max(matrix)", 2),
        ("import numpy as np\nhighest = np.max([1, 2, 3])",),
    ),
    "Array Creation Efficiency": Extra(
        ("import numpy as np\nvalues = np.array([i for i in range(1000)])", 2),
        ("import numpy as np\nvalues = np.array([2 * part.size for part in parts])",),
    ),
}


@dataclass
class Record:
    """What one detector said."""

    right: set[str] = field(default_factory=set)
    """Rules whose broken example it found on the line."""
    astray: int = 0
    """Broken examples of rules of another meaning, or another line."""
    false: int = 0
    """Sources that are right and that it spoke on."""
    has_line: bool = True

    @property
    def may_speak(self) -> bool:
        """Whether its findings could be shown."""
        return bool(self.right) and self.false == 0 and self.has_line


class Found(NamedTuple):
    """One finding."""

    detector: str
    line: int | None


def run(report: Report) -> None:
    """All detectors over all examples."""
    records: defaultdict[str, Record] = defaultdict(Record)
    detectors = tuple(_detectors())
    with tempfile.TemporaryDirectory(prefix="caseloop-mlscent-") as name:
        file = Path(name) / "notebook.py"
        for rule, source, lines in _broken():
            for found in _said(detectors, file, source):
                _broken_said(records[found.detector], found, rule, lines)
        rights = list(_right())
        for source in rights:
            for detector in {found.detector for found in _said(detectors, file, source)}:
                records[detector].false += 1
    _print(records)
    report.add("sources_that_are_right", Figure(len(rights)))
    report.add("detectors_that_spoke", Figure(len(records)))
    report.add("detectors_right_somewhere", Figure(sum(bool(r.right) for r in records.values())))
    allowed = sum(record.may_speak for record in records.values())
    report.add("detectors_that_may_speak", Figure(allowed, "", 0, note="more: decision 0007 no longer holds"))


def _detectors() -> Iterator[type[Any]]:
    try:
        for module, name in DETECTORS.items():
            yield getattr(importlib.import_module(f"ml_code_smell_detector.detectors.{module}"), name)
    except ImportError as error:
        raise CouldNotRun(f"MLScent is not installed ({error}); the head of benchmarks/mlscent.py says how") from None


def _said(detectors: tuple[type[Any], ...], file: Path, source: str) -> Iterator[Found]:
    file.write_text(source)
    last = len(source.splitlines())
    for detector in detectors:
        with contextlib.redirect_stderr(io.StringIO()):
            smells = detector().detect_smells(str(file))
        for smell in smells:
            line = smell["line_number"]
            yield Found(_name(smell.get("name") or smell["smell"]), line if line and line <= last else None)


def _name(said: str) -> str:
    """The detector's name; some put what they found into it."""
    return said.partition(":")[0].partition(". ")[0]


def _broken() -> Iterator[tuple[str, str, set[int]]]:
    for rule in RULES:
        for source in rule.bad:
            yield (
                rule.code,
                source,
                {hit.node.lineno for code, hit in hits(ast.parse(source), [], []) if code == rule.code},
            )
    for extra in EXTRA.values():
        yield "extra", extra.bad[0], {extra.bad[1]}


def _right() -> Iterator[str]:
    for rule in RULES:
        yield from rule.good
    for extra in EXTRA.values():
        yield from extra.good
    yield from reference_sources()


def _broken_said(record: Record, found: Found, rule: str, lines: set[int]) -> None:
    if found.line is None:
        record.has_line = False
    meant = rule in MEANS.get(found.detector, frozenset()) or (rule == "extra" and found.detector in EXTRA)
    if meant and found.line in lines:
        record.right.add(rule)
    else:
        record.astray += 1


def _print(records: dict[str, Record]) -> None:
    table = Table("detector", "right on", "on other mistakes", "on right code", "points at a line", "may speak")
    for name, record in sorted(records.items()):
        row = (", ".join(sorted(record.right)), str(record.astray), str(record.false))
        table.add_row(name, *row, *("yes" if fact else "no" for fact in (record.has_line, record.may_speak)))
    Console(width=140).print(table)


if __name__ == "__main__":
    sys.exit(main("mlscent", run))
