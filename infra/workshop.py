"""The services that the command line needs, in this process: the same apps, called without sockets."""

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from case_uploader import wiring as cases_wiring
from case_uploader.adapters.learner_environment import LearnerEnvironmentMissing
from case_uploader.app import create_app as create_cases_app
from case_uploader.drafts import DraftStore
from case_uploader.environments.furnishing import Furnished, Furnisher
from case_uploader.errors import CaseNotFound
from case_uploader.format.case_folder import read_case_folder
from case_uploader.format.problem import CaseProblem
from case_uploader.keeping import Keeping
from case_uploader.service import CaseService
from case_uploader.steps import Rejected
from evaluation.bench import Bench, CannotEvaluate
from evaluation.grading.cli import CannotGrade
from evaluation.made_of import made_of
from evaluation.served import RunningFeedback
from evaluation.wording import open_wording
from feedback import wiring as feedback_wiring
from feedback.app import create_app as create_feedback_app
from feedback.approved import ApprovedAnswers
from feedback.chat.staff import ChatStaff
from feedback.firewalls import KeptFirewalls
from feedback.model.errors import ModelMisconfigured
from feedback.model.settings import ModelSettings
from feedback.model.wiring import open_model
from feedback.pipeline import Checker, last
from feedback.ports import Causes, LearnersData, Runs
from infra.ending_runs import ending_runs
from infra.service_apps import case_images
from infra.settings import EmbeddedSettings
from services.contracts.case import AuthorCase, Subtask
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.clients.regrading import RegradingClient
from services.contracts.feedback import CheckRequest, Feedback
from services.contracts.identity import Role
from services.contracts.notebook import Cell
from services.contracts.observation import Keep
from services.kit.database import DatabaseMisconfigured
from services.kit.errors import CaseloopError
from services.kit.http import in_process_client, patience, tls_client
from services.kit.migrations import MigrationFailed
from services.kit.objects import ObjectStoreFailed
from services.kit.scope import scope_keys
from services.kit.stream import ended
from services.mentoring import wiring as mentoring_wiring
from services.mentoring.kept import KeptAnswers
from services.progress import wiring as progress_wiring
from services.progress.kept import KeptSubmissions
from services.progress.style.erasure import Erasure
from services.runner.errors import RunnerError
from services.runner.service import Runner
from vault.errors import VaultError
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

_UNTIL_JUDGED: Final = patience(1_000)
"""Nothing is said while a sample's slowest cell runs; the runner's own limits end it earlier."""


class CheckerJudge:
    """A whole notebook, subtask by subtask, by the pipeline that learners meet."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    async def judge(self, case: AuthorCase, cells: tuple[Cell, ...], at_once: int = 1) -> dict[str, Feedback]:
        """One feedback for each subtask, by id. Each goes on from where the one before has brought the notebook.

        `at_once`: with two, the last subtasks are judged beside the first; cells before them are run twice.
        """
        parts = _parts(case.subtasks) if at_once > 1 else (case.subtasks,)
        tasks = [asyncio.create_task(self._judge_in_turn(case, part, cells)) for part in parts]
        try:
            return {subtask: feedback for task in tasks for subtask, feedback in (await task).items()}
        finally:
            for task in tasks:
                await ended(task)

    async def _judge_in_turn(
        self, case: AuthorCase, subtasks: Sequence[Subtask], cells: tuple[Cell, ...]
    ) -> dict[str, Feedback]:
        owner, last_one = secrets.token_hex(16), subtasks[-1]
        judged = {}
        for subtask in subtasks:
            keep = Keep(owner=owner, then="nothing" if subtask is last_one else "more")
            request = CheckRequest(subtask=subtask.view.id, cells=cells)
            judged[subtask.view.id] = await last(self._checker.check(case, request, keep))
        return judged

    async def judge_step(self, case: AuthorCase, subtask: str, cells: tuple[Cell, ...]) -> Feedback:
        """The feedback for one subtask alone."""
        return await last(self._checker.check(case, CheckRequest(subtask=subtask, cells=cells)))


def _parts(subtasks: Sequence[Subtask]) -> tuple[Sequence[Subtask], ...]:
    """The larger part first: whoever judges the other one runs its cells, too."""
    first = -(-3 * len(subtasks) // 5)
    return tuple(part for part in (subtasks[:first], subtasks[first:]) if part)


@contextlib.asynccontextmanager
async def open_case_service(settings: EmbeddedSettings) -> AsyncIterator[CaseService]:
    """A case service that can try and publish."""
    settings.prepare()
    async with cases_wiring.open_backends(settings) as backends, _judging(settings, backends) as feedback:
        shelf = cases_wiring.open_shelf(settings, settings.environments, settings.set_up_dir)
        environment = cases_wiring.learner_environment(settings)
        yield cases_wiring.publishing_service(backends, feedback, environment, shelf, case_images(settings))


def open_furnisher(settings: EmbeddedSettings) -> Furnisher:
    """What finds and makes the environments of case folders. Raises `LearnerEnvironmentMissing`."""
    return cases_wiring.open_furnisher(settings, settings.environments, settings.set_up_dir)


@contextlib.asynccontextmanager
async def open_keeping(settings: EmbeddedSettings) -> AsyncIterator[Keeping]:
    """Versions and regrades of published cases; also while Caseloop is running."""
    settings.prepare()
    minter, verifier = scope_keys(open_vault(settings.mode, settings.home).secrets)
    async with (
        cases_wiring.open_backends(settings) as backends,
        _judging(settings, backends) as feedback,
        progress_wiring.open_app(settings, verifier) as progress,
    ):
        classes = ProgressClient(in_process_client(progress, "dashboard"))

        async def learners(case: str) -> Mapping[str, int]:
            scope = minter.mint(user="command line", role=Role.ADMIN, case=case, case_version="0" * 64)
            return await classes.learners_by_version(case, scope)

        regrading = RegradingClient(in_process_client(progress, "cases"))
        authoring = cases_wiring.open_authoring(backends, feedback, regrading, None)
        yield Keeping(authoring.versions, authoring.regrades, authoring.jobs, authoring.regrading, learners)


@contextlib.asynccontextmanager
async def _judging(settings: EmbeddedSettings, backends: cases_wiring.Backends) -> AsyncIterator[FeedbackClient]:
    """Judging of cases that lie in these backends, by a runner of this process."""
    cases_app = create_cases_app(cases_wiring.reading_service(backends), backends)
    async with (
        Runner(settings.runner, CasesClient(in_process_client(cases_app, "runner"))) as runner,
        ending_runs(runner) as runs,
    ):
        cases = CasesClient(in_process_client(cases_app, "feedback"))
        service = feedback_wiring.build_service(runs, cases, settings.home / "feedback")
        _, verifier = scope_keys(open_vault(settings.mode, settings.home).secrets)
        yield FeedbackClient(in_process_client(create_feedback_app(service, verifier), "cases"))


@contextlib.asynccontextmanager
async def open_chat_staff(settings: EmbeddedSettings) -> AsyncIterator[ChatStaff]:
    """Learners' conversations, for those who look after a class; also while Caseloop is running."""
    settings.prepare()
    async with feedback_wiring.open_staff(settings) as staff:
        yield staff


@contextlib.asynccontextmanager
async def open_learners_data(settings: EmbeddedSettings) -> AsyncIterator[Sequence[LearnersData]]:
    """What services besides `feedback` keep of learners who ask mentors or are recorded; also while Caseloop runs."""
    settings.prepare()
    async with (
        mentoring_wiring.open_forgetting(settings) as questions,
        progress_wiring.open_forgetting(settings) as recordings,
    ):
        yield questions, recordings


@contextlib.asynccontextmanager
async def open_style_erasure(settings: EmbeddedSettings) -> AsyncIterator[Erasure]:
    """Deletion of what is kept of a learner's style reviews; also while Caseloop is running."""
    settings.prepare()
    async with progress_wiring.open_erasure(settings) as erasure:
        yield erasure


@contextlib.asynccontextmanager
async def open_kept_submissions(settings: EmbeddedSettings) -> AsyncIterator[KeptSubmissions]:
    """What learners handed in, for evaluation; also while Caseloop is running. CannotEvaluate."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            settings.prepare()
            kept = await stack.enter_async_context(progress_wiring.open_kept(settings))
        except (VaultError, DatabaseMisconfigured, MigrationFailed, ObjectStoreFailed) as error:
            raise CannotEvaluate(str(error)) from error
        yield kept


@contextlib.asynccontextmanager
async def open_kept_answers(settings: EmbeddedSettings) -> AsyncIterator[KeptAnswers]:
    """What mentors have answered, for evaluation; also while Caseloop is running. CannotEvaluate."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            settings.prepare()
            kept = await stack.enter_async_context(mentoring_wiring.open_kept(settings))
        except (VaultError, DatabaseMisconfigured, MigrationFailed) as error:
            raise CannotEvaluate(str(error)) from error
        yield kept


@contextlib.asynccontextmanager
async def open_running_feedback(settings: EmbeddedSettings) -> AsyncIterator[RunningFeedback]:
    """The pipeline that serves learners now, asked over mTLS as `evaluator`. CannotEvaluate."""
    socket, since = settings.socket("feedback"), _listening_since(settings)
    with tempfile.TemporaryDirectory(prefix="caseloop-eval-") as folder:
        try:
            authority = open_vault(settings.mode, settings.home).authority
            leaf, life = Path(folder) / "evaluator.pem", settings.tls.service_lifetime
            credential = Credential(authority, Identity.service("evaluator"), leaf, lifetime=life)
        except VaultError as error:
            raise CannotEvaluate(str(error)) from error
        async with (
            credential.kept_fresh(),
            tls_client(credential.client_context(), "feedback", socket, _UNTIL_JUDGED) as http,
        ):
            yield RunningFeedback(FeedbackClient(http), since)


def _listening_since(settings: EmbeddedSettings) -> datetime:
    """When the running service made its socket: each start makes another one. CannotEvaluate."""
    socket = settings.socket("feedback")
    try:
        return datetime.fromtimestamp(socket.stat().st_mtime, UTC)
    except OSError as error:
        raise CannotEvaluate(
            f"No feedback service listens at {socket}. `caseloop run` starts one; without --service a pipeline of "
            "this command answers."
        ) from error


@contextlib.asynccontextmanager
async def open_judge(
    settings: EmbeddedSettings,
    case: str,
    causes: Callable[[Runs], Causes] | None = None,
    approved: ApprovedAnswers | None = None,
) -> AsyncIterator[tuple[CheckerJudge, AuthorCase]]:
    """A judge for a published case (its id) or a case folder (its path). CannotGrade.

    `causes`: makes what finds out what would put failing work right; None: the code alone says where it goes wrong.
    `approved`: what learners were approved for before; None: only the case's own solutions are known.
    """
    async with contextlib.AsyncExitStack() as stack:
        runs, [author] = await _opened(stack, settings, (case,))
        found = causes(runs) if causes else None
        checker = feedback_wiring.build_checker(runs, settings.home / "feedback", causes=found, approved=approved)
        yield CheckerJudge(checker), author


@contextlib.asynccontextmanager
async def open_bench(settings: EmbeddedSettings, cases: tuple[str, ...], with_model: bool) -> AsyncIterator[Bench]:
    """The pipeline for published cases and case folders, with the configured model if it is wanted. CannotEvaluate."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            runs, authors = await _opened(stack, settings, cases)
            model = await stack.enter_async_context(open_model(ModelSettings())) if with_model else None
        except (CannotGrade, ModelMisconfigured) as error:
            raise CannotEvaluate(str(error)) from error
        firewalls = KeptFirewalls(max(len(authors), 1))
        yield Bench(
            cases={author.id: author for author in authors},
            checker=feedback_wiring.build_checker(runs, settings.home / "feedback"),
            firewalls=firewalls,
            made_of=await asyncio.to_thread(made_of, model.name if model else ""),
            model=model,
            wording=await stack.enter_async_context(open_wording(model, firewalls)) if model else None,
        )


async def _opened(
    stack: contextlib.AsyncExitStack, settings: EmbeddedSettings, cases: Sequence[str]
) -> tuple[Runs, list[AuthorCase]]:
    """A runner that can be asked, and the cases. CannotGrade."""
    wanted = ""
    try:
        settings.prepare()
        backends = await stack.enter_async_context(cases_wiring.open_backends(settings))
        service = cases_wiring.reading_service(backends)
        cases_app = create_cases_app(service, backends)
        runner = Runner(settings.runner, CasesClient(in_process_client(cases_app, "runner")))
        await stack.enter_async_context(runner)
        runs = await stack.enter_async_context(ending_runs(runner))
        await runner.check()
        authors = []
        for wanted in cases:
            if folder := _folder(wanted):
                authors.append(await stack.enter_async_context(_draft(folder, settings, backends)))
            else:
                authors.append(await service.author((await service.current(wanted)).version))
    except CaseNotFound as error:
        hint = "name one of those that `caseloop case list` shows, or a case folder."
        raise CannotGrade(f"There is no folder {wanted!r} and no published case of that name: {hint}") from error
    except (
        CaseloopError,
        DatabaseMisconfigured,
        LearnerEnvironmentMissing,
        MigrationFailed,
        RunnerError,
        VaultError,
    ) as error:
        raise CannotGrade(str(error)) from error
    return runs, authors


@contextlib.asynccontextmanager
async def _draft(
    folder: Path, settings: EmbeddedSettings, backends: cases_wiring.Backends
) -> AsyncIterator[AuthorCase]:
    """The folder's case, stored for as long as the block runs. CannotGrade."""
    furnished = await _furnished(folder, settings)
    reading = read_case_folder(folder, furnished.environment)
    if reading.draft is None:
        raise _no_case(folder, reading.errors[0])
    drafts = DraftStore(backends.database, backends.objects, furnished.digest)
    claim = await drafts.keep(reading.draft)
    try:
        yield reading.draft.author.model_copy(update={"environment": furnished.digest})
    finally:
        await drafts.discard(claim)


async def _furnished(folder: Path, settings: EmbeddedSettings) -> Furnished:
    """The environment of the folder's case, made if need be. CannotGrade."""
    furnished = Furnished(None)
    async with contextlib.aclosing(cast("Any", open_furnisher(settings).furnish(folder))) as steps:
        async for step in steps:
            if isinstance(step, Rejected):
                raise _no_case(folder, step.problems[0])
            if isinstance(step, Furnished):
                furnished = step
    return furnished


def _no_case(folder: Path, problem: CaseProblem) -> CannotGrade:
    place = ", ".join(part for part in (problem.file, problem.cell) if part)
    more = f"`caseloop case check {folder}` says all that is wrong."
    return CannotGrade(f"{folder} is no usable case: {place}: {problem.message}. {more}")


def _folder(case: str) -> Path | None:
    path = Path(case)
    return path if path.is_dir() else None
