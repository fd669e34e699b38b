"""vLLM, or any server with its dialect of the OpenAI interface, by the OpenAI SDK."""

import logging
import os
import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, Self

import httpx2
import openai

from feedback.model.port import (
    BadAnswer,
    Finish,
    ModelAnswer,
    ModelDelta,
    ModelError,
    ModelRefused,
    ModelRequest,
    ModelTimedOut,
    ModelUnavailable,
    TokenLogprob,
    Usage,
)
from feedback.model.settings import ModelSettings
from feedback.model.tls import client_context

_CONNECT_SECONDS: Final = 5
_KEEP_SECONDS: Final = 3.5
"""vLLM closes an idle connection after 5 s; one that closes just as it is used looks like a failing server."""
_WORD: Final = re.compile(r"[A-Za-z_.-]{1,40}")
_SHEDDING: Final = frozenset({408, 429})
"""4xx by which a proxy says that the server is too busy; vLLM itself says 503."""


class VllmModel:
    """A model on a server. Close it, or use it as a context manager."""

    def __init__(self, settings: ModelSettings) -> None:
        self._name, self._max_tokens = settings.name, settings.max_tokens
        context = client_context(settings) if settings.base_url.startswith("https:") else ssl.create_default_context()
        http = openai.DefaultAsyncHttpxClient(
            transport=httpx2.AsyncHTTPTransport(
                verify=context,
                uds=str(settings.socket) if settings.socket else None,
                limits=httpx2.Limits(max_connections=settings.slots + 2, keepalive_expiry=_KEEP_SECONDS),
            ),
            timeout=httpx2.Timeout(settings.time_limit, connect=_CONNECT_SECONDS),
            # No proxy or netrc of the machine's environment, and no redirect, takes learners' texts elsewhere.
            trust_env=False,
            follow_redirects=False,
            event_hooks={"request": [_Named(settings.server_name)]} if settings.server_name else None,
        )
        # The SDK insists on a key, and would else take one from the environment.
        key = settings.api_key.get_secret_value() if settings.api_key else "none"
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url, api_key=key, organization="", project="", max_retries=0, http_client=http
        )
        # Not even those that the SDK finds in the environment.
        self._client.organization = self._client.project = self._client.admin_api_key = None
        # At debug level it logs whole prompts.
        logging.getLogger("openai").setLevel(logging.WARNING)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    @property
    def name(self) -> str:
        """As the server calls it."""
        return self._name

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta | ModelAnswer, None]:
        """As `ChatModel.stream`."""
        reading = _Reading()
        try:
            # Not by `chat.completions.create`: building its models, which are not checked, takes two thirds of the
            # client's time for an answer.
            chunks = await self._client.post(
                "/chat/completions",
                cast_to=object,
                body=self._body(request),
                stream=True,
                stream_cls=openai.AsyncStream[object],
            )
            async with aclosing(chunks):
                async for chunk in chunks:
                    if text := reading.take(chunk):
                        yield ModelDelta(text)
        except ModelError:
            raise
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            # Not chained: the SDK's errors quote the server's, and that may quote the prompt.
            raise _as_model_error(error) from None
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise BadAnswer(f"the server does not speak the OpenAI interface ({type(error).__name__})") from None
        yield reading.answer()

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._name,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": request.max_tokens or self._max_tokens,
            "temperature": request.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
            # Thinking would be paid for and never shown, and vLLM's grammar only begins after it.
            "chat_template_kwargs": {"enable_thinking": False},
        }
        if request.tenant:
            body["cache_salt"] = request.tenant
        if request.schema is not None:
            schema = {"name": request.purpose, "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.seed is not None:
            body["seed"] = request.seed
        if request.logprobs is not None:
            body |= {"logprobs": True, "top_logprobs": request.logprobs}
        return body


class _Reading:
    """Puts an answer together from its chunks. A chunk of another shape raises one of the errors of a look-up."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._finish: str | None = None
        self._usage = Usage()
        self._logprobs: list[TokenLogprob] = []

    def take(self, chunk: Any) -> str:
        """The text of a chunk."""
        if usage := chunk.get("usage"):
            self._usage = _usage(usage)
        text = ""
        # The last chunk has the usage and no choice.
        for choice in chunk["choices"][:1]:
            self._finish = choice.get("finish_reason") or self._finish
            if logprobs := choice.get("logprobs"):
                self._logprobs += map(_logprob, logprobs["content"] or ())
            text = choice["delta"].get("content") or ""
            if not isinstance(text, str):
                raise TypeError("content is no text")
        if text:
            self._pieces.append(text)
        return text

    def answer(self) -> ModelAnswer:
        """The whole answer. Raises `ModelUnavailable` when it has no end, `BadAnswer` when there is nothing in it."""
        text = "".join(self._pieces)
        if self._finish is None:
            raise ModelUnavailable("the server broke the answer off")
        if not text.strip():
            # vLLM sends no content when the end comes inside a thought.
            raise BadAnswer("the answer is empty")
        ended: Finish = "length" if self._finish == "length" else "stop"
        return ModelAnswer(text, ended, self._usage, tuple(self._logprobs), truncated=ended == "length")


class _Named:
    """Request hook: the server's certificate must carry this name instead of the address's host."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, request: httpx2.Request) -> None:
        request.extensions["sni_hostname"] = self._name


def _usage(told: Any) -> Usage:
    details = told.get("prompt_tokens_details") or {}
    return Usage(int(told["prompt_tokens"]), int(details.get("cached_tokens") or 0), int(told["completion_tokens"]))


def _logprob(told: Any) -> TokenLogprob:
    alternatives = {other["token"]: float(other["logprob"]) for other in told["top_logprobs"]}
    return TokenLogprob(told["token"], float(told["logprob"]), alternatives)


def _as_model_error(error: Exception) -> ModelError:
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return ModelTimedOut("the server did not answer in time")
        case openai.APIStatusError(status_code=status):
            return _as_status(status, error.param or error.type)
        case openai.APIConnectionError() | httpx2.HTTPError() | OSError():
            return ModelUnavailable(f"the server cannot be reached ({_cause(error)})")
        case openai.APIError():
            # An error in the middle of a stream has its status in the body only.
            code = error.code or ""
            return _as_status(int(code) if code.isdecimal() else 500, error.param)
    return BadAnswer(f"the answer cannot be read ({type(error).__name__})")


def _as_status(status: int, about: str | None) -> ModelError:
    # A word of the interface, never a sentence: that could quote the prompt.
    word = about if about and _WORD.fullmatch(about) else ""
    said = f"the server answered {status}" + (f" ({word})" if word else "")
    if status >= 500 or status in _SHEDDING:
        return ModelUnavailable(said)
    if word == "input_tokens":
        return ModelRefused("the prompt is too long for the model")
    return ModelRefused(said)


def _cause(error: BaseException) -> str:
    """The innermost reason: a certificate that is not accepted, a port that nobody listens on."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    match error:
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return str(error.reason)
        case ConnectionError() if error.errno:
            # asyncio words them anew, with the address.
            return os.strerror(error.errno)
        case OSError():
            return error.strerror or type(error).__name__
    return type(error).__name__
