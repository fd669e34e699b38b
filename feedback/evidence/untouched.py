from feedback.evidence.asked import Asked
from feedback.evidence.clues import Notebook
from feedback.notebook.matching import grade_id
from feedback.notebook.reading import bound
from services.contracts.finding import Evidence
from services.contracts.notebook import Place


def absent_answers(asked: Asked, missing: tuple[str, ...]) -> tuple[Notebook, ...]:
    """The subtask's answer cells that are gone, or that are still as they were handed out."""
    names = {cell.id: grade_id(cell) or cell.id for cell in asked.case.cells}
    written = {cell.name: cell for cell in asked.cells if cell.answer}
    found = []
    for id_ in asked.subtask.view.answer_cells:
        name = names.get(id_, id_)
        cell = written.get(name)
        if id_ in missing:
            found.append(_clue(asked, id_, name, "missing", None))
        elif cell is not None and cell.source.strip() == asked.subtask.starter.get(id_, "").strip():
            found.append(_clue(asked, id_, name, "untouched", Place(cell=cell.place)))
    return tuple(found)


def _clue(asked: Asked, id_: str, name: str, aspect: str, place: Place | None) -> Notebook:
    evidence = Evidence(
        kind="notebook", subject=name, fact=f"the answer cell {name} is {aspect}", aspect=aspect, place=place
    )
    return Notebook(evidence=evidence, decides=False, names=bound(asked.subtask.reference.get(id_, "")))
