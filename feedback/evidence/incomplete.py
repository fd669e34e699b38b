from collections.abc import Sequence

from feedback.evidence.asked import Asked
from feedback.evidence.clues import Clue, Incomplete
from feedback.evidence.stopping import stopping_line
from services.contracts.finding import Evidence
from services.contracts.notebook import Place
from services.contracts.observation import Lost, Observation


def incomplete(asked: Asked, observation: Observation, others: Sequence[Clue]) -> tuple[Incomplete, ...]:
    """That the run as a whole was lost, and from which cell on nothing was heard.

    A single check or call that was lost speaks for itself; it is among `others`.
    """
    stopped = next((o for o in observation.cells if o.status == "lost"), None)
    if stopped is None and (observation.complete or (_any_answer(observation) and any(c.decides for c in others))):
        return ()
    lost: Lost = (stopped.lost if stopped else None) or observation.lost or "protocol"
    cell = asked.by_id.get(stopped.id) if stopped else None
    where = f" in cell {cell.place}" if cell else " after the last cell"
    evidence = Evidence(
        kind="incomplete",
        subject=lost,
        fact=f"the run was lost{where}: {lost}",
        place=asked.place(Place(cell=cell.id, line=stopping_line(cell.source, lost))) if cell else None,
    )
    return (Incomplete(evidence=evidence, lost=lost, cell=cell),)


def _any_answer(observation: Observation) -> bool:
    return any(c.lost is None for c in observation.checks) or any(p.lost is None for p in observation.probes)
