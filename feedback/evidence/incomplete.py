from feedback.evidence.asked import Asked
from feedback.evidence.clues import Incomplete
from services.contracts.finding import Evidence
from services.contracts.observation import Lost, Observation


def incomplete(asked: Asked, observation: Observation) -> tuple[Incomplete, ...]:
    """That no completion record came back, and from which cell on nothing was heard."""
    stopped = next((o for o in observation.cells if o.status == "lost"), None)
    if observation.complete and stopped is None:
        return ()
    lost: Lost = (stopped.lost if stopped else None) or observation.lost or "protocol"
    cell = asked.by_id.get(stopped.id) if stopped else None
    where = f" in cell {cell.id}" if cell else " after the last cell"
    evidence = Evidence(
        kind="incomplete",
        subject=lost,
        fact=f"the run was lost{where}: {lost}",
        place=asked.place_of(cell) if cell else None,
    )
    return (Incomplete(evidence=evidence, lost=lost, cell=cell),)
