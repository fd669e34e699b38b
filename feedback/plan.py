from dataclasses import dataclass

from feedback.evidence.arguments import sent
from feedback.evidence.asked import Asked, RunCell, call_id, named, value_id
from feedback.evidence.behaviours import behaviour_id, behaviours
from feedback.evidence.inputs import tries, try_id
from feedback.evidence.read_calls import Try
from feedback.notebook.matching import grade_id
from feedback.notebook.repair import Repaired, RepairedCell, roles
from services.contracts.case import AuthorCase, Check, Subtask
from services.contracts.observation import CheckCode, CodeCell, Keep, Probe, RunRequest


@dataclass(frozen=True)
class Plan:
    """What to run for one subtask, and where every part of it comes from."""

    asked: Asked
    request: RunRequest


def plan_run(case: AuthorCase, subtask: Subtask, repaired: Repaired, seed: int, keep: Keep | None = None) -> Plan:
    """All code cells up to the subtask's last cell, then its checks and probes. Nothing expected is part of it."""
    asked = Asked(case, subtask, _cells(case, subtask, repaired))
    request = RunRequest(
        environment=case.version,
        packages=case.environment,
        image=case.image,
        imports=case.imports,
        data=case.data,
        cells=tuple(CodeCell(id=cell.id, source=cell.source) for cell in asked.cells),
        checks=tuple(_check(case, check) for check in subtask.checks),
        probes=(*_values(subtask), *_calls(subtask), *_tries(case, subtask)),
        limits=case.limits,
        seed=seed,
        keep=keep,
        # An open earlier step must not hide what a later one does.
        stop_on_error=False,
    )
    return Plan(asked, request)


def plan_behaviour(plan: Plan) -> Plan | None:
    """The same cells again, then the questions about how results come about; None where there are none."""
    asked = behaviours(plan.asked.case, plan.asked.subtask)
    if not asked:
        return None
    own = [c for c in plan.asked.cells if c.subtask == plan.asked.subtask.view.id and (c.answer or c.name is None)]
    again = {"sources": tuple(cell.source for cell in own)}
    probes = tuple(
        Probe(id=behaviour_id(index), behaviour=one.model_copy(update=again) if one.kind == "fits" else one)
        for index, one in enumerate(asked)
    )
    return Plan(plan.asked, plan.request.model_copy(update={"checks": (), "probes": probes}))


def _check(case: AuthorCase, check: Check) -> CheckCode:
    # Of what it compares only kinds are judged (`evidence/operands.py`).
    return CheckCode(id=check.id, source=check.source, modules=case.modules, may_share=True, operands="outlines")


def _values(subtask: Subtask) -> tuple[Probe, ...]:
    return tuple(Probe(id=value_id(rule.name), name=rule.name) for rule in named(subtask))


def _calls(subtask: Subtask) -> tuple[Probe, ...]:
    return tuple(
        Probe(id=call_id(index), call=probe.call, args=probe.args, kwargs=probe.kwargs)
        for index, probe in enumerate(subtask.probes)
    )


def _tries(case: AuthorCase, subtask: Subtask) -> tuple[Probe, ...]:
    return tuple(try_probe(index, one) for index, one in enumerate(tries(case, subtask)))


def try_probe(index: int, one: Try) -> Probe:
    """The question for a call that decides nothing."""
    return Probe(
        id=try_id(index),
        call=one.function,
        args=tuple(map(sent, one.args)),
        kwargs={name: sent(value) for name, value in one.kwargs},
        exact=True,
        trace=True,
        optional=True,
    )


def _cells(case: AuthorCase, subtask: Subtask, repaired: Repaired) -> tuple[RunCell, ...]:
    homes = {id_: s.view.id for s in case.subtasks for id_ in s.view.cells}
    answers = {id_ for s in case.subtasks for id_ in s.view.answer_cells}
    last = max((at for at, cell in enumerate(case.cells) if cell.id in subtask.view.cells), default=-1)
    # What follows the last check is no part of the answer; what follows a last answer cell may be its second half.
    open_end = last >= 0 and roles(case).get(case.cells[last].id) == "answer"
    found: list[RunCell] = []
    for cell in repaired.cells:
        if not _runs(cell, last, open_end=open_end):
            continue
        original = case.cells[cell.position] if cell.position is not None else None
        home = homes.get(case.cells[cell.anchor].id) if cell.anchor >= 0 else None
        found.append(
            RunCell(
                # Never a learner's own id: it may repeat, and it may be that of a check.
                id=f"@{len(found) + 1}",
                source=cell.source,
                place=cell.place,
                name=(grade_id(original) or original.id) if original else None,
                subtask=home,
                answer=original is not None and original.id in answers,
            )
        )
    return tuple(found)


def _runs(cell: RepairedCell, last: int, *, open_end: bool) -> bool:
    if cell.position is not None:
        return cell.position <= last
    return cell.anchor < last or (open_end and cell.anchor == last)
