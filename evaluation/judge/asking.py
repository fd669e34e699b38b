import re
from typing import Final

from evaluation.judge.material import Item
from evaluation.judge.opinion import Exchange, Line, Look, Order, Outcome
from evaluation.judge.prompting import SHAPES
from feedback.model.port import (
    BadAnswer,
    ChatModel,
    ModelAnswer,
    ModelError,
    ModelRequest,
    ModelTimedOut,
    SlotExpired,
    complete,
)
from feedback.model.structured import parsed

_MAX_KEPT: Final = 20_000
"""Characters of an answer that are kept; a judge that babbles fills no disk."""
_DECLINES: Final = re.compile(
    # «I cannot judge that from the code» is an answer; this is none.
    r"\bi(?:['’]m| am) sorry\b|\bi (?:can(?:no|['’])t|won['’]t|will not) (?:help|assist|comply|continue|provide)\b|"
    r"\bi (?:must )?decline\b|\bas an ai\b|\bagainst my guidelines\b",
    re.IGNORECASE,
)


async def ask(
    model: ChatModel, item: Item, request: ModelRequest, look: Look, order: Order, repetition: int
) -> Exchange:
    """One exchange with the judge. Never raises for what the judge says or fails to say: that is its outcome."""
    exchange = Exchange(
        item=item.digest,
        sample=item.sample.id,
        question=item.question.id,
        look=look,
        order=order,
        repetition=repetition,
        model=model.name,
        messages=tuple(Line(role=message.role, content=message.content) for message in request.messages),
        outcome="failed",
    )
    try:
        answer = await complete(model, request)
    except ModelError as error:
        return exchange.model_copy(update={"outcome": _outcome(error), "problem": f"{error.reason}: {error}"})
    return exchange.model_copy(
        update={
            "said": answer.text[:_MAX_KEPT],
            "prompt_tokens": answer.usage.prompt,
            "completion_tokens": answer.usage.completion,
            **_read(answer, order),
        }
    )


def _read(answer: ModelAnswer, order: Order) -> dict[str, object]:
    try:
        document = parsed(answer, SHAPES[order])
    except BadAnswer as error:
        outcome: Outcome = "refused" if _DECLINES.search(answer.text) else "unreadable"
        return {"outcome": outcome, "problem": str(error)}
    if document.answer == "cannot_tell" and _DECLINES.search(document.reasons):
        return {"outcome": "refused", "problem": "the reasons decline to judge", "reasons": document.reasons}
    return {"outcome": "answered", "answer": document.answer, "reasons": document.reasons}


def _outcome(error: ModelError) -> Outcome:
    match error:
        case ModelTimedOut() | SlotExpired():
            return "timed_out"
        case BadAnswer():
            return "unreadable"
    return "failed"
