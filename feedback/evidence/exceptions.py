from feedback.evidence.asked import Asked
from feedback.evidence.clues import Raised
from services.contracts.finding import Evidence
from services.contracts.observation import CodeError, Observation


def raised(asked: Asked, observation: Observation) -> tuple[Raised, ...]:
    """Every cell that stopped with an error, in order. They explain; what follows from them decides."""
    found = []
    for outcome in observation.cells:
        cell = asked.by_id.get(outcome.id)
        if cell is None or outcome.status != "error" or outcome.error is None:
            continue
        evidence = Evidence(
            kind="exception",
            subject=outcome.error.type[:200],
            fact=said(outcome.error),
            place=asked.place(outcome.error.place) or asked.place_of(cell),
        )
        found.append(Raised(evidence=evidence, decides=False, cell=cell, error=outcome.error))
    return tuple(found)


def said(error: CodeError) -> str:
    """The error as one line, for mentors and QA."""
    return f"{error.type}: {' '.join(error.message.split())}"[:500]
