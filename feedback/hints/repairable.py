"""Which steps can be repaired, and in which way: functions one by one, or the cell as a whole."""

import ast

from feedback.notebook.reading import names_read, parsed
from services.contracts.case import AuthorCase, Subtask


def can_be_repaired(subtask: Subtask) -> bool:
    """Whether the step is one cell of Python, and something is asked of it that a repair could be verified with."""
    asks = subtask.checks or subtask.probes or any(rule.decides for rule in subtask.compare)
    return bool(asks) and len(subtask.view.answer_cells) == 1 and _reference(subtask) is not None


def asked_for(subtask: Subtask) -> tuple[str, ...]:
    """The functions of the reference that checks and calls ask for; empty where values decide, too, or nothing else."""
    if not can_be_repaired(subtask) or any(rule.decides for rule in subtask.compare):
        return ()
    tree = _reference(subtask)
    read = frozenset(call.call for call in subtask.probes)
    read = read.union(*(names_read(check.source) for check in subtask.checks))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    return tuple(name for name in dict.fromkeys(functions) if name in read)


def names_asked(case: AuthorCase, subtask: Subtask) -> frozenset[str]:
    """Names of the step's cell that somebody else asks for: its checks, comparisons and calls, and the case's cells."""
    read = {call.call for call in subtask.probes} | {rule.name for rule in subtask.compare}
    others = [check.source for check in subtask.checks]
    others += [cell.source for cell in case.cells if cell.kind == "code" and cell.id not in subtask.view.answer_cells]
    others += [source for one in case.subtasks if one.view.id != subtask.view.id for source in one.reference.values()]
    return frozenset(read).union(*map(names_read, others))


def _reference(subtask: Subtask) -> ast.Module | None:
    return parsed(subtask.reference.get(subtask.view.answer_cells[0], ""))
