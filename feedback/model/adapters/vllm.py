"""vLLM, or any server with its dialect of the OpenAI interface, by the OpenAI SDK."""

import logging
import os
import re
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, Final, Self

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk

from feedback.model.port import (
    DEFAULT_MAX_TOKENS,
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
        pieces: list[str] = []
        finish: str | None = None
        usage, logprobs = Usage(), list[TokenLogprob]()
        try:
            chunks = await self._client.chat.completions.create(**self._arguments(request))
            async with aclosing(chunks):
                async for chunk in chunks:
                    if chunk.usage:
                        usage = _usage(chunk)
                    # The last chunk has the usage and no choice.
                    for choice in chunk.choices[:1]:
                        finish = choice.finish_reason or finish
                        logprobs += _logprobs(choice)
                        if text := choice.delta.content:
                            pieces.append(text)
                            yield ModelDelta(text)
        except ModelError:
            raise
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            # Not chained: the SDK's errors quote the server's, and that may quote the prompt.
            raise _as_model_error(error) from None
        except (ValueError, TypeError, AttributeError) as error:
            # The SDK builds its models without checking them.
            raise BadAnswer(f"the server does not speak the OpenAI interface ({type(error).__name__})") from None
        yield _answer("".join(pieces), finish, usage, tuple(logprobs))

    def _arguments(self, request: ModelRequest) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._name,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": request.max_tokens or self._max_tokens or DEFAULT_MAX_TOKENS,
            "temperature": request.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        # Thinking would be paid for and never shown, and vLLM's grammar only begins after it.
        extra: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": False}}
        if request.tenant:
            extra["cache_salt"] = request.tenant
        arguments["extra_body"] = extra
        if request.schema is not None:
            schema = {"name": request.purpose, "schema": request.schema, "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.seed is not None:
            arguments["seed"] = request.seed
        if request.logprobs is not None:
            arguments |= {"logprobs": True, "top_logprobs": request.logprobs}
        return arguments


class _Named:
    """Request hook: the server's certificate must carry this name instead of the address's host."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, request: httpx2.Request) -> None:
        request.extensions["sni_hostname"] = self._name


def _usage(chunk: ChatCompletionChunk) -> Usage:
    assert chunk.usage is not None
    details = chunk.usage.prompt_tokens_details
    cached = details.cached_tokens if details else 0
    return Usage(chunk.usage.prompt_tokens, cached or 0, chunk.usage.completion_tokens)


def _logprobs(choice: Any) -> Iterator[TokenLogprob]:
    for token in (choice.logprobs.content or ()) if choice.logprobs else ():
        alternatives = {other.token: float(other.logprob) for other in token.top_logprobs}
        yield TokenLogprob(token.token, float(token.logprob), alternatives)


def _answer(text: str, finish: str | None, usage: Usage, logprobs: tuple[TokenLogprob, ...]) -> ModelAnswer:
    if finish is None:
        raise ModelUnavailable("the server broke the answer off")
    if not text.strip():
        # vLLM sends no content when the end comes inside a thought.
        raise BadAnswer("the answer is empty")
    ended: Finish = "length" if finish == "length" else "stop"
    return ModelAnswer(text, ended, usage, logprobs, truncated=ended == "length")


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
