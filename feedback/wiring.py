"""Putting the package together. Adapters that the mode decides on come from the kit's wiring."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from feedback.adapters.cache_directory import DirectoryCache
from feedback.app import OpenAssisted
from feedback.approved import ApprovedAnswers
from feedback.assistance.service import AssistanceService
from feedback.assisted import Assisted
from feedback.author_cases import KeptAuthorCases
from feedback.baseline import Baselines
from feedback.briefs.drafting import Drafting
from feedback.briefs.service import BriefService
from feedback.causes import RepairCauses
from feedback.chat.exports import Exports
from feedback.chat.judging import CheckerJudgements
from feedback.chat.retention import QUEUE as CHAT_QUEUE
from feedback.chat.service import ChatService
from feedback.chat.settings import ChatSettings
from feedback.chat.staff import ChatStaff
from feedback.firewalls import KeptFirewalls
from feedback.hints.changes import Changes
from feedback.hints.engines import AcceptedSolutions
from feedback.hints.job import HintJob
from feedback.hints.metrics import HintMetrics
from feedback.hints.pipeline import HintPipeline
from feedback.hints.ratings import HintRatings
from feedback.hints.reference_repair import ReferenceRepair
from feedback.hints.service import HINT_JOB, HINT_QUEUE, HintService
from feedback.hints.settings import HintSettings
from feedback.model.settings import ModelSettings
from feedback.model.wiring import open_model
from feedback.models import JOBS
from feedback.pipeline import Checker
from feedback.ports import AuthorCases, Causes, Memory, Runs
from feedback.remembering import Remembering
from feedback.repair_signatures import RepairSignatures
from feedback.service import FeedbackService
from feedback.settings import FeedbackSettings
from feedback.smaller_inputs import SmallerInputs
from feedback.words.rules import RuleWords
from feedback.words.service import WordsService
from feedback.words.settings import WordsSettings
from services.kit import wiring
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.database import Database
from services.kit.migrations import migrate
from services.kit.settings import Settings


@dataclass(frozen=True)
class Judging:
    """What judges: the case versions, the runner, the pipeline on both, and what mentors remember."""

    cases: AuthorCases
    runs: Runs
    checker: Checker
    firewalls: KeptFirewalls
    repairs: ReferenceRepair
    signatures: RepairSignatures
    approved: ApprovedAnswers
    remembering: Remembering | None = None

    @property
    def service(self) -> FeedbackService:
        """The part of the service that judges."""
        return FeedbackService(self.cases, self.checker, self.remembering, self.signatures, self.approved)


def build_checker(
    runs: Runs,
    baselines: Path,
    settings: FeedbackSettings | None = None,
    causes: Causes | None = None,
    approved: ApprovedAnswers | None = None,
) -> Checker:
    """The pipeline alone, as `caseloop grade` uses it. `baselines`: folder for what references showed.

    `causes`: what would put failing work right, for saying where it goes wrong; None: the code alone says it.
    `approved`: what learners were approved for before; None: only cases' own solutions are known.
    """
    settings = settings or FeedbackSettings()
    kept = Baselines(runs, DirectoryCache(baselines), settings.baselines)
    # As with causes: where results must not depend on how busy the machine is, neither is there.
    smaller = SmallerInputs(runs) if causes is not None else None
    return Checker(runs, kept, RuleWords(), causes, approved, smaller)


def build_judging(
    runs: Runs,
    cases: AuthorCases,
    baselines: Path,
    settings: FeedbackSettings | None = None,
    memory: Memory | None = None,
    hints: HintSettings | None = None,
) -> Judging:
    """Judging on a runner, a case service and, where there is one, mentors' memory; all may be typed clients."""
    settings = settings or FeedbackSettings()
    firewalls = KeptFirewalls(settings.author_cases)
    approved = ApprovedAnswers(DirectoryCache(baselines))
    repairs = ReferenceRepair(runs, hints, approved)
    signatures = RepairSignatures(repairs)
    return Judging(
        KeptAuthorCases(cases, settings.author_cases),
        runs,
        build_checker(runs, baselines, settings, RepairCauses(repairs), approved),
        firewalls,
        repairs,
        signatures,
        approved,
        Remembering(memory, firewalls, signatures) if memory is not None else None,
    )


def build_service(
    runs: Runs, cases: AuthorCases, baselines: Path, settings: FeedbackSettings | None = None
) -> FeedbackService:
    """The service that judges and nothing else."""
    return build_judging(runs, cases, baselines, settings).service


def open_database(settings: Settings) -> Database:
    """The database of `feedback`, to be migrated. Raises DatabaseMisconfigured."""
    return wiring.open_database(settings.mode, "feedback", settings.home / "feedback.sqlite")


@asynccontextmanager
async def open_staff(settings: Settings, chat: ChatSettings | None = None) -> AsyncIterator[ChatStaff]:
    """Conversations for those who look after a class, with their jobs being done.

    Raises DatabaseMisconfigured, MigrationFailed.
    """
    async with AsyncExitStack() as stack:
        db = await _opened(stack, settings)
        queue = TableJobQueue(db, JOBS)
        staff = ChatStaff(db, queue, _exports(settings), chat or ChatSettings())
        await stack.enter_async_context(_working(_serving(queue, staff)))
        yield staff


def assisted_opener(settings: Settings, judging: Judging) -> OpenAssisted:
    """How to open what `feedback` does beyond judging.

    Opening raises DatabaseMisconfigured, MigrationFailed, and ModelMisconfigured for a model that cannot or must not
    be used.
    """

    @asynccontextmanager
    async def opened(registry: CollectorRegistry) -> AsyncIterator[Assisted]:
        of_model, of_hints, of_chat = ModelSettings(), HintSettings(), ChatSettings()
        cases, checker, firewalls, changes = judging.cases, judging.checker, judging.firewalls, Changes()
        async with AsyncExitStack() as stack:
            model = await stack.enter_async_context(open_model(of_model, registry))
            db = await _opened(stack, settings)
            queue = TableJobQueue(db, JOBS)
            choices = AssistanceService(db, model.name if model else None, bool(model) and of_model.is_remote())
            chat = ChatService(db, cases, CheckerJudgements(checker), choices, firewalls, model, of_chat, registry)
            stack.push_async_callback(chat.close)
            engines = (judging.repairs, AcceptedSolutions())
            pipeline = HintPipeline(checker, judging.runs, model, firewalls, of_hints, engines)
            hint_metrics = HintMetrics(registry)
            hint_job = HintJob(db, cases, pipeline, choices, changes, hint_metrics)
            staff = ChatStaff(db, queue, _exports(settings), of_chat)
            await staff.begin()
            hints_work = queue.work(HINT_QUEUE, {HINT_JOB: hint_job}, of_hints.at_once)
            await stack.enter_async_context(_working(hints_work, _serving(queue, staff)))
            yield Assisted(
                choices=choices,
                words=WordsService(db, cases, choices, firewalls, model, WordsSettings(), registry),
                hints=HintService(db, queue, cases, checker, choices, changes, of_hints, metrics=hint_metrics),
                ratings=HintRatings(db),
                chat=chat,
                briefs=BriefService(cases, checker, choices, firewalls, Drafting(model) if model else None),
            )

    return opened


async def _opened(stack: AsyncExitStack, settings: Settings) -> Database:
    db = open_database(settings)
    stack.push_async_callback(db.close)
    await migrate(db, "feedback")
    return db


def _exports(settings: Settings) -> Exports:
    return Exports(settings.home / "exports")


def _serving(queue: TableJobQueue, staff: ChatStaff) -> Coroutine[None, None, None]:
    return queue.work(CHAT_QUEUE, staff.handlers())


@asynccontextmanager
async def _working(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do the work beside the block; when it ends, jobs under way are given back."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
