from typing import Final

from pydantic import BaseModel

from feedback.model.port import ChatModel, ModelMessage, ModelRequest
from feedback.model.structured import structured

_QUESTION: Final = (
    ModelMessage("system", "You answer with one JSON object and nothing else."),
    ModelMessage("user", 'Answer {"ready": true}.'),
)


class _Ready(BaseModel):
    ready: bool


async def ready(model: ChatModel) -> None:
    """Return when the model answers in the shape it is asked for; raise its ModelError when it does not.

    A server's health page is no proof: vLLM without a grammar library is healthy and answers every structured request
    with 500.
    """
    await structured(model, ModelRequest("feedback", _QUESTION, max_tokens=32, temperature=0), _Ready)
