"""Words through the whole path against direct calls of the same prompts to the same server.

The path is what `make run` has between the gateway and the model: mTLS, scope token, database, prompt, slots, client,
firewall and storage, in the service's own process. The model server's pace is that of a large model on a GPU; its
sentences are such that a learner gets to see them.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import httpx2
import openai

from benchmarks import case_at_hand
from benchmarks.harness import CouldNotRun, Figure, Report
from benchmarks.judged_work import JUDGED, QUESTIONS, SUBTASK, TALK, WORDS, attempt
from benchmarks.paced_server import FIRST_SECONDS, NAME, TOKEN_SECONDS, tokens
from benchmarks.words_service import process
from feedback.prompts.texts import prompt
from infra.settings import EmbeddedSettings
from services.contracts.assistance import AiChoice
from services.contracts.chat import AskChat, ChatDelta, ChatDone
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.identity import Role
from services.contracts.words import Worded, WordsPart, WordsRequest
from services.kit.http import tls_client
from services.kit.scope import ScopeMinter, scope_keys
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

CLIENTS: Final = 32
FIRST_TALK: Final = TALK.partition(". ")[0] + "."
FIRST_WORDS: Final = str(json.loads(WORDS)["warnings"][0]["message"])
_CHAT, _WORDS = (prompt(name)[:80] for name in ("chat", "words"))
_SPREAD_SECONDS: Final = 1.5
"""Over which the clients begin: learners press at moments of their own, and no two answers are in step."""


@dataclass(frozen=True)
class Round:
    """What all clients met."""

    chat: float
    """Median seconds to the first sentence."""
    words: float
    tokens_per_s: float


class Times:
    """Collects one round."""

    def __init__(self) -> None:
        self.chat: list[float] = []
        self.words: list[float] = []
        self._said = 0
        self._busy = 0.0

    async def take(self, first: list[float], text: str, ask: Callable[[], AsyncIterator[bool]]) -> None:
        """Ask once. `ask` yields at each part whether the first sentence has come."""
        start, seen = time.perf_counter(), False
        async for there in ask():
            if there and not seen:
                first.append(time.perf_counter() - start)
                seen = True
        if not seen:
            raise CouldNotRun("an answer came without its first sentence")
        self._said += len(tokens(text))
        self._busy += time.perf_counter() - start

    def round(self) -> Round:
        """The figures; throughput is that of all clients while each waits for an answer."""
        speed = CLIENTS * self._said / self._busy
        return Round(statistics.median(self.chat), statistics.median(self.words), speed)


async def measure(report: Report, rounds: int) -> None:
    """Add the figures of the whole path."""
    async with _place() as (learners, direct):
        await asyncio.gather(*(learner.choose() for learner in learners))
        await learners[0].ask(Times(), 0)
        await direct.prompts()
        pairs = []
        for number in range(rounds):
            through = Times()
            await _spread([partial(learner.ask, through, number) for learner in learners])
            prompts, past = await direct.prompts(), Times()
            if len(prompts) != 2 * CLIENTS:
                raise CouldNotRun(
                    f"the model was asked {len(prompts)} times by {CLIENTS} learners with two wishes each"
                )
            await _spread([partial(direct.ask, past, prompts[at::CLIENTS]) for at in range(CLIENTS)])
            await direct.prompts()
            pairs.append((through.round(), past.round()))
    note = f"median of {rounds} rounds of {CLIENTS} clients; {FIRST_SECONDS} s, then {1 / TOKEN_SECONDS:.0f} tokens/s"
    _first(report, "chat", [(mine.chat, other.chat) for mine, other in pairs], note)
    _first(report, "words", [(mine.words, other.words) for mine, other in pairs], note)
    speed = statistics.median(mine.tokens_per_s / other.tokens_per_s for mine, other in pairs)
    report.add("path_throughput_ratio", Figure(speed, "x", target=0.95, better="higher", note="of direct calls"))


def _first(report: Report, of: str, pairs: Sequence[tuple[float, float]], note: str) -> None:
    ratio = statistics.median(mine / other for mine, other in pairs)
    report.add(f"path_{of}_sentence_ratio", Figure(ratio, "x", target=1.05, note=f"of direct calls; {note}"))
    report.add(f"path_{of}_sentence_ms", Figure(statistics.median(mine for mine, _ in pairs) * 1e3, "ms"))


async def _spread(asks: Sequence[Callable[[], Awaitable[None]]]) -> None:
    async def one(number: int, ask: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(number * _SPREAD_SECONDS / CLIENTS)
        await ask()

    await asyncio.gather(*(one(number, ask) for number, ask in enumerate(asks)))


class Learner:
    """One learner at the service, as the gateway calls it."""

    def __init__(self, number: int, client: FeedbackClient, minter: ScopeMinter, case: case_at_hand.CaseAtHand) -> None:
        self._number, self._client, self._case = number, client, case
        self._cells = attempt(case, f"learner {number}")
        self._scope = minter.mint(
            user=f"learner-{number}",
            role=Role.LEARNER,
            case=case.draft.author.id,
            case_version=case.draft.author.version,
            subtask=SUBTASK,
        )

    async def choose(self) -> None:
        """Allow AI."""
        await self._client.choose(AiChoice(ai=True), self._scope)

    async def ask(self, times: Times, turn: int) -> None:
        """Ask for a talk and for words, every second learner in the other order."""
        chat = partial(times.take, times.chat, TALK, partial(self._talk, turn))
        words = partial(times.take, times.words, WORDS, self._words)
        for step in (chat, words) if self._number % 2 else (words, chat):
            await step()

    async def _talk(self, turn: int) -> AsyncIterator[bool]:
        question = QUESTIONS[(self._number + turn) % len(QUESTIONS)]
        ask, shown = AskChat(subtask=SUBTASK, cells=self._cells, text=question), ""
        async for event in self._client.chat(ask, self._scope):
            if isinstance(event, ChatDelta):
                shown += event.text
            elif not isinstance(event, ChatDone) or event.answer.words_by != "model":
                raise CouldNotRun("the talk was worded by rules")
            yield FIRST_TALK in shown

    async def _words(self) -> AsyncIterator[bool]:
        request = WordsRequest(subtask=SUBTASK, cells=self._cells, feedback=JUDGED)
        async for event in self._client.words(request, self._scope):
            if isinstance(event, Worded) and event.words.words_by != "model":
                raise CouldNotRun("the feedback was worded by rules")
            yield isinstance(event, WordsPart) and event.text == FIRST_WORDS


class Direct:
    """The bare SDK at the same server, with the bodies that the product has sent."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        http = openai.DefaultAsyncHttpxClient(
            transport=httpx2.AsyncHTTPTransport(uds=str(socket), limits=httpx2.Limits(max_connections=CLIENTS + 2)),
            trust_env=False,
        )
        self._client = openai.AsyncOpenAI(base_url="http://paced/v1", api_key="none", max_retries=0, http_client=http)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def prompts(self) -> list[dict[str, Any]]:
        """What the server was asked for learners since the last call; a talk's summary is read by nobody."""
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(self._socket))) as http:
            asked: list[dict[str, Any]] = (await http.get("http://paced/asked")).json()
            return [body for body in asked if body["messages"][0]["content"].startswith((_CHAT, _WORDS))]

    async def ask(self, times: Times, prompts: Sequence[dict[str, Any]]) -> None:
        """Ask the prompts one after the other."""
        for body in prompts:
            if "response_format" in body:
                await times.take(times.words, WORDS, partial(self._stream, body, FIRST_WORDS))
            else:
                await times.take(times.chat, TALK, partial(self._stream, body, FIRST_TALK))

    async def _stream(self, body: dict[str, Any], sentence: str) -> AsyncIterator[bool]:
        known = {"model", "messages", "max_tokens", "temperature", "response_format", "stream", "stream_options"}
        given = {name: value for name, value in body.items() if name in known}
        more = {name: value for name, value in body.items() if name not in known}
        heard = ""
        async for chunk in await self._client.chat.completions.create(**given, extra_body=more):
            heard += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            yield sentence in heard


@asynccontextmanager
async def _place() -> AsyncIterator[tuple[list[Learner], Direct]]:
    """The model server and the service in their processes, and those who ask them in ours."""
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        home = Path(folder)
        settings = EmbeddedSettings(home=home / "home", run_dir=home / "run")
        settings.prepare()
        socket, says = home / "model.sock", home / "says.json"
        says.write_text(json.dumps({"document": WORDS, "prose": TALK}))
        vault = open_vault(settings.mode, settings.home)
        minter, _ = scope_keys(vault.secrets)
        case = case_at_hand.load()
        async with AsyncExitStack() as stack:
            stack.enter_context(process("benchmarks.paced_server", str(socket), str(says), socket=socket))
            variables = settings.variables() | _model(socket)
            place = settings.socket("feedback")
            stack.enter_context(process("benchmarks.words_service", socket=place, variables=variables))
            credential = Credential(vault.authority, Identity.service("gateway"), settings.leaf("gateway"))
            await stack.enter_async_context(credential.kept_fresh())
            http = await stack.enter_async_context(tls_client(credential.client_context(), "feedback", place))
            direct = Direct(socket)
            stack.push_async_callback(direct.close)
            client = FeedbackClient(http)
            yield [Learner(number, client, minter, case) for number in range(CLIENTS)], direct


def _model(socket: Path) -> dict[str, str]:
    return {
        "CASELOOP_MODEL_KIND": "vllm",
        "CASELOOP_MODEL_NAME": NAME,
        "CASELOOP_MODEL_SOCKET": str(socket),
        "CASELOOP_MODEL_SLOTS": str(CLIENTS),
    }
