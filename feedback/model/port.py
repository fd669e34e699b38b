from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Protocol

Purpose = Literal["feedback", "hint", "repair", "simulate", "chat", "summary", "judge", "draft"]
"""What a request is for: a label in metrics, and what the scripted adapter answers by."""
Finish = Literal["stop", "length"]
DEFAULT_MAX_TOKENS: Final = 400


class ModelError(Exception):
    """The model gave no usable answer. Every subclass ends in rule-based words; `reason` is the counter's label."""

    reason: ClassVar[str] = "failed"
    counts: ClassVar[bool] = True
    """Whether it tells of the server's health, and so moves the breaker."""


class ModelUnavailable(ModelError):
    """The server cannot be reached, or answered 5xx."""

    reason = "unavailable"


class ModelTimedOut(ModelError):
    """No (further) part of the answer came within the limit."""

    reason = "timeout"


class ModelRefused(ModelError):
    """The server answered 4xx: prompt too long, wrong key, unknown model."""

    reason = "refused"
    counts = False


class ModelBusy(ModelError):
    """No slot came free within the longest wait."""

    reason = "busy"
    counts = False


class SlotExpired(ModelError):
    """Whoever asked took so long over the answer that its slot went to somebody else."""

    reason = "slot_expired"
    counts = False


class BreakerOpen(ModelError):
    """Too many failures in a row; the server is left alone for a while."""

    reason = "breaker_open"
    counts = False


class BadAnswer(ModelError):
    """An answer came, but it is empty, cut, not JSON, or not of the schema."""

    reason = "bad_answer"
    counts = False


@dataclass(frozen=True)
class ModelMessage:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ModelRequest:
    """A prompt, with its stable part first so that the server's prefix cache hits, and the shape of its answer."""

    purpose: Purpose
    messages: tuple[ModelMessage, ...]
    schema: Mapping[str, Any] | None = None
    """JSON schema that the answer must have. It constrains decoding; whoever asked validates all the same."""
    max_tokens: int | None = None
    """Longest answer; None: what the settings say."""
    temperature: float = 0.2
    seed: int | None = None
    logprobs: int | None = None
    """How many alternatives to report for each token; None: none."""
    tenant: str = ""
    """Prompts of different tenants (a case version) share no prefix cache: `cache_salt`."""


@dataclass(frozen=True)
class TokenLogprob:
    """One token of the answer, its log-probability, and those of its alternatives."""

    token: str
    logprob: float
    alternatives: Mapping[str, float]


@dataclass(frozen=True)
class Usage:
    """Tokens of one exchange; `cached` of the prompt's came from the server's prefix cache.

    Zeros: not known, as when an answer was cut before its end.
    """

    prompt: int = 0
    cached: int = 0
    completion: int = 0


@dataclass(frozen=True)
class ModelDelta:
    """The next piece of an answer, as it arrives."""

    text: str


@dataclass(frozen=True)
class ModelAnswer:
    """The whole answer; the last part of a stream."""

    text: str
    finish: Finish
    usage: Usage = Usage()
    logprobs: tuple[TokenLogprob, ...] = ()
    truncated: bool = False
    """The model had more to say: it met `max_tokens`, or the cap on characters at whose last sentence or word the text
    was cut."""


class ChatModel(Protocol):
    """A chat model. Closing the iteration early, as `streaming` does, ends the request at the server."""

    @property
    def name(self) -> str:
        """Name of the model, for logs and for the learner: `Qwen/Qwen3-30B-A3B`, `scripted`."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta | ModelAnswer, None]:
        """Answer in pieces; the last part is the ModelAnswer, whose text is all pieces joined. Raises ModelError."""
        ...


@asynccontextmanager
async def streaming(model: ChatModel, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta | ModelAnswer]]:
    """The parts of an answer; leaving the block ends the request at once, however far it was read."""
    parts = model.stream(request)
    try:
        yield parts
    finally:
        await parts.aclose()


async def complete(model: ChatModel, request: ModelRequest) -> ModelAnswer:
    """The whole answer at once. Raises ModelError."""
    answer = None
    async with streaming(model, request) as parts:
        async for part in parts:
            if isinstance(part, ModelAnswer):
                answer = part
    if answer is None:
        raise BadAnswer("the answer ended without its last part")
    return answer
