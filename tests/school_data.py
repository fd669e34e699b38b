"""A school's data as the services themselves write it, on either kind of system, and what they say of it afterwards."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from case_uploader.drafts import DraftStore
from case_uploader.format.case_folder import read_case_folder
from case_uploader.scaffold import scaffold
from case_uploader.wiring import open_backends, reading_service
from feedback import wiring as feedback_wiring
from feedback.chat.models import AuditRow
from infra.settings import EmbeddedSettings
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.escalation import Open
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell, cells_digest, notebook_digest
from services.contracts.progress import Conclude, SavedNotebook, Submit
from services.gateway.dashboard import wiring as dashboard_wiring
from services.kit.app import running
from services.kit.http import in_process_client
from services.kit.migrations import migrate
from services.kit.scope import ScopeMinter, scope_keys
from services.mentoring import wiring as mentoring_wiring
from services.progress import wiring as progress_wiring
from vault.wiring import open_vault

CASE: Final = "numbers"
VERSION: Final = "1" * 64
NOW: Final = datetime(2026, 11, 26, 3, 4, 5, tzinfo=UTC)


def notebook_of(source: str) -> SavedNotebook:
    cell = {"cell_type": "code", "id": "a", "source": source, "metadata": {}, "outputs": []}
    notebook: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    return SavedNotebook(saved=NOW, digest=notebook_digest(notebook), notebook=notebook)


@dataclass(frozen=True)
class School:
    """The services that keep things, called without sockets."""

    settings: EmbeddedSettings
    minter: ScopeMinter
    progress: ProgressClient
    hub: ProgressClient
    learners: MentoringClient
    mentors: MentoringClient

    def scope(self, user: str) -> str:
        return self.minter.mint(user=user, role=Role.LEARNER, case=CASE, case_version=VERSION)

    async def work(self, user: str, source: str) -> str:
        """A learner has a step checked; returns the submission."""
        cells = (Cell(id="answer", source=source),)
        submit = Submit(subtask="mean", digest=cells_digest("mean", cells), cells=cells)
        recorded = await self.progress.submit(submit, self.scope(user))
        feedback = Feedback(verdict=Verdict.NEEDS_WORK, headline=f"Not yet: {source}", max_points=4)
        await self.progress.conclude(Conclude(submission=recorded.submission, feedback=feedback), self.scope(user))
        return recorded.submission

    async def save(self, user: str, source: str) -> None:
        await self.hub.keep_for(user, CASE, notebook_of(source))

    async def ask(self, user: str, submission: str) -> None:
        """A learner asks, and a mentor looks, which stands in the log of deeds."""
        question = Open(
            subtask="mean",
            subtask_title="The mean",
            case_title="Numbers",
            submission=submission,
            number=1,
            cells=(Cell(id="answer", source="mean = 3"),),
            feedback=Feedback(verdict=Verdict.NEEDS_WORK, headline="Not yet."),
            signature="mean|check|check-mean|AssertionError#1f0c9e2b7a",
            reason="repeated_failure",
        )
        asked = await self.learners.open(question, self.scope(user))
        mentor = self.minter.mint(user="mia", role=Role.MENTOR, case="*", case_version="*")
        await self.mentors.full(asked.id, mentor)


@asynccontextmanager
async def open_school(settings: EmbeddedSettings) -> AsyncIterator[School]:
    """The services on what the settings name, as they start there."""
    minter, verifier = scope_keys(open_vault(settings.mode, settings.home).secrets)
    async with AsyncExitStack() as stack:
        progress = await stack.enter_async_context(running(progress_wiring.build(settings, verifier)))
        mentoring = await stack.enter_async_context(running(mentoring_wiring.build(settings, verifier)))
        clients = [
            await stack.enter_async_context(in_process_client(app, caller))
            for app, caller in (
                (progress, "gateway"),
                (progress, "hub"),
                (mentoring, "gateway"),
                (mentoring, "dashboard"),
            )
        ]
        yield School(
            settings,
            minter,
            ProgressClient(clients[0]),
            ProgressClient(clients[1]),
            MentoringClient(clients[2]),
            MentoringClient(clients[3]),
        )


async def fill(settings: EmbeddedSettings, authors: Path) -> None:
    """A small school: two learners, a question, a published case, an export of talks."""
    async with open_school(settings) as school:
        for user in ("ada", "lena"):
            for number in range(3):
                submission = await school.work(user, f"mean = {number}")
                await school.save(user, f"mean = {number}  # {user}")
        await school.ask("ada", submission)
    await publish(settings, scaffold(authors, "coffee-sales"))
    talks = feedback_wiring.open_database(settings)
    await migrate(talks, "feedback")
    async with talks.write() as session:
        session.add(AuditRow(happened=NOW, who="operator", action="export", case_id=CASE))
    await talks.close()
    desk = dashboard_wiring.open_database(settings)
    await migrate(desk, "services.gateway.dashboard")
    await desk.close()


async def publish(settings: EmbeddedSettings, folder: Path) -> None:
    draft = read_case_folder(folder).draft
    assert draft is not None
    async with open_backends(settings) as backends:
        drafts = DraftStore(backends.database, backends.objects)
        await drafts.publish(await drafts.keep(draft), "ada")


async def said_by(settings: EmbeddedSettings) -> Mapping[str, Any]:
    """What the services answer about everything that they keep."""
    found: dict[str, Any] = {}
    async with open_school(settings) as school:
        for user in ("ada", "lena"):
            scope = school.scope(user)
            history = await school.progress.history(scope)
            found[f"history of {user}"] = history
            found[f"versions of {user}"] = [await school.progress.version(one.submission, scope) for one in history]
            saved = await school.progress.saved_notebooks(scope)
            found[f"notebooks of {user}"] = [await school.progress.saved_notebook(one.digest, scope) for one in saved]
            found[f"standing of {user}"] = await school.progress.progress(scope)
            found[f"questions of {user}"] = await school.learners.mine(scope)
    async with open_backends(settings) as backends:
        cases = reading_service(backends)
        for one in await cases.published():
            author = await cases.author(one.version)
            found[f"case {one.id}"] = (one, await cases.current(one.id), author)
            for file in author.data:
                data = b"".join([part async for part in await cases.data(file.digest, drafts=False)])
                assert hashlib.sha256(data).hexdigest() == file.digest
                found[f"data {one.id} {file.path}"] = data
    return found
