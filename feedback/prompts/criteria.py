from pydantic import JsonValue

from feedback.prompts.channel import harmless
from services.contracts.case import AuthorCase, Subtask

MAX_INSTRUCTIONS = 6_000
MAX_CODE = 3_000
MAX_PLAN = 1_000


def criteria(case: AuthorCase, subtask: Subtask) -> dict[str, JsonValue]:
    """What a subtask asks for, from the notebook as it was handed out: all of it stands before the learner anyway.

    Never the reference, a variant, a hidden check, a probe or an expected value.
    """
    mine = [cell for cell in case.cells if cell.id in subtask.view.cells]
    checking = {check.cell for check in subtask.checks}
    code = [cell for cell in mine if cell.kind == "code" and cell.id not in subtask.view.answer_cells]
    asked: dict[str, JsonValue] = {
        "case": harmless(case.title, 200),
        "step": subtask.view.id,
        "title": harmless(subtask.view.title, 200),
        "points": subtask.view.points,
        "instructions": _joined([cell.source for cell in mine if cell.kind == "markdown"], MAX_INSTRUCTIONS),
        "visible_checks": _joined([cell.source for cell in code if cell.id in checking], MAX_CODE),
    }
    given = _joined([cell.source for cell in code if cell.id not in checking], MAX_CODE)
    return asked | ({"given_code": given} if given else {}) | _plan(subtask)


def _plan(subtask: Subtask) -> dict[str, JsonValue]:
    return {"plan": harmless(subtask.plan, MAX_PLAN)} if subtask.plan else {}


def _joined(sources: list[str], limit: int) -> str:
    return harmless("\n\n".join(source.strip() for source in sources if source.strip()), limit)
