"""The prompt for words of a feedback, its stable part first: rules, then the step, then one learner's work."""

from collections.abc import Sequence

from pydantic import JsonValue

from feedback.model.port import ModelMessage, ModelRequest
from feedback.model.structured import asking_for
from feedback.privacy.redaction import Redactor
from feedback.prompts.channel import data_message, harmless
from feedback.prompts.criteria import criteria
from feedback.prompts.facts import facts
from feedback.prompts.texts import prompt
from feedback.words.answer import WordsAnswer
from services.contracts.case import AuthorCase, Subtask
from services.contracts.finding import Finding
from services.contracts.identity import Strictness
from services.contracts.notebook import Cell

_MAX_CELLS = 8


def words_request(
    case: AuthorCase,
    subtask: Subtask,
    manner: tuple[Strictness, tuple[str, ...]],
    work: tuple[Sequence[Cell], Sequence[Finding]],
    redactor: Redactor,
    *,
    code_chars: int,
    max_tokens: int,
) -> ModelRequest:
    """Ask for a WordsAnswer.

    Args:
        case: the version; its learners share the first two messages, and nobody else's do.
        subtask: what was checked.
        manner: strictness and languages, from the scope.
        work: one learner's cells, and the findings about them.
        redactor: takes out of the last message what identifies that learner.
        code_chars: most characters of code.
        max_tokens: of the answer.
    """
    cells, findings = work
    learners: dict[str, JsonValue] = {
        "code": _code(redactor.cells(_shown(subtask, cells, findings)), code_chars),
        "findings": list[JsonValue](facts(findings, redactor.text)),
    }
    messages = (_system(*manner), data_message({"step": criteria(case, subtask)}), data_message(learners))
    asked = ModelRequest("feedback", messages, max_tokens=max_tokens, tenant=case.version)
    return asking_for(asked, WordsAnswer)


def _system(strictness: Strictness, languages: tuple[str, ...]) -> ModelMessage:
    language = (
        f"Write in one of these languages and no other: {', '.join(languages)}."
        if languages
        else "Write in the language of the step's instructions."
    )
    return ModelMessage("system", "\n\n".join([prompt("words"), prompt(f"words_{strictness}"), language]))


def _shown(subtask: Subtask, cells: Sequence[Cell], findings: Sequence[Finding]) -> list[Cell]:
    """The step's answer cells and those that findings point to."""
    wanted = {*subtask.view.answer_cells, *(f.place.cell for f in findings if f.place is not None)}
    return [cell for cell in cells if cell.kind == "code" and cell.id in wanted][:_MAX_CELLS]


def _code(cells: Sequence[Cell], limit: int) -> list[JsonValue]:
    each = limit // max(len(cells), 1)
    return [{"cell": harmless(cell.id, 80), "lines": harmless(_numbered(cell.source), each)} for cell in cells]


def _numbered(source: str) -> str:
    return "\n".join(f"{number}| {line}" for number, line in enumerate(source.splitlines(), 1))
