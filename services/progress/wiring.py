"""Putting the package together. Adapters that the mode decides on come from the kit's wiring."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.kit import wiring
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.clock import utc_now
from services.kit.database import Database
from services.kit.migrations import migrated
from services.kit.objects import ObjectStore
from services.kit.scope import ScopeVerifier
from services.kit.settings import Settings
from services.progress.app import create_app
from services.progress.kept import KeptSubmissions
from services.progress.sessions.forgetting import Forgetting
from services.progress.sessions.models import JOBS
from services.progress.style.erasure import Erasure


def build(settings: Settings, scope_verifier: ScopeVerifier) -> FastAPI:
    """Make `progress` as the settings say. Raises DatabaseMisconfigured, ObjectStoreFailed."""
    return create_app(open_database(settings), _objects(settings), scope_verifier)


@asynccontextmanager
async def open_app(settings: Settings, scope_verifier: ScopeVerifier) -> AsyncIterator[FastAPI]:
    """The app for calls within a command's own process: its housekeeping is left to the running Caseloop.

    Raises NoAdapter, MigrationFailed, ObjectStoreFailed.
    """
    async with migrated(open_database(settings), "services.progress") as db:
        yield create_app(db, _objects(settings), scope_verifier)


def open_database(settings: Settings) -> Database:
    """The database of `progress`, to be migrated. Raises DatabaseMisconfigured."""
    return wiring.open_database(settings.mode, "progress", settings.home / "progress.sqlite")


def objects_folder(settings: Settings) -> Path:
    """Where the objects of `progress` are, or streams on their way into its bucket."""
    return settings.home / "objects" / "progress"


@asynccontextmanager
async def open_forgetting(settings: Settings) -> AsyncIterator[Forgetting]:
    """For operators, who may have what was recorded of learners forgotten.

    Raises DatabaseMisconfigured, MigrationFailed.
    """
    async with migrated(open_database(settings), "services.progress") as db:
        yield Forgetting(db, TableJobQueue(db, JOBS), utc_now)


@asynccontextmanager
async def open_erasure(settings: Settings) -> AsyncIterator[Erasure]:
    """Deletion of what is kept of a learner's style reviews; also while Caseloop is running.

    Raises DatabaseMisconfigured, MigrationFailed.
    """
    async with migrated(open_database(settings), "services.progress") as db:
        yield Erasure(db, TableJobQueue(db, JOBS), utc_now)


@asynccontextmanager
async def open_kept(settings: Settings) -> AsyncIterator[KeptSubmissions]:
    """Judged submissions, for evaluation; also while Caseloop is running.

    Raises DatabaseMisconfigured, MigrationFailed, ObjectStoreFailed.
    """
    async with migrated(open_database(settings), "services.progress") as db:
        yield KeptSubmissions(db, _objects(settings))


def _objects(settings: Settings) -> ObjectStore:
    return wiring.open_objects(settings.mode, "progress", objects_folder(settings))
