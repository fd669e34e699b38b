"""What a sentence about a learner's work may rest on: everything else in it is invented."""

import ast
import builtins
import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

from feedback.findings.voice import Voice
from feedback.notebook.reading import identifiers, parsed
from feedback.prose.lines import lines_of
from services.contracts.case import AuthorCase
from services.contracts.finding import Finding
from services.contracts.notebook import Cell
from services.kit.syntax import tree_of

_NUMBER = re.compile(r"(?<![\w.])\d[\d_']*(?:[.,]\d+)*(?:[eE][+-]?\d{1,3})?")
_WORD = re.compile(r"[^\W\d_]{4,}")
_STEM: Final = 5
_MAX_DIGITS: Final = 40
PYTHON: Final = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "NaN", "nan"))
"""Words of the language itself, which anybody may use."""


def numbers(text: str) -> frozenset[Decimal]:
    """Every number that the text may mean; `1,500` is read both ways."""
    return frozenset(value for found in _NUMBER.findall(text) for value in readings(found))


def readings(written: str) -> frozenset[Decimal]:
    """What a written number may mean."""
    bare = re.sub(r"[_']", "", written)[:_MAX_DIGITS]
    forms = {bare.replace(",", ""), bare.replace(",", "."), bare.replace(".", "").replace(",", ".")}
    found = set()
    for form in forms:
        try:
            found.add(Decimal(form).normalize())
        except InvalidOperation:
            continue
    return frozenset(found)


def number_spans(text: str) -> list[str]:
    """The numbers as they are written."""
    return _NUMBER.findall(text)


def stems(text: str) -> frozenset[str]:
    """Beginnings of the longer words: `columns` and `column` have the same."""
    return frozenset(word.casefold()[:_STEM] for word in _WORD.findall(text.replace("_", " ")))


@dataclass(frozen=True)
class CaseGround:
    """What everybody who solves a case version can read."""

    names: frozenset[str]
    numbers: frozenset[Decimal]
    instructions: dict[str, frozenset[str]]
    """Subtask -> stems of its title and its texts."""
    solved: dict[str, frozenset[str]]
    """Subtask -> expressions of the reference, as Python writes them: what stands there too is no flaw."""

    @classmethod
    def of(cls, case: AuthorCase) -> "CaseGround":
        """Read a version."""
        told = {
            subtask.view.id: " ".join(
                [
                    subtask.view.title,
                    *(c.source for c in case.cells if c.kind == "markdown" and c.id in subtask.view.cells),
                ]
            )
            for subtask in case.subtasks
        }
        modules = {part for name in (*case.imports, *case.modules, *case.modules.values()) for part in name.split(".")}
        return cls(
            names=Voice.of(case).public | modules,
            numbers=numbers("\n".join(cell.source for cell in case.cells)),
            instructions={id_: stems(text) for id_, text in told.items()},
            solved={s.view.id: expressions(s.reference.values()) for s in case.subtasks},
        )

    def joined_by(self, subtask: str, cells: Iterable[Cell], findings: Sequence[Finding], also: str) -> "Ground":
        """The same with one learner's code and what the rules tell them. `also`: their headline."""
        code = [cell.source for cell in cells if cell.kind == "code"]
        told = "\n".join([also, *(finding.message for finding in findings)])
        return Ground(
            names=self.names.union(*map(identifiers, code), identifiers(told)),
            numbers=self.numbers | numbers("\n".join(code)) | numbers(told),
            stems=self.instructions.get(subtask, frozenset()).union(*map(stems, code)),
            solved=self.solved.get(subtask, frozenset()),
        )


@dataclass(frozen=True)
class Ground:
    """What words for one learner's feedback may rest on."""

    names: frozenset[str]
    """Words of the notebook, of the learner's code and of the findings."""
    numbers: frozenset[Decimal]
    stems: frozenset[str]
    solved: frozenset[str]
    told: str = ""
    """What the findings in question say."""
    lines: frozenset[int] = field(default_factory=frozenset)
    """Lines that they mark."""

    def about(self, findings: Sequence[Finding]) -> "Ground":
        """What a sentence about these findings may rest on."""
        evidence = [part for f in findings for e in f.evidence for part in (e.subject, e.aspect or "")]
        told = "\n".join([*(finding.message for finding in findings), *evidence])
        lines = lines_of(findings)
        marked = frozenset(Decimal(line).normalize() for line in lines)
        return Ground(self.names, self.numbers | marked, self.stems | stems(told), self.solved, told, lines)


def expressions(sources: Iterable[str]) -> frozenset[str]:
    """Every expression in the code that is more than a name or a literal, as Python writes it."""
    found: set[str] = set()
    for source in sources:
        tree = parsed(source)
        for node in ast.walk(tree) if tree else ():
            whole = isinstance(node, ast.stmt) and not hasattr(node, "body")
            if whole or (isinstance(node, ast.expr) and not isinstance(node, ast.Name | ast.Constant)):
                found.add(ast.unparse(node))
    return frozenset(found)


def as_python(code: str) -> str:
    """A piece of code as Python writes it; empty when it is none."""
    try:
        return ast.unparse(tree_of(code.strip()))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
