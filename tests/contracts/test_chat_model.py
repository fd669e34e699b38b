"""What every chat model promises; a new adapter is added to `SUBJECTS`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from feedback.model.adapters.script import BREAK, HANG, Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.adapters.vllm import VllmModel
from feedback.model.port import (
    BadAnswer,
    ChatModel,
    ModelAnswer,
    ModelDelta,
    ModelError,
    ModelMessage,
    ModelRefused,
    ModelRequest,
    ModelTimedOut,
    ModelUnavailable,
    complete,
    streaming,
)
from feedback.model.readiness import ready
from feedback.model.settings import ModelSettings
from feedback.model.steady import Steady
from feedback.model.structured import structured
from tests.openai_double import NAME, OpenAIDouble, Reply
from vault import tls
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity, host_name

ASKED = ModelRequest("chat", (ModelMessage("system", "Be brief."), ModelMessage("user", "Why?")))
TEXT = "Look at the rows. Ümläute, 漢字 and 🙂 too."


@dataclass
class Subject:
    """A model, and how to tell it what to answer next."""

    model: ChatModel
    says: Callable[[str], None]
    fails: Callable[[type[ModelError]], None]
    hangs: Callable[[], None]
    breaks_off: Callable[[], None]


def settings(double: OpenAIDouble, limit: float, **more: object) -> ModelSettings:
    return ModelSettings(
        kind="vllm", name=NAME, url=double.url, attempts=1, time_limit=limit, first_token_limit=limit, **more
    )


def of_double(double: OpenAIDouble, model: ChatModel) -> Subject:
    statuses = {ModelUnavailable: 503, ModelRefused: 400}
    return Subject(
        model,
        lambda text: double.answers(Reply(pieces=[text[i : i + 5] for i in range(0, len(text), 5)] or [None])),
        lambda kind: double.answers(Reply(status=statuses[kind], error={"message": "no"})),
        lambda: double.answers(Reply(pieces=(), then="hang")),
        lambda: double.answers(Reply(pieces=("Look ", "at "), then="break")),
    )


@asynccontextmanager
async def scripted(_: Path, __: float) -> AsyncIterator[Subject]:
    answers: list = [""]
    model = ScriptedModel(Script({"chat": answers, "feedback": answers}))
    yield Subject(
        model,
        lambda text: answers.__setitem__(0, text),
        lambda kind: answers.__setitem__(0, kind("the script says so")),
        lambda: answers.__setitem__(0, HANG),
        lambda: answers.__setitem__(0, f"Look at {BREAK}"),
    )


@asynccontextmanager
async def steady_scripted(folder: Path, limit: float) -> AsyncIterator[Subject]:
    async with scripted(folder, limit) as subject:
        limits = ModelSettings(attempts=1, time_limit=limit, first_token_limit=limit)
        subject.model = Steady(subject.model, limits)
        yield subject


@asynccontextmanager
async def vllm(_: Path, limit: float) -> AsyncIterator[Subject]:
    async with OpenAIDouble().serving() as double, VllmModel(settings(double, limit)) as model:
        yield of_double(double, model)


@asynccontextmanager
async def vllm_mtls(folder: Path, limit: float) -> AsyncIterator[Subject]:
    authority = LocalAuthority(folder / "authority")
    server = authority.issue(Identity.service("model"), folder / "server.pem")
    client = authority.issue(Identity.service("feedback"), folder / "client.pem")
    context = tls.server_context(server.path, authority.bundle)
    async with OpenAIDouble("secret-key").serving(context) as double:
        ours = settings(
            double,
            limit,
            ca=authority.bundle,
            certificate=client.path,
            server_name=host_name("model"),
            api_key=SecretStr("secret-key"),
        )
        async with VllmModel(ours) as model:
            yield of_double(double, Steady(model, ours))


@asynccontextmanager
async def vllm_unix_socket(folder: Path, limit: float) -> AsyncIterator[Subject]:
    socket = folder / "model.sock"
    async with OpenAIDouble().serving(socket=str(socket)) as double:
        double.url = "http://localhost/v1"
        async with VllmModel(settings(double, limit, socket=socket)) as model:
            yield of_double(double, model)


SUBJECTS: dict[str, Callable[[Path, float], AbstractAsyncContextManager[Subject]]] = {
    "scripted": scripted,
    "steady": steady_scripted,
    "vllm": vllm,
    "vllm_mtls": vllm_mtls,
    "vllm_unix_socket": vllm_unix_socket,
}


@pytest.fixture
def limit() -> float:
    """Seconds that a model may take."""
    return 30.0


@pytest.fixture(params=SUBJECTS)
async def subject(request, tmp_path: Path, limit: float) -> AsyncIterator[Subject]:
    async with SUBJECTS[request.param](tmp_path, limit) as made:
        yield made


async def test_an_answer_comes_in_pieces_and_then_whole(subject: Subject):
    subject.says(TEXT)
    parts = [part async for part in subject.model.stream(ASKED)]
    *deltas, answer = parts
    assert len(deltas) > 1
    assert all(isinstance(delta, ModelDelta) and delta.text for delta in deltas)
    assert isinstance(answer, ModelAnswer)
    assert answer.text == "".join(delta.text for delta in deltas) == TEXT
    assert (answer.finish, answer.truncated) == ("stop", False)
    assert answer.usage.prompt > 0
    assert answer.usage.completion == len(deltas)
    assert answer.logprobs == ()


async def test_it_has_a_name(subject: Subject):
    assert subject.model.name in {NAME, "scripted"}


async def test_log_probabilities_are_told_when_asked_for(subject: Subject):
    subject.says(TEXT)
    answer = await complete(subject.model, ModelRequest("chat", ASKED.messages, logprobs=2))
    assert "".join(token.token for token in answer.logprobs) == TEXT
    assert all(token.logprob <= 0 and token.token in token.alternatives for token in answer.logprobs)


async def test_many_ask_at_once(subject: Subject):
    subject.says(TEXT)
    answers = await asyncio.gather(*(complete(subject.model, ASKED) for _ in range(20)))
    assert {answer.text for answer in answers} == {TEXT}


@pytest.mark.parametrize("kind", [ModelUnavailable, ModelRefused])
async def test_a_failure_is_an_error_of_the_port_and_the_next_request_works(subject: Subject, kind):
    subject.fails(kind)
    with pytest.raises(kind):
        await complete(subject.model, ASKED)
    subject.says(TEXT)
    assert (await complete(subject.model, ASKED)).text == TEXT


async def test_an_empty_answer_is_a_bad_one(subject: Subject):
    for empty in ("", "  \n "):
        subject.says(empty)
        with pytest.raises(BadAnswer):
            await complete(subject.model, ASKED)


async def test_an_answer_that_breaks_off_is_no_answer(subject: Subject):
    subject.breaks_off()
    with pytest.raises(ModelUnavailable):
        await complete(subject.model, ASKED)


async def test_whoever_leaves_early_leaves_nothing_behind(subject: Subject):
    subject.says(TEXT * 20)
    async with streaming(subject.model, ASKED) as parts:
        assert isinstance(await anext(parts), ModelDelta)
    subject.says(TEXT)
    assert (await complete(subject.model, ASKED)).text == TEXT


async def test_waiting_for_an_answer_can_be_cancelled(subject: Subject):
    subject.hangs()
    waiting = asyncio.create_task(complete(subject.model, ASKED))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    subject.says(TEXT)
    assert (await complete(subject.model, ASKED)).text == TEXT


@pytest.mark.parametrize("limit", [1.0])
async def test_a_server_that_says_nothing_times_out_where_a_limit_is_set(subject: Subject):
    if isinstance(subject.model, ScriptedModel):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_hanging(subject), 0.1)
        return
    with pytest.raises(ModelTimedOut):
        await _hanging(subject)


async def _hanging(subject: Subject) -> ModelAnswer:
    subject.hangs()
    return await complete(subject.model, ASKED)


class Verdict(BaseModel):
    verdict: str
    issues: list[str]


async def test_a_document_has_the_shape_that_was_asked_for(subject: Subject):
    said = {"verdict": "partial", "issues": ["one", "two"]}
    subject.says(json.dumps(said))
    assert (await structured(subject.model, ASKED, Verdict)).model_dump() == said
    subject.says('{"verdict": "partial"}')
    with pytest.raises(BadAnswer):
        await structured(subject.model, ASKED, Verdict)


async def test_readiness_is_proven_by_a_document(subject: Subject):
    subject.says('{"ready": true}')
    await ready(subject.model)
    subject.says("I am ready!")
    with pytest.raises(BadAnswer):
        await ready(subject.model)


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID"):
        monkeypatch.setenv(name, "must-not-be-used")
