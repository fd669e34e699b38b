"""The services that the command line needs, in this process: the same apps, called without sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from case_uploader import wiring as cases_wiring
from case_uploader.adapters.learner_environment import LearnerEnvironmentMissing
from case_uploader.app import create_app as create_cases_app
from case_uploader.drafts import DraftStore
from case_uploader.errors import CaseNotFound
from case_uploader.format.case_folder import read_case_folder
from case_uploader.service import CaseService
from evaluation.grading.cli import CannotGrade
from feedback import wiring as feedback_wiring
from feedback.app import create_app as create_feedback_app
from feedback.chat.staff import ChatStaff
from feedback.pipeline import Checker, last
from feedback.ports import LearnersData
from infra.ending_runs import ending_runs
from infra.settings import EmbeddedSettings
from services.contracts.case import AuthorCase
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.feedback import CheckRequest, Feedback
from services.contracts.notebook import Cell
from services.kit.errors import CaseloopError
from services.kit.http import in_process_client
from services.kit.scope import scope_keys
from services.mentoring import wiring as mentoring_wiring
from services.progress import wiring as progress_wiring
from services.progress.style.erasure import Erasure
from services.runner.errors import RunnerError
from services.runner.service import Runner
from vault.errors import VaultError
from vault.wiring import open_vault


class CheckerJudge:
    """A whole notebook, subtask by subtask, by the pipeline that learners meet."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    async def judge(self, case: AuthorCase, cells: tuple[Cell, ...]) -> dict[str, Feedback]:
        """One feedback for each subtask, by id. The subtasks are judged side by side, as many as the runner takes."""
        async with asyncio.TaskGroup() as group:
            judged = {
                subtask.view.id: group.create_task(
                    last(self._checker.check(case, CheckRequest(subtask=subtask.view.id, cells=cells)))
                )
                for subtask in case.subtasks
            }
        return {subtask: task.result() for subtask, task in judged.items()}

    async def judge_step(self, case: AuthorCase, subtask: str, cells: tuple[Cell, ...]) -> Feedback:
        """The feedback for one subtask alone."""
        return await last(self._checker.check(case, CheckRequest(subtask=subtask, cells=cells)))


@contextlib.asynccontextmanager
async def open_case_service(settings: EmbeddedSettings) -> AsyncIterator[CaseService]:
    """A case service that can try and publish."""
    settings.prepare()
    async with cases_wiring.open_backends(settings) as backends:
        cases_app = create_cases_app(cases_wiring.reading_service(backends), backends)
        async with (
            Runner(settings.runner, CasesClient(in_process_client(cases_app, "runner"))) as runner,
            ending_runs(runner) as runs,
        ):
            cases = CasesClient(in_process_client(cases_app, "feedback"))
            service = feedback_wiring.build_service(runs, cases, settings.home / "feedback")
            _, verifier = scope_keys(open_vault(settings.mode, settings.home).secrets)
            feedback = FeedbackClient(in_process_client(create_feedback_app(service, verifier), "cases"))
            shelf = cases_wiring.open_shelf(settings, settings.environments, settings.set_up_dir)
            environment = cases_wiring.learner_environment(settings)
            yield cases_wiring.publishing_service(backends, feedback, environment, shelf)


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
async def open_judge(settings: EmbeddedSettings, case: str) -> AsyncIterator[tuple[CheckerJudge, AuthorCase]]:
    """A judge for a published case (its id) or a case folder (its path). CannotGrade."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            settings.prepare()
            backends = await stack.enter_async_context(cases_wiring.open_backends(settings))
            service = cases_wiring.reading_service(backends)
            cases_app = create_cases_app(service, backends)
            runner = Runner(settings.runner, CasesClient(in_process_client(cases_app, "runner")))
            await stack.enter_async_context(runner)
            runs = await stack.enter_async_context(ending_runs(runner))
            await runner.check()
            if folder := _folder(case):
                author = await stack.enter_async_context(_draft(folder, settings, backends))
            else:
                author = await service.author((await service.current(case)).version)
        except CaseNotFound as error:
            hint = "name one of those that `caseloop case list` shows, or a case folder."
            raise CannotGrade(f"There is no folder {case!r} and no published case of that name: {hint}") from error
        except (CaseloopError, RunnerError, VaultError, LearnerEnvironmentMissing) as error:
            raise CannotGrade(str(error)) from error
        yield CheckerJudge(feedback_wiring.build_checker(runs, settings.home / "feedback")), author


@contextlib.asynccontextmanager
async def _draft(
    folder: Path, settings: EmbeddedSettings, backends: cases_wiring.Backends
) -> AsyncIterator[AuthorCase]:
    """The folder's case, stored for as long as the block runs. CannotGrade."""
    reading = read_case_folder(folder, cases_wiring.learner_environment(settings))
    if reading.draft is None:
        first = reading.errors[0]
        place = ", ".join(part for part in (first.file, first.cell) if part)
        more = f"`caseloop case check {folder}` says all that is wrong."
        raise CannotGrade(f"{folder} is no usable case: {place}: {first.message}. {more}")
    drafts = DraftStore(backends.database, backends.objects)
    claim = await drafts.keep(reading.draft)
    try:
        yield reading.draft.author
    finally:
        await drafts.discard(claim)


def _folder(case: str) -> Path | None:
    path = Path(case)
    return path if path.is_dir() else None
