import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI

from case_uploader.app import create_app
from case_uploader.drafts import DraftStore
from case_uploader.publish import Publisher
from case_uploader.scaffold import scaffold
from case_uploader.service import CaseService
from case_uploader.steps import Step
from case_uploader.wiring import Backends, open_backends, publishing_service
from services.contracts.case import Flaw
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, TrialRequest, TrialResult, Verdict
from services.contracts.finding import Finding
from services.contracts.mutants import MutantsRequest, MutantsResult, MutantVerdict
from services.kit.app import running
from services.kit.database import Database
from services.kit.http import in_process_client
from services.kit.postgres_connection import PostgresAccess
from services.kit.settings import Settings
from tests.databases import DatabaseUrl


class ScriptedFeedback(FeedbackClient):
    """Judges by comparing text: approved is what the reference or a variant says, unless told otherwise.

    Reads each version from the case service, as the real one does.
    """

    def __init__(self) -> None:
        self.cases: CasesClient | None = None
        self.trials: list[TrialRequest] = []
        self.verdicts: dict[str, Feedback] = {}
        """A piece of source -> what is said about notebooks that hold it."""
        self.error: ServiceError | None = None
        self.recovers = False
        """Whether the error is met once only."""
        self.forgets_words = False
        self.mutated: list[MutantsRequest] = []
        self.overlooked: tuple[str, ...] = ()
        self.gate = asyncio.Event()
        self.gate.set()

    async def trial(self, request: TrialRequest) -> TrialResult:
        assert self.cases
        self.trials.append(request)
        await self.gate.wait()
        if error := self.error:
            self.error = None if self.recovers else error
            raise error
        case = await self.cases.author(request.version)
        sources = {cell.id: cell.source for cell in request.cells}
        told = next((f for piece, f in self.verdicts.items() if piece in "\n".join(sources.values())), None)
        feedback = {}
        for subtask in case.subtasks:
            accepted = [subtask.reference, *({c: v[c] for c in subtask.reference} for v in case.variants)]
            same = any(all(sources[c] == text for c, text in answers.items()) for answers in accepted)
            verdict = Verdict.APPROVED if same else Verdict.NEEDS_WORK
            flaws = [f for f in case.flaws if all(sources[c] == text for c, text in f.answer.items())]
            findings = () if self.forgets_words else tuple(map(_recognised, flaws))
            judged = Feedback(verdict=verdict, headline="Compared as text.", findings=findings)
            feedback[subtask.view.id] = told or judged
        return TrialResult(feedback={name: feedback[name] for name in request.subtasks})

    async def mutants(self, request: MutantsRequest) -> MutantsResult:
        """Every mutant is seen, unless its source holds one of the words in `overlooked`."""
        self.mutated.append(request)
        if self.error:
            raise self.error
        verdicts = []
        for mutant in request.mutants:
            text = "\n".join(mutant.answer.values())
            seen = not any(word in text for word in self.overlooked)
            verdict = Verdict.NEEDS_WORK if seen else Verdict.APPROVED
            verdicts.append(MutantVerdict(verdict=verdict, seen_by=("check text",) if seen else ()))
        return MutantsResult(verdicts=tuple(verdicts))


def _recognised(flaw: Flaw) -> Finding:
    return Finding(
        id=flaw.id,
        kind="value",
        severity="error",
        subtask=flaw.subtask,
        message="It differs.",
        evidence=(),
        signature=flaw.id,
        mentor=flaw.words,
    )


@dataclass
class Bench:
    """A case service with everything around it, over a real database and a real folder of objects."""

    home: Path
    backends: Backends
    service: CaseService
    publisher: Publisher
    app: FastAPI
    feedback: ScriptedFeedback
    clients: dict[str, CasesClient] = field(default_factory=dict)

    async def publish(self, folder: Path) -> list[Step]:
        return [step async for step in self.publisher.publish(folder)]

    async def check(self, folder: Path) -> list[Step]:
        return [step async for step in self.service.check(folder)]

    async def objects(self) -> set[str]:
        return {digest async for digest in self.backends.objects.digests()}


@pytest.fixture(autouse=True)
def tables(databases: DatabaseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wiring opens the database that the test is for."""

    def opened(_mode: str, _service: str, file: Path, *, one_writer: bool) -> Database:
        return Database(databases("case_uploader", file), access=PostgresAccess(one_writer=one_writer))

    monkeypatch.setattr("case_uploader.wiring.open_database", opened)


@pytest.fixture
def scripted_feedback() -> ScriptedFeedback:
    return ScriptedFeedback()


@pytest.fixture
async def bench(tmp_path: Path, scripted_feedback: ScriptedFeedback) -> AsyncIterator[Bench]:
    settings = Settings(home=tmp_path / "home")
    settings.prepare()
    async with AsyncExitStack() as stack:
        backends = await stack.enter_async_context(open_backends(settings))
        feedback = scripted_feedback
        service = publishing_service(backends, feedback, None)
        app = await stack.enter_async_context(running(create_app(service, backends)))
        publisher = Publisher(DraftStore(backends.database, backends.objects), None, feedback)
        bench = Bench(tmp_path / "home", backends, service, publisher, app, feedback)
        for name in ("gateway", "hub", "feedback", "runner"):
            http = await stack.enter_async_context(in_process_client(app, name))
            bench.clients[name] = CasesClient(http)
        feedback.cases = bench.clients["feedback"]
        yield bench


@pytest.fixture
def case_folder(tmp_path: Path) -> Path:
    """A new case as `case new` makes it."""
    return scaffold(tmp_path / "authors", "coffee-sales")


@pytest.fixture
def retitle() -> Callable[[Path, str], None]:
    """Change a case's content a little."""

    def change(folder: Path, title: str) -> None:
        manifest = folder / "case.yaml"
        lines = [f"title: {title}" if x.startswith("title:") else x for x in manifest.read_text().split("\n")]
        manifest.write_text("\n".join(lines))

    return change
