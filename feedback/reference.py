"""The case's own notebooks: with the reference's answers, or with one known mistake in it."""

from feedback.notebook.repair import repair
from feedback.plan import Plan, plan_run
from services.contracts.case import AuthorCase, Flaw, Subtask
from services.contracts.notebook import Cell


def reference_cells(case: AuthorCase, flaw: Flaw | None = None) -> tuple[Cell, ...]:
    """The learner's notebook with every answer filled in by the reference, or by the flaw where it has one."""
    answers = {id_: source for subtask in case.subtasks for id_, source in subtask.reference.items()}
    answers |= flaw.answer if flaw else {}
    return tuple(cell.model_copy(update={"source": answers.get(cell.id, cell.source)}) for cell in case.cells)


def reference_plan(case: AuthorCase, subtask: Subtask, seed: int, flaw: Flaw | None = None) -> Plan:
    """The same run as a learner's, with the case's own answers."""
    return plan_run(case, subtask, repair(case, reference_cells(case, flaw)), seed)


def variant_plans(case: AuthorCase, subtask: Subtask, seed: int) -> tuple[Plan, ...]:
    """The same run with each accepted variant's answers to this subtask, the reference's to all others."""
    found = []
    for variant in case.variants:
        own = {cell: variant[cell] for cell in subtask.view.answer_cells if cell in variant}
        if own and own != subtask.reference:
            cells = (c.model_copy(update={"source": own.get(c.id, c.source)}) for c in reference_cells(case))
            found.append(plan_run(case, subtask, repair(case, tuple(cells)), seed))
    return tuple(found)
